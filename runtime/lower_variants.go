package runtime

import (
	"context"
	"slices"

	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Variant is one platform's part of an image of several.
type Variant struct {
	Platform   ocispecs.Platform
	Definition *llb.Definition
	// Config is the image config, as JSON.
	Config []byte
}

// variants are the states of a build for several platforms. They stay with the
// state that the script goes on with, for a push of all; any op that changes
// files leaves them behind.
type variants struct {
	op   OpID
	main llb.Output
	all  []variant
}

type variant struct {
	platform ocispecs.Platform
	state    llb.State
	digests  []digest.Digest
}

type variantsKey struct{}

// variantsOf compiles what a push of in pushes beside it; nil if in is for one
// platform. The vertices become those of the op that built them.
func (l *lowering) variantsOf(ctx context.Context, in llb.State) ([]Variant, error) {
	value, err := in.Value(ctx, variantsKey{})
	vs, ok := value.(*variants)
	if err != nil || !ok || vs.main != in.Output() {
		return nil, err
	}
	dir, err := in.GetDir(ctx)
	if err != nil {
		return nil, err
	}
	var out []Variant
	for _, v := range vs.all {
		def, err := l.marshal(ctx, v.state)
		if err != nil {
			return nil, err
		}
		config, err := imageConfig(ctx, v.state.Dir(dir), v.platform)
		if err != nil {
			return nil, err
		}
		out = append(out, Variant{Platform: v.platform, Definition: def, Config: config})
		l.addDigests(vs.op, v.digests)
	}
	return out, nil
}

func (l *lowering) addDigests(op OpID, digests []digest.Digest) {
	for i := range l.job.Steps {
		s := &l.job.Steps[i]
		for _, d := range digests {
			if s.ID == op && !slices.Contains(s.Digests, d) {
				s.Digests = append(s.Digests, d)
			}
		}
	}
}
