package ops

import (
	"context"
	_ "embed"

	"github.com/moby/buildkit/client/llb"
)

//go:embed copy.cue
var copySchema string

// Copy copies files from another component.
type Copy struct {
	From Ref    `json:"from"`
	Src  string `json:"src"`
	Dest string `json:"dest"`
}

func copyOp() Kind {
	return Kind{
		Do: "copy", Definition: "#Copy", Schema: copySchema,
		New: func() Spec { return new(Copy) },
	}
}

// Lower implements Spec.
func (op *Copy) Lower(ctx context.Context, b Builder, in llb.State) (llb.State, error) {
	from, err := b.Component(ctx, op.From)
	if err != nil {
		return llb.State{}, err
	}
	action := llb.Copy(from, op.Src, op.Dest, &llb.CopyInfo{
		CopyDirContentsOnly: true,
		CreateDestPath:      true,
		AllowWildcard:       true,
	})
	return in.File(action, b.Opts()...), nil
}

// Summary implements Spec.
func (op *Copy) Summary() string {
	return "copy " + string(op.From) + ":" + op.Src + " → " + op.Dest
}
