package ops

import (
	"context"
	_ "embed"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
)

//go:embed push_container.cue
var pushContainerSchema string

// PushContainer pushes the state as an image.
type PushContainer struct {
	Ref string `json:"ref"`
}

// PushName is the `do` of push-container, and the kind of its action.
const PushName = "push-container"

func pushContainer() Kind {
	return Kind{
		Do: PushName, Definition: "#PushContainer", Schema: pushContainerSchema,
		New: func() Spec { return new(PushContainer) },
	}
}

// Validate refuses what cannot be pushed to.
func (op *PushContainer) Validate() []*FieldError { return badImageName("ref", op.Ref) }

// badImageName refuses what does not name an image by its tag.
func badImageName(field, ref string) []*FieldError {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return []*FieldError{{
			Field: field, Code: "bad-value",
			Message: "not an image reference: " + err.Error(), Hint: "write registry/name:tag, in lower case",
		}}
	}
	if _, ok := named.(reference.Digested); ok {
		return []*FieldError{{
			Field: field, Code: "bad-value",
			Message: "it names an image by its digest, which is known only when it is there", Hint: "write name:tag",
		}}
	}
	return nil
}

func fullName(ref string) (string, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", err
	}
	return reference.TagNameOnly(named).String(), nil
}

// Lower implements Spec.
func (op *PushContainer) Lower(ctx context.Context, b Builder, in llb.State) (llb.State, error) {
	ref, err := fullName(op.Ref)
	if err != nil {
		return llb.State{}, err
	}
	if in.Output() == nil {
		return llb.State{}, nothingToPack("ref")
	}
	res, err := b.Act(ctx, in, Action{Kind: PushName, Target: ref})
	if err != nil {
		return llb.State{}, err
	}
	files := llb.Mkdir("/dagger", 0o755, llb.WithParents(true)).
		Mkfile("/dagger/image_digest", 0o644, []byte(res.Digest)).
		Mkfile("/dagger/image_ref", 0o644, []byte(res.Ref))
	return in.File(files, b.Opts()...), nil
}

func nothingToPack(field string) *FieldError {
	return &FieldError{
		Field: field, Code: "bad-value",
		Message: "no op before it has made a file", Hint: "load the component that makes the image",
	}
}

// Summary implements Spec.
func (op *PushContainer) Summary() string { return "push-container " + op.Ref }
