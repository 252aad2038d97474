package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

// verdict is the last event of a job that ended with err.
func (r *running) verdict(ctx context.Context, err error) job.Event {
	e := job.Event{Time: time.Now(), Kind: job.KindJobFailed}
	var (
		failed      *solve.Failure
		unreachable *solve.UnreachableError
		lost        *solve.LostError
		entitlement *solve.EntitlementError
		action      *solve.ActionError
	)
	switch {
	case err == nil:
		e.Kind = job.KindJobDone
	case ctx.Err() != nil:
		e.Kind, e.Error = job.KindJobCanceled, cause(ctx)
	case errors.Is(err, errProblems):
		e.Error = r.firstProblem()
	case errors.As(err, &failed):
		r.settle(failed)
		e.Error, e.ExitCode = r.describe(failed), failed.ExitCode
	case errors.As(err, &unreachable):
		e.Error, e.Hint = unreachable.Error(), unreachable.Hint
	case errors.As(err, &lost):
		e.Error, e.Hint = lost.Error(), "run it again: what was done is kept"
	case errors.As(err, &action):
		r.actionFailed(action)
		e.Error, e.Hint = action.Op.String()+" failed: "+action.Error(), action.Hint
	case errors.As(err, &entitlement):
		e.Error = r.names(entitlement.Digest) + ": " + entitlement.Error()
	default:
		e.Error = err.Error()
	}
	return e
}

// actionFailed says of an op that its action has failed, and why.
func (r *running) actionFailed(f *solve.ActionError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tracker == nil {
		return
	}
	for _, e := range r.tracker.Act(f.Op, job.StatusFailed, time.Now()) {
		if e.Kind == job.KindOpFailed {
			e.Error, e.Hint = f.Error(), f.Hint
		}
		r.job.emit(e)
	}
}

// cause says why a job was cancelled, if somebody said so.
func cause(ctx context.Context) string {
	c := context.Cause(ctx)
	if c == nil || errors.Is(c, context.Canceled) {
		return "canceled"
	}
	return "canceled: " + c.Error()
}

// firstProblem stands for all: the others are events of their own.
func (r *running) firstProblem() string {
	for _, p := range r.job.State().Problems {
		if p.Severity == runtime.SeverityError {
			return p.Message
		}
	}
	return errProblems.Error()
}

// settle makes sure that a failed op is said to have failed: the status stream
// may have broken off before it came to that.
func (r *running) settle(f *solve.Failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tracker == nil {
		return
	}
	now := time.Now()
	r.job.emit(r.tracker.Vertex(job.Vertex{Digest: f.Digest, Completed: &now, Error: f.Error()}, now)...)
}

func (r *running) describe(f *solve.Failure) string {
	if f.ExitCode == nil {
		return fmt.Sprintf("%s failed: %v", r.names(f.Digest), f.Cause)
	}
	return fmt.Sprintf("%s failed with exit code %d", r.names(f.Digest), *f.ExitCode)
}

// names gives the ops that a vertex belongs to.
func (r *running) names(d digest.Digest) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tracker == nil {
		return "the job"
	}
	var names []string
	for _, s := range r.tracker.Steps() {
		if slices.Contains(s.Digests, d) {
			names = append(names, s.ID.String())
		}
	}
	if len(names) == 0 {
		return "the job"
	}
	return strings.Join(names, ", ")
}
