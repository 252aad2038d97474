package lsp

import (
	"context"
	"fmt"
	"sync"

	"go.lsp.dev/protocol"

	"github.com/dagger/dagger-lsp/engine/job"
)

// reporter tells the editor how a job is going: as $/progress, and as
// cuellb/jobState to editors that asked for it. It has a goroutine of its own,
// because an editor may take its time to accept a progress token, and sends the
// latest state only: an editor that reads slowly misses the ones in between.
type reporter struct {
	session *session
	client  *client
	active  *activeJob
	// token is what progress is reported under; nil for none.
	token protocol.ProgressToken
	// silent is set where the editor takes no progress; run's own.
	silent bool

	mu     sync.Mutex
	latest *job.State
	closed bool
	wake   chan struct{}
}

// newReporter begins to report. The token is the editor's, or nil: then one is
// made if the editor knows progress at all.
func (o *owner) newReporter(a *activeJob, token protocol.ProgressToken) *reporter {
	r := &reporter{session: o.session, client: o.client, active: a, token: token, wake: make(chan struct{}, 1)}
	create := token == nil && o.client.progress()
	if create {
		r.token = protocol.String("cuellb/" + a.job.ID())
	}
	o.background(func(ctx context.Context) { r.run(ctx, create) })
	return r
}

func (r *reporter) update(s job.State) {
	r.mu.Lock()
	r.latest = &s
	r.mu.Unlock()
	r.poke()
}

func (r *reporter) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.poke()
}

func (r *reporter) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *reporter) take() (state *job.State, closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	state, r.latest = r.latest, nil
	return state, r.closed
}

func (r *reporter) run(ctx context.Context, create bool) {
	r.silent = r.token == nil || create && !r.create(ctx)
	r.begin(ctx)
	last := "ended"
	for {
		state, closed := r.take()
		if state != nil {
			r.progress(ctx, *state)
			r.jobState(ctx, *state)
			if state.Status.Ended() {
				_, last = outcomeMessage(*state)
			}
		}
		if closed {
			r.send(ctx, protocol.WorkDoneProgressEnd{Kind: "end", Message: &last})
			return
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			return
		}
	}
}

// create asks the editor for leave to report under our token.
func (r *reporter) create(ctx context.Context) bool {
	params := &protocol.WorkDoneProgressCreateParams{Token: r.token}
	_, err := r.session.conn.Call(ctx, protocol.MethodWindowWorkDoneProgressCreate, params, nil)
	return err == nil
}

func (r *reporter) begin(ctx context.Context) {
	yes, zero := true, uint32(0)
	r.send(ctx, protocol.WorkDoneProgressBegin{
		Kind: "begin", Title: "Run " + r.active.target, Cancellable: &yes, Percentage: &zero,
	})
}

func (r *reporter) progress(ctx context.Context, s job.State) {
	over, now := 0, ""
	for _, op := range s.Ops {
		switch {
		case op.Status.Ended():
			over++
		case op.Status == job.StatusRunning:
			now = op.Summary
		}
	}
	msg := fmt.Sprintf("%d/%d %s", over, len(s.Ops), now)
	report := protocol.WorkDoneProgressReport{Kind: "report", Message: &msg}
	if len(s.Ops) > 0 {
		percent := uint32(100 * over / len(s.Ops))
		report.Percentage = &percent
	}
	r.send(ctx, report)
}

func (r *reporter) send(ctx context.Context, value any) {
	if r.silent {
		return
	}
	raw, err := protocol.Marshal(value)
	if err != nil {
		return
	}
	// An editor that is gone shows elsewhere.
	_ = r.session.conn.Notify(ctx, protocol.MethodProgress, &protocol.ProgressParams{Token: r.token, Value: raw})
}
