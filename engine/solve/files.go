package solve

import (
	"context"
	"path"
	"slices"
	"strings"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/tonistiigi/fsutil/types"

	"github.com/dagger/dagger-lsp/runtime"
)

// files reads files that lowering needs, in the job's session. What is solved
// for it is not solved again: the job's own solve finds it in the cache.
type files struct {
	session *session
	gw      gateway.Client
}

// solveError is BuildKit's error of a solve in the middle of lowering.
type solveError struct{ error }

func (e *solveError) Unwrap() error { return e.error }

// ReadFiles implements runtime.Files.
func (f *files) ReadFiles(ctx context.Context, r runtime.FileRequest) (map[string][]byte, error) {
	s := f.session
	if err := s.serve(r.Job); err != nil {
		return nil, err
	}
	if s.req.Partial != nil {
		s.req.Partial(r.Job)
	}
	ref, err := s.evaluate(ctx, f.gw, r.Definition)
	if err != nil {
		return nil, &solveError{err}
	}
	out := map[string][]byte{}
	for _, p := range r.Paths {
		if ok, err := exists(ctx, ref, p); err != nil || !ok {
			if err != nil {
				return nil, &solveError{err}
			}
			continue
		}
		data, err := ref.ReadFile(ctx, gateway.ReadRequest{Filename: p})
		if err != nil {
			return nil, &solveError{err}
		}
		out[p] = data
	}
	return out, nil
}

// exists looks for a file from the root down: the error of reading what is not
// there has no type.
func exists(ctx context.Context, ref gateway.Reference, file string) (bool, error) {
	dir := "/"
	for part := range strings.SplitSeq(strings.Trim(path.Clean(file), "/"), "/") {
		entries, err := ref.ReadDir(ctx, gateway.ReadDirRequest{Path: dir})
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(entries, func(st *types.Stat) bool { return path.Base(st.Path) == part })
		if i < 0 {
			return false, nil
		}
		dir = path.Join(dir, part)
	}
	return true, nil
}
