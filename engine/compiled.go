package engine

import (
	"errors"
	"fmt"

	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/engine/image"
	"github.com/dagger/dagger-lsp/engine/slug"
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// scopeLength is how much of a digest tells one user's workspaces apart.
const scopeLength = 16

// scope tells a workspace from others on the same daemon.
func scope(workspace string) string {
	return digest.FromString(workspace).Encoded()[:scopeLength]
}

// slugJob is the request's slug, bound to the workspace and this run.
func (r *running) slugJob() (*runtime.Job, error) {
	j, err := r.req.Slug.Job(r.req.Workspace, scope(r.req.Workspace), r.job.id)
	if err != nil {
		return nil, fmt.Errorf("bind the slug: %w", err)
	}
	r.lowered(j)
	return j, nil
}

// slugNeeds is what a slug asks of the outside, as Plan.Needs is for a target.
func (r *running) slugNeeds() (runtime.Needs, []runtime.Problem) {
	s := r.req.Slug
	in := s.Inputs()
	needs := runtime.Needs{
		Images: map[string]runtime.OpID{}, Locals: map[string]runtime.Local{},
		Secrets: map[string]runtime.Given{}, Streams: map[string]runtime.Given{},
	}
	var problems []runtime.Problem
	for _, i := range in.Images {
		if p := r.missingImage(i); p != nil {
			problems = append(problems, *p)
		}
	}
	for _, l := range in.Locals {
		if p := r.missingFolder(l); p != nil {
			problems = append(problems, *p)
		}
	}
	for _, h := range in.Secrets {
		needs.Secrets[h.Name] = r.slugHandle(h)
	}
	for _, h := range in.Streams {
		if h.ID == ops.AgentStream {
			needs.Agent = s.HandleUser(h).ID()
			continue
		}
		needs.Streams[h.Name] = r.slugHandle(h)
	}
	return needs, problems
}

func (r *running) slugHandle(h slug.Handle) runtime.Given {
	user := r.req.Slug.HandleUser(h)
	return runtime.Given{
		Handle: runtime.Handle{Path: h.Name, Range: user.RangeIn(r.req.Workspace)}, Op: user.ID(),
	}
}

func (r *running) slugProblem(user slug.Step, code runtime.Code, message, hint string) *runtime.Problem {
	return &runtime.Problem{
		Code: code, Severity: runtime.SeverityError, Component: user.Component,
		Range: user.RangeIn(r.req.Workspace), Message: message, Hint: hint,
	}
}

// missingImage says that the local store lacks an image that the slug takes from
// there: its definition names the store, so that no registry is asked.
func (r *running) missingImage(i slug.Image) *runtime.Problem {
	if i.Store == "" {
		return nil
	}
	const hint = "put it into the local store with: dagger-lsp image import; or build the slug anew"
	user := r.req.Slug.ImageUser(i)
	if i.Store == image.StoreID && r.engine.images != nil {
		if r.engine.images.Has(i.Digest) {
			return nil
		}
	}
	return r.slugProblem(user, runtime.CodeImageNotFound,
		fmt.Sprintf("the local image store has no %s@%s, from which the slug was built", i.Ref, i.Digest), hint)
}

func (r *running) missingFolder(l slug.Local) *runtime.Problem {
	_, err := slug.Dir(r.req.Workspace, l.Name)
	if err == nil {
		return nil
	}
	user := r.req.Slug.LocalUser(l)
	if errors.Is(err, slug.ErrOutside) {
		return r.slugProblem(user, runtime.CodePathEscapes, err.Error(), "a slug reads nothing outside the workspace that it runs in")
	}
	return r.slugProblem(user, runtime.CodeBadValue,
		fmt.Sprintf("the workspace has no directory %s, which the slug reads", l.Name), "run it in the workspace that it was built for: -C says which")
}
