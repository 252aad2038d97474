package ops

import (
	"context"
	_ "embed"

	"github.com/moby/buildkit/client/llb"
)

//go:embed load.cue
var loadSchema string

// Load goes on from another component's result.
type Load struct {
	From Ref `json:"from"`
}

func load() Kind {
	return Kind{
		Do: "load", Definition: "#Load", Schema: loadSchema, Source: true,
		New: func() Spec { return new(Load) },
	}
}

// Lower implements Spec.
func (op *Load) Lower(ctx context.Context, b Builder, _ llb.State) (llb.State, error) {
	return b.Component(ctx, op.From)
}

// Summary implements Spec.
func (op *Load) Summary() string { return "load " + string(op.From) }
