package ops

import (
	"context"
	_ "embed"
	"path"
	"strings"

	"github.com/moby/buildkit/client/llb"
)

//go:embed save_image.cue
var saveImageSchema string

// SaveImage writes the state as an archive of an image.
type SaveImage struct {
	Tag  string `json:"tag"`
	Dest string `json:"dest"`
}

// SaveName is the `do` of save-image, and the kind of its action.
const SaveName = "save-image"

func saveImage() Kind {
	return Kind{
		Do: SaveName, Definition: "#SaveImage", Schema: saveImageSchema,
		New: func() Spec { return new(SaveImage) },
	}
}

// Validate refuses names that docker load would, and a destination that is no
// file.
func (op *SaveImage) Validate() []*FieldError {
	errs := badImageName("tag", op.Tag)
	if op.Dest == "" || strings.HasSuffix(op.Dest, "/") {
		errs = append(errs, &FieldError{
			Field: "dest", Code: "bad-value", Message: "not the path of a file", Hint: `write "/image.tar"`,
		})
	}
	return errs
}

// Lower implements Spec.
func (op *SaveImage) Lower(ctx context.Context, b Builder, in llb.State) (llb.State, error) {
	name, err := fullName(op.Tag)
	if err != nil {
		return llb.State{}, err
	}
	if in.Output() == nil {
		return llb.State{}, nothingToPack("tag")
	}
	res, err := b.Act(ctx, in, Action{Kind: SaveName, Target: name})
	if err != nil {
		return llb.State{}, err
	}
	var opts []llb.LocalOption
	for _, o := range b.Opts() {
		opts = append(opts, o)
	}
	archive := llb.Local(res.Local, append(opts, llb.IncludePatterns([]string{res.File}), llb.SharedKeyHint(res.Local))...)
	files := llb.Mkdir("/dagger", 0o755, llb.WithParents(true)).
		Mkfile("/dagger/image_id", 0o644, []byte(res.ID)).
		Copy(archive, path.Join("/", res.File), op.Dest, &llb.CopyInfo{CreateDestPath: true, Mode: &llb.ChmodOpt{Mode: 0o644}})
	return in.File(files, b.Opts()...), nil
}

// Summary implements Spec.
func (op *SaveImage) Summary() string { return "save-image " + op.Tag + " → " + op.Dest }
