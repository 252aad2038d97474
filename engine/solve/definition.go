package solve

import (
	"fmt"
	"maps"
	"slices"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// EntitlementError says that a vertex asks for a right that was not granted.
// The daemon would say so too, but only after five seconds.
type EntitlementError struct {
	Digest digest.Digest
	// Right is what it asks for, in words.
	Right string
}

func (e *EntitlementError) Error() string { return "not allowed: " + e.Right }

// checkEntitlements finds the vertices that need rights nobody granted.
func checkEntitlements(def *pb.Definition) error {
	for _, dt := range def.Def {
		var op pb.Op
		if err := op.Unmarshal(dt); err != nil {
			return fmt.Errorf("read the definition: %w", err)
		}
		exec := op.GetExec()
		switch {
		case exec == nil:
		case exec.Network == pb.NetMode_HOST:
			return &EntitlementError{Digest: digest.FromBytes(dt), Right: "the host's network"}
		case exec.Security == pb.SecurityMode_INSECURE:
			return &EntitlementError{Digest: digest.FromBytes(dt), Right: "insecure mode"}
		}
	}
	return nil
}

// withoutCache marks commands and file operations to be run again. Sources
// keep their cache: it is checked against the source each time anyway. Commands
// with cache mounts, which BuildKit would empty, are compiled to run again.
func withoutCache(def *pb.Definition) (*pb.Definition, error) {
	out := &pb.Definition{Def: def.Def, Source: def.Source, Metadata: maps.Clone(def.Metadata)}
	for _, dt := range def.Def {
		var op pb.Op
		if err := op.Unmarshal(dt); err != nil {
			return nil, fmt.Errorf("read the definition: %w", err)
		}
		if op.GetExec() == nil && op.GetFile() == nil || hasCacheMount(op.GetExec()) {
			continue
		}
		d := digest.FromBytes(dt).String()
		md := &pb.OpMetadata{}
		if have := out.Metadata[d]; have != nil {
			md = have.CloneVT()
		}
		md.IgnoreCache = true
		out.Metadata[d] = md
	}
	return out, nil
}

func hasCacheMount(exec *pb.ExecOp) bool {
	return slices.ContainsFunc(exec.GetMounts(), func(m *pb.Mount) bool { return m.GetMountType() == pb.MountType_CACHE })
}
