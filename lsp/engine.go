package lsp

import (
	"context"

	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/runtime"
)

// Engine runs jobs.
type Engine interface {
	// Start returns at once. What goes wrong later is in the job's state.
	Start(ctx context.Context, req Request) Job
}

// Request names what to run: a target of an evaluated plan.
type Request struct {
	Plan      *runtime.Plan
	Target    string
	Workspace string
	NoCache   bool
	// Secrets and Streams say where they are, as the settings do. The server
	// itself never reads a secret.
	Secrets, Streams []string
	// Evaluate makes the plan again, of the same text, with values that the
	// job has read.
	Evaluate func(context.Context, []runtime.GivenValue) (*runtime.Plan, error)
}

// Job is one run.
type Job interface {
	ID() string
	// Cancel returns at once; Done is closed when the containers are gone.
	Cancel(cause error)
	Done() <-chan struct{}
	// Subscribe calls f for every event so far and to come, in order, from
	// one goroutine.
	Subscribe(f func(job.State, job.Event))
}
