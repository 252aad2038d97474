// Package engine runs targets: a plan and a target in, one solved job out.
//
// An Engine owns one connection to BuildKit and the jobs that run on it. Each
// job has a goroutine that checks, lowers and solves, and a list of events
// that anyone may watch. What the user did wrong is in the job's events as
// problems; a target with mistakes fails before any daemon is touched.
//
// Close cancels the jobs and waits until their containers, goroutines and
// watchers are gone.
//
// A job whose ops need values that only a run gives makes its plan again with
// the values read, within the one session (see engine/solve).
//
// Absent on purpose, for now: job history.
package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync"

	"github.com/docker/cli/cli/config/configfile"
	"go.uber.org/zap"

	"github.com/dagger/dagger-lsp/engine/image"
	"github.com/dagger/dagger-lsp/engine/slug"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

// Options are what an engine needs.
type Options struct {
	// Log may be nil.
	Log *zap.Logger
	// Images is the local image store; nil goes to registries for all.
	Images *image.Store
	// Connect says which BuildKit.
	Connect solve.Options
	// Docker reads the user's docker configuration, for the credentials of
	// registries that a job gives none for; nil has none.
	Docker func() (*configfile.ConfigFile, error)
}

// Engine runs jobs. It is safe for concurrent use.
type Engine struct {
	log    *zap.Logger
	images *image.Store
	conn   *solve.Conn
	docker func() (*configfile.ConfigFile, error)

	// mu guards jobs, the ones that run, and closed.
	mu     sync.Mutex
	jobs   map[*Job]struct{}
	closed bool
	wg     sync.WaitGroup
}

// ErrClosed is why a job is cancelled when its engine closes.
var ErrClosed = errors.New("the engine is shutting down")

// New returns an engine that has not connected to anything yet.
func New(o Options) *Engine {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	return &Engine{
		log: o.Log, images: o.Images, conn: solve.NewConn(o.Connect), docker: o.Docker, jobs: map[*Job]struct{}{},
	}
}

// Close cancels and waits for every job, and closes the connection.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	for j := range e.jobs {
		j.Cancel(ErrClosed)
	}
	e.mu.Unlock()
	e.wg.Wait()
	return e.conn.Close()
}

// Request says what to run.
type Request struct {
	Plan *runtime.Plan
	// Slug is run instead of a target of Plan, if there is one; Plan and Target
	// are made of it.
	Slug *slug.Slug
	// Target is a component of the plan.
	Target string
	// Workspace is the folder that the target may read from; absolute.
	Workspace string
	// NoCache runs every command again.
	NoCache bool
	// Secrets gives the secrets that the target needs; nil has none.
	Secrets Secrets
	// Streams are sockets that the target may use, by the path in the plan.
	Streams map[string]solve.Stream
	// Agent is the socket of the user's ssh agent, for git; KnownHosts are the
	// files with the ssh hosts that the user knows.
	Agent      string
	KnownHosts []string
	// Evaluate makes the plan again, of the same text, with more values given.
	// Without it the values that exports read are not unified with CUE, and a
	// job that needs one of them fails.
	Evaluate func(context.Context, []runtime.GivenValue) (*runtime.Plan, error)

	// compile keeps the last pass from running.
	compile *compiling
}

// Start starts a job and returns at once. The job ends when ctx does, as
// cancelled.
func (e *Engine) Start(ctx context.Context, req Request) *Job {
	if req.Slug != nil {
		req.Plan, req.Target = req.Slug.Plan(req.Workspace), req.Slug.Meta.Target
	}
	ctx, cancel := context.WithCancelCause(ctx)
	j := newJob(newID(), cancel)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		cancel(ErrClosed)
	}
	e.jobs[j] = struct{}{}
	e.wg.Go(func() {
		defer cancel(nil)
		e.run(ctx, j, req)
		e.mu.Lock()
		delete(e.jobs, j)
		e.mu.Unlock()
		j.watchers.Wait()
	})
	return j
}

// newID names a job: short enough to type, long enough not to meet again.
func newID() string {
	var b [6]byte
	// It never fails, by its documentation.
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
