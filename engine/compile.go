package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/containerd/containerd/v2/core/content"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dagger/dagger-lsp/engine/image"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

// CompileRequest says what to compile without running it.
type CompileRequest struct {
	Request
	// Scope begins the ids of the project's cache mounts.
	Scope string
	// Platform is what the job is for; the zero value takes the machine's.
	Platform ocispecs.Platform
}

// Compile lowers a target and runs nothing but what a Dockerfile must be read
// from. A daemon is asked only for that, and for what the local image store does
// not have.
func (e *Engine) Compile(ctx context.Context, req CompileRequest) (*runtime.Job, []runtime.Problem, error) {
	r := &running{engine: e, job: newJob(newID(), func(error) {}), req: req.Request, plan: req.Plan}
	if err := r.check(); errors.Is(err, errProblems) {
		return nil, r.job.State().Problems, nil
	} else if err != nil {
		return nil, nil, err
	}
	job, problems, err := e.lowerFor(ctx, req, e.localImages(), nil)
	if err != nil || !slices.ContainsFunc(problems, needsDaemon) {
		return job, problems, err
	}
	_, err = e.conn.Run(ctx, solve.Request{
		Workspace: req.Workspace, Images: e.localImages(), Stores: e.stores(),
		Lower: func(ctx context.Context, images runtime.Resolver, files runtime.Files) (_ *runtime.Job, err error) {
			defer r.recovered(&err)
			job, problems, err = e.lowerFor(ctx, req, images, files)
			return nil, err
		},
	})
	return job, problems, err
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
