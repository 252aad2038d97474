package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.lsp.dev/protocol"

	"github.com/dagger/dagger-lsp/engine/job"
)

// methodJobState tells editors that asked for it the whole state of a job. See
// docs/lsp-extensions.md.
const methodJobState = "cuellb/jobState"

type jobStateParams struct {
	Job       string       `json:"job"`
	URI       string       `json:"uri"`
	Component string       `json:"component"`
	Status    job.Status   `json:"status"`
	Started   time.Time    `json:"started,omitzero"`
	Ended     time.Time    `json:"ended,omitzero"`
	Ops       []opState    `json:"ops"`
	Exports   []exportedAs `json:"exports,omitempty"`
	Error     string       `json:"error,omitempty"`
}

type opState struct {
	Component string         `json:"component"`
	Index     int            `json:"index"`
	Do        string         `json:"do"`
	Summary   string         `json:"summary"`
	URI       string         `json:"uri,omitempty"`
	Range     protocol.Range `json:"range"`
	Status    job.Status     `json:"status"`
	Started   time.Time      `json:"started,omitzero"`
	Ended     time.Time      `json:"ended,omitzero"`
	ExitCode  *int           `json:"exitCode,omitempty"`
	Log       []string       `json:"log,omitempty"`
	Error     string         `json:"error,omitempty"`
}

type exportedAs struct {
	Component string `json:"component"`
	Format    string `json:"format"`
	// Value is JSON.
	Value json.RawMessage `json:"value"`
}

// jobState sends s. Ranges are in the text that runs, not in what the editor
// may have made of it since.
func (r *reporter) jobState(ctx context.Context, s job.State) {
	if !r.client.jobState {
		return
	}
	_ = r.session.conn.Notify(ctx, methodJobState, r.active.wireState(s)) // an editor that is gone shows elsewhere
}

func (a *activeJob) wireState(s job.State) *jobStateParams {
	out := &jobStateParams{
		Job: s.ID, Component: a.target, Status: s.Status, Started: s.Started, Ended: s.Ended,
		Ops: make([]opState, 0, len(s.Ops)), Error: s.Error,
	}
	if c := a.snap.plan.Component(a.target); c != nil {
		out.URI = string(a.snap.uri(c.Name.File))
	}
	for _, op := range s.Ops {
		w := opState{
			Component: op.ID.Component, Index: op.ID.Index, Do: op.Do, Summary: op.Summary, Status: op.Status,
			Started: op.Started, Ended: op.Ended, ExitCode: op.ExitCode, Log: op.LogTail, Error: op.Error,
		}
		if !op.Range.IsZero() {
			w.URI, w.Range = string(a.snap.uri(op.Range.File)), a.snap.lsp(op.Range)
		}
		out.Ops = append(out.Ops, w)
	}
	for _, e := range s.Exports {
		value, err := json.Marshal(e.Value)
		if err != nil { // YAML with keys that JSON has not
			value, _ = json.Marshal(fmt.Sprint(e.Value))
		}
		out.Exports = append(out.Exports, exportedAs{e.Op.Component, e.Format, value})
	}
	return out
}
