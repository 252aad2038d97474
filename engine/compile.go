package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/containerd/containerd/v2/core/content"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dagger/dagger-lsp/engine/image"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// CompileRequest says what to compile without running it.
type CompileRequest struct {
	Request
	// Scope begins the ids of the project's cache mounts.
	Scope string
	// Platform is what the job is for; the zero value takes the machine's.
	Platform ocispecs.Platform
	// Solve runs the passes before the last, for the values that the last is
	// compiled with. Watch is told what happens then.
	Solve bool
	Watch func(job.State, job.Event)
}

// Compiled is a job that has not run.
type Compiled struct {
	Job *runtime.Job
	// Plan is what it was compiled from, with Values, which exports have read.
	Plan   *runtime.Plan
	Values []runtime.GivenValue
}

// Compile lowers a target and runs nothing but what a Dockerfile must be read
// from, and with Solve what values must be read from. A daemon is asked only for
// that, and for what the local image store does not have.
func (e *Engine) Compile(ctx context.Context, req CompileRequest) (*Compiled, []runtime.Problem, error) {
	r := &running{engine: e, job: newJob(newID(), func(error) {}), req: req.Request, plan: req.Plan}
	if err := r.check(); errors.Is(err, errProblems) {
		return nil, r.job.State().Problems, nil
	} else if err != nil {
		return nil, nil, err
	}
	compiled, problems, err := e.compileOnce(ctx, r, req)
	if err != nil || compiled == nil {
		return nil, problems, err
	}
	if outside := r.outside(compiled); len(outside) > 0 {
		return nil, outside, nil
	}
	switch {
	case !compiled.Partial:
		return &Compiled{Job: compiled, Plan: req.Plan}, append(problems, r.lostLogins(compiled)...), nil
	case req.Solve:
		return e.compilePasses(ctx, req)
	}
	return nil, r.cannotWait(), nil
}

// compileOnce lowers the first pass: in a session where that needs one.
func (e *Engine) compileOnce(ctx context.Context, r *running, req CompileRequest) (*runtime.Job, []runtime.Problem, error) {
	compiled, problems, err := e.lowerFor(ctx, req, e.localImages(), nil)
	if err != nil || !slices.ContainsFunc(problems, needsDaemon) {
		return compiled, problems, err
	}
	_, err = e.conn.Run(ctx, solve.Request{
		Workspace: req.Workspace, Images: e.localImages(), Stores: e.stores(), Docker: e.dockerConfig(),
		Lower: func(ctx context.Context, images runtime.Resolver, files runtime.Files) (_ *runtime.Job, err error) {
			defer r.recovered(&err)
			compiled, problems, err = e.lowerFor(ctx, req, images, files)
			return nil, err
		},
	})
	return compiled, problems, err
}

// compilePasses runs a job but for its last pass, which it compiles.
func (e *Engine) compilePasses(ctx context.Context, req CompileRequest) (*Compiled, []runtime.Problem, error) {
	inner := req.Request
	inner.compile = &compiling{req: req}
	j := e.Start(ctx, inner)
	if req.Watch != nil {
		j.Subscribe(req.Watch)
	}
	state, err := j.Wait(context.WithoutCancel(ctx))
	switch {
	case err != nil:
		return nil, nil, err
	case ctx.Err() != nil:
		return nil, nil, context.Cause(ctx)
	case inner.compile.out != nil:
		return inner.compile.out, state.Problems, nil
	case runtime.HasErrors(state.Problems):
		return nil, state.Problems, nil
	}
	return nil, nil, errors.New(state.Error)
}

// compiling is a job whose last pass is compiled and not run. It belongs to the
// session's goroutine until the job has ended.
type compiling struct {
	req CompileRequest
	out *Compiled
}

// last reports that a pass is not to be run: because it is the last one, or
// because it does what cannot be undone.
func (r *running) last(ctx context.Context, pass *runtime.Job, images runtime.Resolver, files runtime.Files) (bool, error) {
	if outside := r.outside(pass); len(outside) > 0 {
		return true, r.problems(outside)
	}
	if pass.Partial {
		return false, nil
	}
	req := r.req.compile.req
	req.Plan = r.plan
	compiled, problems, err := r.engine.lowerFor(ctx, req, images, files)
	if err == nil && compiled != nil {
		r.req.compile.out = &Compiled{Job: compiled, Plan: r.plan, Values: r.values.given}
		problems = append(problems, r.lostLogins(compiled)...)
	}
	return true, errors.Join(err, r.problems(problems))
}

// outside are the ops that do something outside of LLB: nothing a slug can hold.
func (r *running) outside(j *runtime.Job) []runtime.Problem {
	var out []runtime.Problem
	for _, a := range j.Actions {
		p := runtime.Problem{
			Code: runtime.CodeBadValue, Severity: runtime.SeverityError, Component: a.Op.Component,
			Message: fmt.Sprintf("%s works outside of LLB, and a slug holds nothing else", a.Op),
			Hint:    "build the slug of what it takes, and use `dagger-lsp run` for the rest",
		}
		if op := r.plan.Op(a.Op); op != nil {
			p.Range = op.Range
		}
		out = append(out, p)
	}
	return out
}

// lostLogins warns of logins: they are the session's, and no part of a definition.
func (r *running) lostLogins(j *runtime.Job) []runtime.Problem {
	var out []runtime.Problem
	for _, s := range j.Steps {
		op := r.plan.Op(s.ID)
		if op == nil {
			continue
		}
		if login, ok := op.Spec.(*ops.DockerLogin); ok {
			out = append(out, runtime.Problem{
				Code: runtime.CodeBadValue, Severity: runtime.SeverityWarning, Component: s.ID.Component, Range: op.Range,
				Message: "the login is not part of the slug: whoever runs it has to be logged in at " + login.Registry(),
				Hint:    "docker login " + login.Registry(),
			})
		}
	}
	return out
}

// needsDaemon reports a problem that a session may solve: an image that a
// registry may have, a Dockerfile that is in a component's result.
func needsDaemon(p runtime.Problem) bool {
	return p.Code == runtime.CodeImageNotFound || p.Code == runtime.CodeNeedsSession
}

func (e *Engine) lowerFor(ctx context.Context, req CompileRequest, images runtime.Resolver, files runtime.Files) (*runtime.Job, []runtime.Problem, error) {
	known, err := hostKeys(req.KnownHosts)
	if err != nil {
		return nil, nil, err
	}
	return req.Plan.Lower(ctx, req.Target, runtime.LowerOptions{
		Workspace: req.Workspace, Images: images, CacheScope: req.Scope, LocalID: req.Scope, Platform: req.Platform,
		HostKeys: known, Files: files,
	})
}

// localImages finds images without any daemon.
func (e *Engine) localImages() runtime.Resolver {
	if e.images == nil {
		return noImages{}
	}
	return e.images
}

// noImages is a store without images.
type noImages struct{}

// ResolveImage implements runtime.Resolver.
func (noImages) ResolveImage(_ context.Context, ref string, _ ocispecs.Platform) (runtime.Image, error) {
	return runtime.Image{}, &runtime.NotFoundError{Ref: ref}
}

// stores are the image layouts that jobs may name.
func (e *Engine) stores() map[string]content.Store {
	if e.images == nil {
		return nil
	}
	return map[string]content.Store{image.StoreID: e.images.Content()}
}
