package dockerfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"
)

// rewriter goes through the vertices of a build, inputs first, and changes
// those that name an image of a layout, or a secret's placeholder. The
// context's vertices stay as they are: other ops have them too.
type rewriter struct {
	build   *Build
	foreign map[digest.Digest]bool
	layouts map[string]string
	// renamed are the new digests of vertices that changed.
	renamed map[string]string
	own     []Vertex
	// missing is the vertex that stands for the context, if there is none.
	missing string
}

func (r *rewriter) rewrite(def *pb.Definition) (*pb.Definition, []Vertex, error) {
	out := &pb.Definition{Metadata: map[string]*pb.OpMetadata{}}
	for i, dt := range def.Def {
		old := digest.FromBytes(dt)
		if r.foreign[old] {
			out.Def = append(out.Def, dt)
			out.Metadata[old.String()] = def.Metadata[old.String()]
			continue
		}
		line := lineOf(def, old)
		dt, err := r.vertex(dt, line)
		if err != nil {
			return nil, nil, err
		}
		out.Def = append(out.Def, dt)
		meta := r.metadata(def.Metadata[old.String()])
		d := digest.FromBytes(dt)
		out.Metadata[d.String()] = meta
		if i == len(def.Def)-1 {
			break // it only says which vertex is the result
		}
		if meta.Description[customName] == noContext {
			r.missing = d.String()
			continue
		}
		r.own = append(r.own, Vertex{Digest: d, Name: meta.Description[customName], Line: line})
	}
	return out, r.own, nil
}

const customName = "llb.customname"

// lineOf is where a vertex is written, 0 if it is nowhere.
func lineOf(def *pb.Definition, d digest.Digest) int {
	if def.Source == nil {
		return 0
	}
	for _, l := range def.Source.Locations[d.String()].GetLocations() {
		for _, r := range l.Ranges {
			return int(r.Start.GetLine())
		}
	}
	return 0
}

// vertex changes one vertex.
func (r *rewriter) vertex(dt []byte, line int) ([]byte, error) {
	var op pb.Op
	if err := proto.Unmarshal(dt, &op); err != nil {
		return nil, fmt.Errorf("read the build's definition: %w", err)
	}
	if slices.ContainsFunc(op.Inputs, func(in *pb.Input) bool { return r.missing != "" && in.Digest == r.missing }) {
		return nil, &Error{
			Line: line, Message: "it copies from the build context, and there is none",
			Hint: "give docker-build a context",
		}
	}
	changed := r.inputs(&op)
	switch o := op.Op.(type) {
	case *pb.Op_Source:
		changed = r.source(o.Source) || changed
	case *pb.Op_Exec:
		changed = r.secretEnv(o.Exec) || changed
	}
	out := dt
	if changed {
		var err error
		if out, err = (proto.MarshalOptions{Deterministic: true}).Marshal(&op); err != nil {
			return nil, fmt.Errorf("write the build's definition: %w", err)
		}
		r.renamed[digest.FromBytes(dt).String()] = digest.FromBytes(out).String()
	}
	if bytes.Contains(out, []byte(placeholderMark)) {
		e := secretMisuse(line)
		for _, kv := range op.GetExec().GetMeta().GetEnv() {
			if name, value, _ := strings.Cut(kv, "="); strings.Contains(value, placeholderMark) {
				e.Message += ", and " + name + " is made of one"
			}
		}
		return nil, e
	}
	return out, nil
}

func (r *rewriter) inputs(op *pb.Op) bool {
	changed := false
	for _, in := range op.Inputs {
		if d, ok := r.renamed[in.Digest]; ok {
			in.Digest, changed = d, true
		}
	}
	return changed
}

// source takes an image from the layout that holds it.
func (r *rewriter) source(s *pb.SourceOp) bool {
	layout, ok := r.layouts[s.Identifier]
	if ok {
		s.Identifier = "oci-layout://" + strings.TrimPrefix(s.Identifier, "docker-image://")
		s.Attrs = map[string]string{pb.AttrOCILayoutStoreID: layout}
	}
	return ok
}

// secretEnv makes variables that are secrets such that the daemon fills in.
func (r *rewriter) secretEnv(e *pb.ExecOp) bool {
	n := len(e.Meta.Env)
	e.Meta.Env = slices.DeleteFunc(e.Meta.Env, func(kv string) bool {
		name, value, _ := strings.Cut(kv, "=")
		id, ok := r.build.secretBehind(value)
		if ok {
			e.Secretenv = append(e.Secretenv, &pb.SecretEnv{ID: id, Name: name})
		}
		return ok
	})
	return len(e.Meta.Env) != n
}

func (r *rewriter) metadata(md *pb.OpMetadata) *pb.OpMetadata {
	if md == nil {
		return &pb.OpMetadata{Description: map[string]string{}}
	}
	out := md.CloneVT()
	if out.Description == nil {
		out.Description = map[string]string{}
	}
	for k, v := range out.Description {
		out.Description[k] = r.build.hideSecrets(v)
	}
	return out
}
