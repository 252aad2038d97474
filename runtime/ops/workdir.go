package ops

import (
	"context"
	_ "embed"

	"github.com/moby/buildkit/client/llb"
)

//go:embed workdir.cue
var workdirSchema string

// Workdir sets the working directory.
type Workdir struct {
	Path string `json:"path"`
}

func workdir() Kind {
	return Kind{
		Do: "workdir", Definition: "#Workdir", Schema: workdirSchema,
		New: func() Spec { return new(Workdir) },
	}
}

// Lower implements Spec.
func (op *Workdir) Lower(_ context.Context, _ Builder, in llb.State) (llb.State, error) {
	return in.Dir(op.Path), nil
}

// Summary implements Spec.
func (op *Workdir) Summary() string { return "workdir " + op.Path }
