package slug

import (
	"fmt"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// bindings are what a definition says of where it runs rather than of what it
// does.
//
// The daemon takes vertices of the same bytes for one, so folders need an id:
// two workspaces that run at a time may hold other files under the same name.
// In a slug the id is the digest of the folders' content, the same on every
// machine, and two that agree may well be one. A run has an id of its own,
// because it may find other content.
//
// Ids of cache mounts of a component's own, of secrets and of streams begin with
// the project's scope. In a slug that is the module's path; a run takes that of
// the workspace, so that it finds the caches that `run` left there.
type bindings struct {
	local, scope string
}

// scopePrefix begins the ids that are a project's own.
func scopePrefix(scope string) string { return "cuellb/" + scope + "/" }

// rename puts an id into another scope; one that is in none stays.
func (b bindings) rename(id *string, to bindings) bool {
	if strings.HasPrefix(*id, ops.RunIDPrefix) {
		before := *id
		*id = ops.RunIDPrefix + to.local
		return *id != before
	}
	rest, ours := strings.CutPrefix(*id, scopePrefix(b.scope))
	if !ours || b.scope == to.scope {
		return false
	}
	*id = scopePrefix(to.scope) + rest
	return true
}

// Bound is the definition as it runs in a workspace: with the ids of its cache
// mounts, and with folders told from those of other runs. Indexes into the
// slug's definition are true of it too.
func (s *Slug) Bound(scope, run string) (*pb.Definition, error) {
	return rebind(s.Definition, s.ops, bindings{scope: s.Meta.Scope}, bindings{scope: scope, local: run})
}

// rebind gives the definition with other bindings.
func rebind(def *pb.Definition, vertices []*pb.Op, from, to bindings) (*pb.Definition, error) {
	return rewrite(def, vertices, func(op *pb.Op) bool {
		changed := false
		if src := op.GetSource(); src != nil {
			changed = from.source(src, to)
		}
		for _, id := range idsOf(op.GetExec()) {
			changed = from.rename(id, to) || changed
		}
		return changed
	})
}

func (b bindings) source(src *pb.SourceOp, to bindings) bool {
	changed := false
	if strings.HasPrefix(src.Identifier, schemeLocal) && src.Attrs[pb.AttrLocalUniqueID] != to.local {
		if src.Attrs == nil {
			src.Attrs = map[string]string{}
		}
		src.Attrs[pb.AttrLocalUniqueID] = to.local
		changed = true
	}
	for _, key := range secretAttrs {
		if id := src.Attrs[key]; b.rename(&id, to) {
			src.Attrs[key] = id
			changed = true
		}
	}
	return changed
}

// idsOf are the ids of what a command mounts from outside the definition.
func idsOf(exec *pb.ExecOp) []*string {
	var out []*string
	for _, m := range exec.GetMounts() {
		if m.GetCacheOpt() != nil {
			out = append(out, &m.CacheOpt.ID)
		}
		if m.GetSecretOpt() != nil {
			out = append(out, &m.SecretOpt.ID)
		}
		if m.GetSSHOpt() != nil {
			out = append(out, &m.SSHOpt.ID)
		}
	}
	for _, e := range exec.GetSecretenv() {
		if e != nil {
			out = append(out, &e.ID)
		}
	}
	return out
}

// rewrite gives the definition after edit, which reports whether it changed its
// vertex. Vertices keep their order, so indexes into it stay true.
func rewrite(def *pb.Definition, vertices []*pb.Op, edit func(*pb.Op) bool) (*pb.Definition, error) {
	renamed := make(map[string]string, len(vertices))
	out := &pb.Definition{Def: make([][]byte, len(vertices)), Metadata: map[string]*pb.OpMetadata{}}
	for i, op := range vertices {
		dt, err := edited(def.Def[i], proto.CloneOf(op), renamed, edit)
		if err != nil {
			return nil, err
		}
		out.Def[i] = dt
		renamed[digest.FromBytes(def.Def[i]).String()] = digest.FromBytes(dt).String()
	}
	for d, m := range def.Metadata {
		out.Metadata[renamed[d]] = m
	}
	if def.Source != nil {
		out.Source = &pb.Source{Infos: def.Source.Infos, Locations: map[string]*pb.Locations{}}
		for d, l := range def.Source.Locations {
			out.Source.Locations[renamed[d]] = l
		}
	}
	return out, nil
}

// edited is one vertex: its own bytes where nothing of it changed.
func edited(dt []byte, op *pb.Op, renamed map[string]string, edit func(*pb.Op) bool) ([]byte, error) {
	changed := edit(op)
	for _, in := range op.Inputs {
		if d := renamed[in.Digest]; d != in.Digest {
			in.Digest = d
			changed = true
		}
	}
	if !changed {
		return dt, nil
	}
	out, err := proto.MarshalOptions{Deterministic: true}.Marshal(op)
	if err != nil {
		return nil, fmt.Errorf("encode a vertex: %w", err)
	}
	return out, nil
}
