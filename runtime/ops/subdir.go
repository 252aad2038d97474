package ops

import (
	"context"
	_ "embed"

	"github.com/moby/buildkit/client/llb"
)

//go:embed subdir.cue
var subdirSchema string

// Subdir makes a directory the whole state.
type Subdir struct {
	Dir string `json:"dir"`
}

func subdir() Kind {
	return Kind{
		Do: "subdir", Definition: "#Subdir", Schema: subdirSchema,
		New: func() Spec { return new(Subdir) },
	}
}

// Lower implements Spec.
func (op *Subdir) Lower(_ context.Context, b Builder, in llb.State) (llb.State, error) {
	action := llb.Copy(in, op.Dir, "/", &llb.CopyInfo{CopyDirContentsOnly: true})
	return llb.Scratch().File(action, b.Opts()...), nil
}

// Summary implements Spec.
func (op *Subdir) Summary() string { return "subdir " + op.Dir }
