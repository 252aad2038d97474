package ops

import (
	"context"
	_ "embed"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
)

//go:embed fetch_container.cue
var fetchContainerSchema string

// FetchContainer starts from a container image.
type FetchContainer struct {
	Ref string `json:"ref"`
}

func fetchContainer() Kind {
	return Kind{
		Do: "fetch-container", Definition: "#FetchContainer",
		Schema: fetchContainerSchema, Source: true,
		New: func() Spec { return new(FetchContainer) },
	}
}

// Normalized returns the reference with registry and tag written out.
func (op *FetchContainer) Normalized() (string, error) {
	named, err := reference.ParseNormalizedNamed(op.Ref)
	if err != nil {
		return "", err
	}
	return reference.TagNameOnly(named).String(), nil
}

// Validate refuses what is not an image reference.
func (op *FetchContainer) Validate() []*FieldError {
	if _, err := op.Normalized(); err != nil {
		return []*FieldError{{
			Field: "ref", Code: "bad-value",
			Message: "not an image reference: " + err.Error(),
			Hint:    `write name, name:tag or name@sha256:…, in lower case`,
		}}
	}
	return nil
}

// Lower implements Spec.
func (op *FetchContainer) Lower(ctx context.Context, b Builder, _ llb.State) (llb.State, error) {
	ref, err := op.Normalized()
	if err != nil {
		return llb.State{}, err
	}
	return b.Image(ctx, ref)
}

// Summary implements Spec.
func (op *FetchContainer) Summary() string { return "fetch-container " + op.Ref }
