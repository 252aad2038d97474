package solve

import (
	"context"
	"fmt"

	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/dagger/dagger-lsp/runtime"
)

// maxExport bounds a file that is read back: it becomes a value in the text of
// a program, and travels in one message.
const maxExport = 4 << 20

// Export is one file that was read back.
type Export struct {
	runtime.Export
	Data []byte
	// Err says why there is no Data: no such file, or too large a one.
	Err error
}

// readExports reads the files, each on its own account: one that is missing
// does not hide the others.
func readExports(ctx context.Context, ref gateway.Reference, exports []runtime.Export) ([]Export, error) {
	out := make([]Export, 0, len(exports))
	for _, e := range exports {
		got := Export{Export: e}
		if ref == nil {
			got.Err = fmt.Errorf("read %s: the result is empty", e.Source)
			out = append(out, got)
			continue
		}
		data, err := ref.ReadFile(ctx, gateway.ReadRequest{
			Filename: e.Path, Range: &gateway.FileRange{Length: maxExport + 1},
		})
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			got.Err = fmt.Errorf("read %s: %w", e.Source, err)
		case len(data) > maxExport:
			got.Err = fmt.Errorf("read %s: it is larger than %d MiB", e.Source, maxExport>>20)
		default:
			got.Data = data
		}
		out = append(out, got)
	}
	return out, nil
}
