package runtime

import (
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
)

// sourceMap returns the source map of a file. It carries the file's name, from
// the module's root, and not its text: the text may hold what no slug should,
// and its comments would change the bytes.
func (l *lowering) sourceMap(r Range) *llb.SourceMap {
	sm, ok := l.files[r.File]
	if !ok {
		name := FileName(l.plan.Root, r.File, l.op.ID.Component)
		sm = llb.NewSourceMap(nil, name, "CUE", nil)
		l.files[r.File] = sm
	}
	return sm
}

// sourceRange converts to BuildKit's, which counts lines from 1 and columns
// from 0.
func sourceRange(r Range) []*pb.Range {
	return []*pb.Range{{
		Start: &pb.Position{Line: int32(r.Start.Line + 1), Character: int32(r.Start.Column)}, //nolint:gosec // lines of a text file
		End:   &pb.Position{Line: int32(r.End.Line + 1), Character: int32(r.End.Column)},     //nolint:gosec // as above
	}}
}
