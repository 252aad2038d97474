package slug

import (
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"
)

// check holds what Build makes sure of, for slugs from elsewhere.
func (s *Slug) check() error {
	for _, check := range []func() error{s.checkGraph, s.checkSourceMap, s.checkSteps, s.checkExports, s.checkLocals, s.checkNames} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkGraph holds that edges go to vertices that stand before, so that there
// are no circles, and that the last vertex is the result.
func (s *Slug) checkGraph() error {
	if len(s.ops) == 0 {
		return bad("its definition is empty")
	}
	seen := make(map[string]bool, len(s.ops))
	for i, op := range s.ops {
		for _, in := range op.Inputs {
			if in.Index < 0 || !seen[in.Digest] {
				return bad("vertex %d needs %.80q, which does not stand before it", i, in.Digest)
			}
		}
		seen[s.digests[i].String()] = true
	}
	if last := s.ops[len(s.ops)-1]; last.Op != nil || len(last.Inputs) != 1 {
		return bad("its last vertex is not the result")
	}
	for d := range s.Definition.Metadata {
		if !seen[d] {
			return bad("it describes a vertex that it has not: %.80q", d)
		}
	}
	return nil
}

func (s *Slug) checkSourceMap() error {
	source := s.Definition.GetSource()
	for _, locations := range source.GetLocations() {
		for _, l := range locations.GetLocations() {
			if l.SourceIndex < 0 || int(l.SourceIndex) >= len(source.Infos) {
				return bad("its source map names a file that it has not")
			}
		}
	}
	for _, info := range source.GetInfos() {
		if !inside(info.Filename) || info.Definition != nil {
			return bad("its source map names %.80q", info.Filename)
		}
	}
	return nil
}

func (s *Slug) checkSteps() error {
	if !inside(s.Meta.Dir) || s.Meta.Target == "" {
		return bad("it has no target in the workspace")
	}
	next := map[string]int{}
	for _, st := range s.Meta.Steps {
		if st.Index != next[st.Component] {
			return bad("the steps of %.80q are not in order", st.Component)
		}
		next[st.Component]++
		if st.Component == "" || slices.Min(st.Range[:]) < 0 || st.File != "" && !inside(st.File) {
			return bad("the step %.80q is nowhere", st.Component)
		}
		for _, v := range st.Vertices {
			if v < 0 || v >= len(s.ops) {
				return bad("the step %.80s has a vertex that there is not", st.ID().String())
			}
		}
	}
	for _, f := range s.Meta.Files {
		if !inside(f.Path) || f.Digest.Validate() != nil {
			return bad("its file %.80q", f.Path)
		}
	}
	return nil
}

var formats = []string{"string", "json", "yaml", "number", "boolean"}

func (s *Slug) checkExports() error {
	for _, e := range s.Meta.Exports {
		if e.Component == "" || e.Index < 0 || !slices.Contains(formats, e.Format) {
			return bad("its export %.80q as %.80q", e.Source, e.Format)
		}
	}
	return nil
}

// checkLocals holds that the definition reads no folder but those of the
// metadata, and that those lie in the workspace.
func (s *Slug) checkLocals() error {
	for _, l := range s.Meta.Locals {
		if !inside(l.Name) {
			return bad("the folder %.80q leads out of the workspace", l.Name)
		}
		if l.Digest.Validate() != nil || l.Files < 0 || l.Bytes < 0 {
			return bad("the folder %.80q has no digest", l.Name)
		}
	}
	for _, op := range s.ops {
		l, ok, err := localOf(op)
		if err != nil {
			return err
		}
		if ok && !slices.ContainsFunc(s.Meta.Locals, l.same) {
			return bad("it reads the folder %.80q and does not say so", l.Name)
		}
	}
	return nil
}

// checkNames refuses attributes that reach into sessions of other clients.
func (s *Slug) checkNames() error {
	for _, op := range s.ops {
		attrs := op.GetSource().GetAttrs()
		if attrs[pb.AttrLocalSessionID] != "" || attrs[pb.AttrOCILayoutSessionID] != "" {
			return bad("%.80q reads from another session", op.GetSource().GetIdentifier())
		}
	}
	return nil
}

// inside reports that p is a clean relative path with slashes that stays below
// where it starts. On every system: a slug made on one is read on another.
func inside(p string) bool {
	if p == "." {
		return true
	}
	return p != "" && p == path.Clean(p) && !path.IsAbs(p) && p != ".." && !strings.HasPrefix(p, "../") &&
		!strings.ContainsAny(p, "\\\x00") && (len(p) < 2 || p[1] != ':')
}
