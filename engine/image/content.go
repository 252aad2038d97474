package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/errdefs"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Content gives BuildKit's session the blobs of the store, to read.
func (s *Store) Content() content.Store { return blobs{store: s} }

// blobs is the reading half of a content store. Containerd's own would write
// a directory into the layout and a warning to the terminal.
type blobs struct {
	store *Store
}

// reader is a blob that is being read.
type reader struct {
	*os.File
	size int64
}

// Size implements content.ReaderAt.
func (r reader) Size() int64 { return r.size }

func (b blobs) open(dgst digest.Digest) (reader, error) {
	if err := dgst.Validate(); err != nil {
		return reader{}, fmt.Errorf("blob %q: %w: %w", dgst, err, errdefs.ErrInvalidArgument)
	}
	f, err := os.Open(b.store.path(dgst))
	if errors.Is(err, fs.ErrNotExist) {
		return reader{}, fmt.Errorf("blob %s: %w", dgst, errdefs.ErrNotFound)
	}
	if err != nil {
		return reader{}, fmt.Errorf("open blob %s: %w", dgst, err)
	}
	st, err := f.Stat()
	if err != nil {
		return reader{}, errors.Join(fmt.Errorf("open blob %s: %w", dgst, err), f.Close())
	}
	return reader{File: f, size: st.Size()}, nil
}

// ReaderAt implements content.Provider.
func (b blobs) ReaderAt(_ context.Context, d ocispecs.Descriptor) (content.ReaderAt, error) {
	r, err := b.open(d.Digest)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Info implements content.InfoProvider.
func (b blobs) Info(_ context.Context, dgst digest.Digest) (content.Info, error) {
	r, err := b.open(dgst)
	if err != nil {
		return content.Info{}, err
	}
	return content.Info{Digest: dgst, Size: r.size}, r.Close()
}

// The rest of content.Store is for writers and is refused.

func (blobs) Update(context.Context, content.Info, ...string) (content.Info, error) {
	return content.Info{}, errdefs.ErrNotImplemented
}

func (blobs) Walk(context.Context, content.WalkFunc, ...string) error {
	return errdefs.ErrNotImplemented
}

func (blobs) Delete(context.Context, digest.Digest) error { return errdefs.ErrNotImplemented }

func (blobs) Status(context.Context, string) (content.Status, error) {
	return content.Status{}, errdefs.ErrNotImplemented
}

func (blobs) ListStatuses(context.Context, ...string) ([]content.Status, error) {
	return nil, errdefs.ErrNotImplemented
}

func (blobs) Abort(context.Context, string) error { return errdefs.ErrNotImplemented }

func (blobs) Writer(context.Context, ...content.WriterOpt) (content.Writer, error) {
	return nil, errdefs.ErrNotImplemented
}
