package solve

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	bksession "github.com/moby/buildkit/session"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// product is how we name ourselves to BuildKit.
const product = "dagger-lsp"

// closeTimeout bounds the end of a cancelled session: the wait for containers,
// and some.
const closeTimeout = drainTimeout + 4*time.Second

// Request is one job to solve.
type Request struct {
	// Workspace tells workspaces apart in BuildKit's cache of local files.
	Workspace string
	// Images is asked before any registry.
	Images runtime.Resolver
	// Stores are the image layouts that the job may name.
	Stores map[string]content.Store
	// Lower compiles the job, in the session: once, and again after each pass
	// that was partial. It may return no job: then nothing is solved.
	Lower func(context.Context, runtime.Resolver, runtime.Files) (*runtime.Job, error)
	// Partial is told of a job that is not lowered to its end yet, when a
	// part of it is solved to read files.
	Partial func(*runtime.Job)
	// Handles gives what the compiled job may ask for.
	Handles func(*runtime.Job) Handles
	// Exported takes what an early export has read, before the next Lower.
	// Its error ends the job. Only jobs that can be partial need it.
	Exported func(Export) error
	// Acted takes what an action has given, likewise.
	Acted func(runtime.OpID, ops.ActionResult) error
	// Login gives the credentials of a registry's host that the job has; nil
	// has none. Docker is the user's docker configuration, for the others.
	Login  func(host string) (Login, bool)
	Docker *configfile.ConfigFile
	// Status is told what BuildKit reports, in order, from one goroutine.
	Status func(Status)
	// NoCache runs every command and file operation again.
	NoCache bool
}

// Status is one report of a running job.
type Status struct {
	Vertices []job.Vertex
	Logs     []Log
}

// Log is a piece of a vertex's output.
type Log struct {
	Digest digest.Digest
	Stream int
	Data   []byte
}

// Result is what a solved job gives.
type Result struct {
	Exports []Export
}

// session is one Run on one client.
type session struct {
	req  Request
	dirs directories
	// handles are the secrets and streams that it serves.
	handles handles
	logins  *logins
	// archives are of images that the job saves.
	archives archives
	// live and shared are the client, and the session of all the job's
	// solves; they are there while build runs.
	live   *live
	shared *bksession.Session
	// vertices are those that run.
	vertices *vertices
	began    atomic.Bool
	result   Result
}

// inSessionError marks an error of our own inside the session, to find it
// again in what the client makes of it.
type inSessionError struct{ error }

func (e *inSessionError) Unwrap() error { return e.error }

// build opens the session and waits until it is closed. Cancelling ctx cancels
// the solve, not the session, so that the daemon can still say when the
// containers are gone.
func (s *session) build(ctx context.Context, l *live) (err error) {
	ch := make(chan *client.SolveStatus)
	var wg sync.WaitGroup
	wg.Go(func() { s.report(ch) })
	outer, release := s.outlive(ctx)
	defer release()
	outer, broken := context.WithCancelCause(outer)
	defer broken(nil)
	shared, end, err := s.open(outer, l, broken)
	if err != nil {
		close(ch)
		wg.Wait()
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	s.live, s.shared = l, shared
	opt := client.SolveOpt{
		SharedSession: shared, SessionPreInitialized: true,
		// The daemon keeps no record of the job: its log is what the commands
		// said, before secrets are masked.
		Internal: true,
	}
	var inside error
	_, err = l.Build(outer, opt, product, func(outer context.Context, gw gateway.Client) (*gateway.Result, error) {
		s.began.Store(true)
		inner, cancel := context.WithCancelCause(outer)
		defer cancel(nil)
		stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
		defer stop()
		inside = s.solve(inner, gw)
		return gateway.NewResult(), inside
	}, ch)
	wg.Wait()
	if err != nil && inside != nil {
		// Typed where it happened, flattened on its way through the daemon.
		return errors.Join(inside, err)
	}
	return err
}

// outlive gives the session's context: it ends with ctx as long as the session
// has not begun, and some time after it later.
func (s *session) outlive(ctx context.Context) (context.Context, func()) {
	outer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	late := time.AfterFunc(closeTimeout, func() { cancel(context.Cause(ctx)) })
	late.Stop()
	stop := context.AfterFunc(ctx, func() {
		if !s.began.Load() {
			cancel(context.Cause(ctx))
		}
		late.Reset(closeTimeout)
	})
	return outer, func() {
		stop()
		late.Stop()
		cancel(nil)
	}
}

// serve offers the daemon what the job may ask for.
func (s *session) serve(j *runtime.Job) error {
	if err := s.dirs.add(j.Locals); err != nil {
		return err
	}
	if s.req.Handles == nil {
		return nil
	}
	return s.handles.add(s.req.Handles(j))
}

// evaluate solves a definition, and waits for its containers if that fails.
func (s *session) evaluate(ctx context.Context, gw gateway.Client, d *llb.Definition) (gateway.Reference, error) {
	def, err := s.prepare(d)
	if err != nil {
		return nil, err
	}
	ref, err := solveRef(ctx, gw, def)
	if err != nil {
		s.vertices.drain(ctx, gw, def)
	}
	return ref, err
}

// prepare makes a definition ready to be solved.
func (s *session) prepare(d *llb.Definition) (*pb.Definition, error) {
	def := d.ToPB()
	err := checkEntitlements(def)
	if err == nil && s.req.NoCache {
		def, err = withoutCache(def)
	}
	if err != nil {
		return nil, &inSessionError{err}
	}
	return def, nil
}

func solveRef(ctx context.Context, gw gateway.Client, def *pb.Definition) (gateway.Reference, error) {
	res, err := gw.Solve(ctx, gateway.SolveRequest{Definition: def, Evaluate: true})
	if err != nil {
		return nil, err
	}
	return res.SingleRef()
}

// report hands statuses on until the client closes the channel.
func (s *session) report(ch <-chan *client.SolveStatus) {
	defer s.vertices.end()
	for st := range ch {
		s.vertices.apply(st)
		if s.req.Status != nil {
			s.req.Status(translate(st))
		}
	}
}

func translate(st *client.SolveStatus) Status {
	var out Status
	for _, v := range st.Vertexes {
		out.Vertices = append(out.Vertices, job.Vertex{
			Digest: v.Digest, Inputs: v.Inputs, Started: v.Started, Completed: v.Completed, Cached: v.Cached, Error: v.Error,
		})
	}
	for _, l := range st.Logs {
		out.Logs = append(out.Logs, Log{Digest: l.Vertex, Stream: l.Stream, Data: l.Data})
	}
	return out
}
