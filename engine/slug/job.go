package slug

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/runtime"
)

// ErrOutside says that a folder of the slug leads out of the workspace by a
// symbolic link.
var ErrOutside = errors.New("it leads out of the workspace")

// Dir is where a folder of the slug lies in a workspace, links followed.
func Dir(workspace, name string) (string, error) {
	root, err := filepath.EvalSymlinks(workspace)
	if err != nil {
		return "", fmt.Errorf("find the workspace: %w", err)
	}
	dir, err := filepath.EvalSymlinks(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return "", fmt.Errorf("find the folder %s: %w", name, err)
	}
	if rel, err := filepath.Rel(root, dir); err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("the folder %s: %w", name, ErrOutside)
	}
	return dir, nil
}

// Job is the slug as a compiled job of a workspace. Folders that cannot be found
// there are left out; Dir says why.
func (s *Slug) Job(workspace, scope, run string) (*runtime.Job, error) {
	def, err := s.Bound(scope, run)
	if err != nil {
		return nil, err
	}
	j := &runtime.Job{
		Target: s.Meta.Target, Definition: new(llb.Definition), Locals: map[string]runtime.Local{},
		Secrets: map[string]string{}, Streams: map[string]string{},
	}
	j.Definition.FromPB(def)
	digests := digestsOf(def)
	for _, st := range s.Meta.Steps {
		j.Steps = append(j.Steps, st.bound(workspace, digests))
	}
	for _, e := range s.Meta.Exports {
		j.Exports = append(j.Exports, runtime.Export{
			Op: runtime.OpID{Component: e.Component, Index: e.Index}, Source: e.Source, Path: e.Path, Format: e.Format,
		})
	}
	for _, l := range s.Meta.Locals {
		if dir, err := Dir(workspace, l.Name); err == nil {
			j.Locals[l.Name] = runtime.Local{Dir: dir, Op: s.LocalUser(l).ID()}
		}
	}
	s.bindHandles(j, scope)
	return j, nil
}

// bindHandles maps the ids of secrets and streams, as they are bound, to their
// names.
func (s *Slug) bindHandles(j *runtime.Job, scope string) {
	in := s.Inputs()
	from, to := bindings{scope: s.Meta.Scope}, bindings{scope: scope}
	for _, h := range in.Secrets {
		from.rename(&h.ID, to)
		j.Secrets[h.ID] = h.Name
	}
	for _, h := range in.Streams {
		from.rename(&h.ID, to)
		j.Streams[h.ID] = h.Name
	}
}

func (s Step) bound(workspace string, digests []digest.Digest) runtime.Step {
	out := runtime.Step{ID: s.ID(), Do: s.Do, Summary: s.Summary, Range: s.RangeIn(workspace), Unused: s.Unused}
	for _, v := range s.Vertices {
		out.Digests = append(out.Digests, digests[v])
	}
	return out
}

// RangeIn is where the step was written, in a workspace as it is now.
func (s Step) RangeIn(workspace string) runtime.Range {
	if s.File == "" {
		return runtime.Range{}
	}
	return runtime.Range{
		File:  filepath.Join(workspace, filepath.FromSlash(s.File)),
		Start: runtime.Position{Line: s.Range[0], Column: s.Range[1]},
		End:   runtime.Position{Line: s.Range[2], Column: s.Range[3]},
	}
}

// Plan is the slug's steps as a plan: enough to say where something happened.
// Nothing can be lowered from it.
func (s *Slug) Plan(workspace string) *runtime.Plan {
	p := &runtime.Plan{
		Dir: filepath.Join(workspace, filepath.FromSlash(s.Meta.Dir)), Root: workspace,
		Package: s.Meta.Package, Evaluated: true,
	}
	byPath := map[string]*runtime.Component{}
	for _, st := range s.Meta.Steps {
		c := byPath[st.Component]
		if c == nil {
			c = &runtime.Component{Path: st.Component}
			byPath[st.Component] = c
			p.Components = append(p.Components, c)
		}
		// The steps of a component stand in order, none is left out.
		c.Ops = append(c.Ops, &runtime.Op{ID: st.ID(), Do: st.Do, Range: st.RangeIn(workspace)})
	}
	return p
}
