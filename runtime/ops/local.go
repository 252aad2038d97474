package ops

import (
	"context"
	_ "embed"

	"github.com/moby/buildkit/client/llb"
)

//go:embed local.cue
var localSchema string

// Local starts from a directory on the user's machine.
type Local struct {
	Dir     string   `json:"dir"`
	Include []string `json:"include"`
	Exclude []string `json:"exclude"`
}

func local() Kind {
	return Kind{
		Do: "local", Definition: "#Local", Schema: localSchema, Source: true,
		New: func() Spec { return new(Local) },
	}
}

// Lower implements Spec.
func (op *Local) Lower(ctx context.Context, b Builder, _ llb.State) (llb.State, error) {
	return b.Local(ctx, op.Dir, op.Include, op.Exclude)
}

// Summary implements Spec.
func (op *Local) Summary() string { return "local " + op.Dir }
