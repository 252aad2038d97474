package ops

import (
	"context"
	_ "embed"
	"os"
	"path"

	"github.com/moby/buildkit/client/llb"
)

//go:embed mkdir.cue
var mkdirSchema string

// Mkdir makes a directory and its parents.
type Mkdir struct {
	Path string      `json:"path"`
	Dir  string      `json:"dir"`
	Mode os.FileMode `json:"mode"`
}

func mkdir() Kind {
	return Kind{
		Do: "mkdir", Definition: "#Mkdir", Schema: mkdirSchema,
		New: func() Spec { return new(Mkdir) },
	}
}

func (op *Mkdir) target() string {
	if path.IsAbs(op.Path) {
		return op.Path
	}
	return path.Join(op.Dir, op.Path)
}

// Lower implements Spec.
func (op *Mkdir) Lower(_ context.Context, b Builder, in llb.State) (llb.State, error) {
	action := llb.Mkdir(op.target(), op.Mode, llb.WithParents(true))
	return in.File(action, b.Opts()...), nil
}

// Summary implements Spec.
func (op *Mkdir) Summary() string { return "mkdir " + op.target() }
