package slug

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"
)

// ImageUser is the first step that starts from an image.
func (s *Slug) ImageUser(i Image) Step {
	return s.first(func(op *pb.Op) bool {
		src := op.GetSource()
		id := src.GetIdentifier()
		return (strings.HasPrefix(id, schemeImage) || strings.HasPrefix(id, schemeLayout)) && imageOf(src) == i
	})
}

// LocalUser is the first step that reads a folder.
func (s *Slug) LocalUser(l Local) Step {
	return s.first(func(op *pb.Op) bool { return op.GetSource().GetIdentifier() == schemeLocal+l.Name })
}

// HandleUser is the first step that asks for a secret or a stream.
func (s *Slug) HandleUser(h Handle) Step {
	return s.first(func(op *pb.Op) bool {
		attrs := op.GetSource().GetAttrs()
		return slices.ContainsFunc(secretAttrs, func(key string) bool { return attrs[key] == h.ID }) ||
			slices.ContainsFunc(idsOf(op.GetExec()), func(id *string) bool { return *id == h.ID })
	})
}

// first is the first step with a vertex like that; the zero Step if there is
// none, because no step owns it.
func (s *Slug) first(match func(*pb.Op) bool) Step {
	for _, st := range s.Meta.Steps {
		for _, v := range st.Vertices {
			if match(s.ops[v]) {
				return st
			}
		}
	}
	return Step{}
}
