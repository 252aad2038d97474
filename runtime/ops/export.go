package ops

import (
	"context"
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
)

//go:embed export.cue
var exportSchema string

// Export reads a file of the state back into CUE.
type Export struct {
	Source string `json:"source"`
	Format string `json:"format"`
}

// ExportName is the op's `do`.
const ExportName = "export"

func export() Kind {
	return Kind{
		Do: ExportName, Definition: "#Export", Schema: exportSchema,
		New: func() Spec { return new(Export) },
	}
}

// formats are those that a file can be read back in.
var formats = []string{"string", "json", "yaml", "number", "boolean"}

// Validate refuses unknown formats.
func (op *Export) Validate() []*FieldError {
	if slices.Contains(formats, op.Format) {
		return nil
	}
	return []*FieldError{{
		Field: "format", Code: "bad-value",
		Message: fmt.Sprintf("%q is not a format", op.Format),
		Hint:    "the formats are " + strings.Join(formats, ", "),
	}}
}

// Lower implements Spec. The state passes through unchanged.
func (op *Export) Lower(_ context.Context, b Builder, in llb.State) (llb.State, error) {
	if in.Output() == nil {
		return in, &FieldError{
			Field: "source", Code: "bad-value",
			Message: "no op before it has made a file", Hint: "load the component that makes the file",
		}
	}
	b.Export(in, path.Join("/", op.Source), op.Format)
	return in, nil
}

// Summary implements Spec.
func (op *Export) Summary() string { return "export " + op.Source + " as " + op.Format }
