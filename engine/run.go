package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"go.uber.org/zap"

	"github.com/dagger/dagger-lsp/engine/image"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/mask"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

// errProblems ends a job whose problems have been said.
var errProblems = errors.New("the target has problems")

// run is a job's whole life.
func (e *Engine) run(ctx context.Context, j *Job, req Request) {
	defer close(j.done)
	j.emit(job.Event{Time: time.Now(), Kind: job.KindJobStarted, Job: j.id, Target: req.Target})
	r := &running{engine: e, job: j, req: req, plan: req.Plan}
	err := r.guarded(ctx)
	j.emit(r.verdict(ctx, err))
	e.log.Debug("job ended", zap.String("job", j.id), zap.String("target", req.Target), zap.String("error", j.text(fmt.Sprint(err))))
}

// running is what one job knows while it runs.
type running struct {
	engine *Engine
	job    *Job
	req    Request

	// mu guards what the session's goroutine sets and the status goroutine
	// reads.
	mu      sync.Mutex
	tracker *job.Tracker

	// given is set before the session begins; output is the status goroutine's
	// from then on.
	given  given
	output output
	logins logins

	// What follows belongs to the session's goroutine, and to the job's when
	// the session is over. plan is the request's, made again with each value
	// read.
	plan   *runtime.Plan
	passes int
	values values
}

// guarded is solve with its panics as errors.
func (r *running) guarded(ctx context.Context) (err error) {
	defer r.recovered(&err)
	return r.solve(ctx)
}

// recovered turns a panic into an error: a bug in one job must not take the
// editor's server along.
func (r *running) recovered(err *error) {
	if p := recover(); p != nil {
		r.engine.log.Error("panic in a job", zap.String("panic", mask.Panic(p)), zap.ByteString("stack", debug.Stack()))
		*err = fmt.Errorf("internal error: %s", mask.Panic(p))
	}
}

func (r *running) solve(ctx context.Context) error {
	if err := r.prepare(ctx); err != nil {
		return err
	}
	sreq := solve.Request{
		Workspace: r.req.Workspace, Lower: r.lower, Partial: r.lowered, Exported: r.exported, Acted: r.acted,
		Handles: r.handles, Login: r.logins.find, Docker: r.engine.dockerConfig(),
		Status: r.status, NoCache: r.req.NoCache,
	}
	if s := r.engine.images; s != nil {
		sreq.Images, sreq.Stores = s, map[string]content.Store{image.StoreID: s.Content()}
	}
	res, err := r.engine.conn.Run(ctx, sreq)
	if err != nil {
		return err
	}
	if r.req.compile == nil {
		r.finish()
	}
	return r.exports(ctx, res.Exports)
}

// finish says of each op how it ended, once the solve went well.
func (r *running) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tracker != nil {
		r.job.emit(r.tracker.Finish(time.Now())...)
	}
}

// check finds what is wrong before any daemon is touched.
func (r *running) check() error {
	_, problems := r.needs()
	return r.problems(problems)
}

// prepare is check, for a job that will run: it must be given what it needs.
func (r *running) prepare(ctx context.Context) error {
	needs, problems := r.needs()
	ungiven, err := r.give(ctx, needs)
	if err != nil {
		return err
	}
	problems = append(problems, r.knowSecrets()...)
	return r.problems(append(problems, ungiven...))
}

func (r *running) needs() (runtime.Needs, []runtime.Problem) {
	if r.req.Slug != nil {
		return r.slugNeeds()
	}
	needs, problems := r.plan.Needs(r.req.Target, r.req.Workspace)
	for _, l := range needs.Locals {
		if st, err := os.Stat(l.Dir); err != nil || !st.IsDir() {
			problems = append(problems, r.missingDir(l))
		}
	}
	return needs, problems
}

func (r *running) missingDir(l runtime.Local) runtime.Problem {
	p := runtime.Problem{
		Code: runtime.CodeBadValue, Severity: runtime.SeverityError, Component: l.Op.Component,
		Message: fmt.Sprintf("there is no directory %s", l.Dir),
		Hint:    "create it, or mend dir",
	}
	if op := r.plan.Op(l.Op); op != nil {
		p.Range = op.FieldRange("dir")
	}
	return p
}

// problems says ps, and ends the job if any of them is an error.
func (r *running) problems(ps []runtime.Problem) error {
	now := time.Now()
	for i := range ps {
		r.job.emit(job.Event{Time: now, Kind: job.KindProblem, Problem: &ps[i]})
	}
	if runtime.HasErrors(ps) {
		return errProblems
	}
	return nil
}

// lower compiles a pass, inside the session.
func (r *running) lower(ctx context.Context, images runtime.Resolver, files runtime.Files) (_ *runtime.Job, err error) {
	// The session calls this from a goroutine of its own.
	defer r.recovered(&err)
	if r.req.Slug != nil {
		return r.slugJob()
	}
	if r.values.fresh {
		if err := r.nextPlan(ctx); err != nil {
			return nil, err
		}
	}
	r.logins.set(r.loginsOf(r.plan))
	known, err := hostKeys(r.req.KnownHosts)
	if err != nil {
		return nil, err
	}
	compiled, problems, err := r.plan.Lower(ctx, r.req.Target, runtime.LowerOptions{
		Workspace: r.req.Workspace, Images: images, Files: files,
		// One daemon serves all of a user's workspaces, and their packages
		// and components may have the same names.
		CacheScope: scope(r.req.Workspace),
		LocalID:    r.job.id, NoCache: r.req.NoCache,
		HostKeys: known,
		Read:     r.values.read, Done: r.values.done,
	})
	if err != nil {
		return nil, err
	}
	if err := r.problems(problems); err != nil || compiled == nil {
		return nil, err
	}
	if len(compiled.Early) > 0 && r.req.Evaluate == nil {
		return nil, r.problems(r.cannotWait())
	}
	if r.req.compile != nil {
		if last, err := r.last(ctx, compiled, images, files); last || err != nil {
			return nil, err
		}
	}
	r.passes++
	r.lowered(compiled)
	return compiled, nil
}

// lowered says what a pass consists of, as far as that is known.
func (r *running) lowered(j *runtime.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tracker == nil {
		r.tracker = job.NewTracker(j.Steps)
	} else {
		r.tracker.Lowered(j.Steps)
	}
	r.job.emit(job.Event{
		Time: time.Now(), Kind: job.KindPlanLowered, Steps: job.Steps(r.tracker.Steps()), Pass: max(r.passes, 1),
	})
	for _, a := range j.Actions {
		r.job.emit(r.tracker.Act(a.Op, job.StatusRunning, time.Now())...)
	}
}

// status folds one report of BuildKit into events.
func (r *running) status(st solve.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tracker == nil {
		return
	}
	now := time.Now()
	// Output first: a vertex may write and end in one report.
	for _, l := range st.Logs {
		r.log(l, now)
	}
	for _, v := range st.Vertices {
		r.endLog(v, now)
		r.job.emit(r.tracker.Vertex(v, now)...)
	}
}
