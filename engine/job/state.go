package job

import (
	"slices"
	"time"

	"github.com/dagger/dagger-lsp/runtime"
)

// Status is where a job or an op stands.
type Status string

// The statuses. Cached and skipped are for ops only: a cached op was not run
// because its result was known, a skipped one because the job ended before or
// because nothing takes its result.
const (
	StatusPending  Status = "pending"
	StatusRunning  Status = "running"
	StatusDone     Status = "done"
	StatusCached   Status = "cached"
	StatusFailed   Status = "failed"
	StatusCanceled Status = "canceled"
	StatusSkipped  Status = "skipped"
)

// tailLines bounds OpState.LogTail: enough for the reason of a failure, little
// enough for a tooltip. The whole log is in the events.
const tailLines = 20

// Ended reports whether s does not change any more, of itself.
func (s Status) Ended() bool { return s != StatusPending && s != StatusRunning && s != "" }

// State is what the events of a job so far add up to.
type State struct {
	ID      string    `json:"id"`
	Target  string    `json:"target"`
	Status  Status    `json:"status"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// Passes is how many passes have begun.
	Passes int `json:"passes,omitempty"`
	// Ops are in dependency order.
	Ops      []OpState         `json:"ops,omitempty"`
	Problems []runtime.Problem `json:"problems,omitempty"`
	Exports  []ExportValue     `json:"exports,omitempty"`
	Error    string            `json:"error,omitempty"`
	Hint     string            `json:"hint,omitempty"`
}

// OpState is one op of a job.
type OpState struct {
	ID       runtime.OpID  `json:"id"`
	Do       string        `json:"do"`
	Summary  string        `json:"summary,omitempty"`
	Range    runtime.Range `json:"range"`
	Status   Status        `json:"status"`
	Started  time.Time     `json:"started,omitzero"`
	Ended    time.Time     `json:"ended,omitzero"`
	ExitCode *int          `json:"exitCode,omitempty"`
	// LogTail are the last lines of output.
	LogTail []string `json:"logTail,omitempty"`
	Error   string   `json:"error,omitempty"`
	Hint    string   `json:"hint,omitempty"`
}

// Op returns the state of an op.
func (s State) Op(id runtime.OpID) (OpState, bool) {
	i := slices.IndexFunc(s.Ops, func(o OpState) bool { return o.ID == id })
	if i < 0 {
		return OpState{}, false
	}
	return s.Ops[i], true
}

// Count is the number of ops in a status.
func (s State) Count(status Status) int {
	n := 0
	for _, o := range s.Ops {
		if o.Status == status {
			n++
		}
	}
	return n
}

// Apply returns the state after e. It changes nothing that s shares.
func (s State) Apply(e Event) State {
	switch e.Kind {
	case KindJobStarted:
		s.ID, s.Target, s.Status, s.Started = e.Job, e.Target, StatusRunning, e.Time
	case KindPlanLowered:
		s.Ops, s.Passes = lowered(s.Ops, e.Steps), e.Pass
	case KindProblem:
		if e.Problem != nil {
			s.Problems = append(slices.Clip(s.Problems), *e.Problem)
		}
	case KindExport:
		if e.Export != nil {
			s.Exports = append(slices.Clip(s.Exports), *e.Export)
		}
	case KindOpStarted, KindOpCached, KindOpDone, KindOpFailed, KindOpCanceled, KindOpLog:
		s.Ops = applyOps(s.Ops, e)
	case KindJobDone:
		return s.end(e, StatusDone)
	case KindJobFailed:
		return s.end(e, StatusFailed)
	case KindJobCanceled:
		return s.end(e, StatusCanceled)
	}
	return s
}

// lowered are the ops of steps: those known from an earlier pass as they stand.
func lowered(have []OpState, steps []Step) []OpState {
	known := make(map[runtime.OpID]OpState, len(have))
	for _, o := range have {
		known[o.ID] = o
	}
	ops := make([]OpState, len(steps))
	for i, st := range steps {
		ops[i] = OpState{ID: st.ID, Status: StatusPending}
		if o, ok := known[st.ID]; ok {
			ops[i] = o
		}
		ops[i].Do, ops[i].Summary, ops[i].Range = st.Do, st.Summary, st.Range
		if st.Unused && ops[i].Status == StatusPending {
			ops[i].Status = StatusSkipped
		}
	}
	return ops
}

func applyOps(ops []OpState, e Event) []OpState {
	ops = slices.Clone(ops)
	for i := range ops {
		if slices.Contains(e.Op, ops[i].ID) {
			ops[i] = ops[i].apply(e)
		}
	}
	return ops
}

func (o OpState) apply(e Event) OpState {
	switch e.Kind {
	case KindOpStarted:
		o.Status, o.Ended = StatusRunning, time.Time{}
		if o.Started.IsZero() {
			o.Started = e.Time
		}
	case KindOpLog:
		o.LogTail = tail(o.LogTail, e.Lines)
	case KindOpCached:
		o.Status, o.Ended = StatusCached, e.Time
	case KindOpDone:
		o.Status, o.Ended = StatusDone, e.Time
	case KindOpCanceled:
		o.Status, o.Ended = StatusCanceled, e.Time
	case KindOpFailed:
		o.Status, o.Ended = StatusFailed, e.Time
		o.Error, o.Hint, o.ExitCode = e.Error, e.Hint, e.ExitCode
	default:
	}
	return o
}

// tail keeps the last lines, in a slice of its own.
func tail(have, more []string) []string {
	if drop := len(have) + len(more) - tailLines; drop > 0 {
		have, more = have[min(drop, len(have)):], more[max(0, drop-len(have)):]
	}
	return append(slices.Clone(have), more...)
}

// end closes the job and whatever op is still open.
func (s State) end(e Event, status Status) State {
	s.Status, s.Ended, s.Error, s.Hint = status, e.Time, e.Error, e.Hint
	s.Ops = slices.Clone(s.Ops)
	for i, o := range s.Ops {
		switch {
		case o.Status == StatusRunning && status == StatusDone:
			s.Ops[i].Status, s.Ops[i].Ended = StatusDone, e.Time
		case o.Status == StatusRunning:
			s.Ops[i].Status, s.Ops[i].Ended = StatusCanceled, e.Time
		case o.Status == StatusPending && status == StatusDone:
			// The solve needed nothing of it: its result was known.
			s.Ops[i].Status, s.Ops[i].Ended = StatusCached, e.Time
		case o.Status == StatusPending:
			s.Ops[i].Status = StatusSkipped
		}
	}
	return s
}
