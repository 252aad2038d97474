package ops

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"path"

	"github.com/moby/buildkit/client/llb"
)

//go:embed write_file.cue
var writeFileSchema string

// WriteFile writes one file.
type WriteFile struct {
	Content Content     `json:"content"`
	Dest    string      `json:"dest"`
	Mode    os.FileMode `json:"mode"`
}

// Content is CUE's string or bytes. In JSON a string stands for itself and
// bytes are {"$bytes": base64}.
type Content []byte

// UnmarshalJSON reads both forms.
func (c *Content) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*c = Content(s)
		return nil
	}
	var b struct {
		Bytes []byte `json:"$bytes"`
	}
	err := json.Unmarshal(data, &b)
	*c = b.Bytes
	return err
}

func writeFile() Kind {
	return Kind{
		Do: "write-file", Definition: "#WriteFile", Schema: writeFileSchema,
		New: func() Spec { return new(WriteFile) },
	}
}

// Lower implements Spec.
func (op *WriteFile) Lower(_ context.Context, b Builder, in llb.State) (llb.State, error) {
	file := llb.Mkfile(op.Dest, op.Mode, op.Content)
	if dir := path.Dir(op.Dest); dir != "/" && dir != "." {
		file = llb.Mkdir(dir, 0o755, llb.WithParents(true)).Mkfile(op.Dest, op.Mode, op.Content)
	}
	return in.File(file, b.Opts()...), nil
}

// Summary implements Spec.
func (op *WriteFile) Summary() string { return "write-file " + op.Dest }
