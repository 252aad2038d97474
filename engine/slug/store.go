package slug

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	digest "github.com/opencontainers/go-digest"
)

// Store keeps slugs by their digests, in one directory.
type Store struct {
	dir string
}

// OpenStore returns the store in dir, which need not exist yet.
func OpenStore(dir string) *Store { return &Store{dir: dir} }

// ErrUnknown says that the store has no slug of a digest.
var ErrUnknown = errors.New("the store has no such slug")

// Path is where the slug of a digest is kept.
func (s *Store) Path(d digest.Digest) string {
	return filepath.Join(s.dir, d.Algorithm().String(), d.Encoded())
}

// Put keeps a slug.
func (s *Store) Put(data []byte) error {
	path := s.Path(digest.FromBytes(data))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("create the store of slugs: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return fmt.Errorf("keep the slug: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("keep the slug: %w", err)
	}
	return nil
}

// Get reads the slug of a digest. One that is no longer what its name says is
// an error.
func (s *Store) Get(d digest.Digest) (*Slug, []byte, error) {
	if err := d.Validate(); err != nil {
		return nil, nil, fmt.Errorf("%q: %w", d, err)
	}
	f, err := os.Open(s.Path(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: %s", ErrUnknown, d)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the slug: %w", err)
	}
	defer f.Close()
	got, data, err := Read(f)
	if have := digest.FromBytes(data); err == nil && have != d {
		err = bad("its digest is %s", have)
	}
	return got, data, err
}
