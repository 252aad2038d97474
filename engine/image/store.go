// Package image is the local image store: one OCI image layout on disk that
// jobs read before they ask any registry.
//
// The layout's index names each image by its normalised reference in the
// standard annotation, so other tools can read the store and the store can be
// copied as a folder. Writers hold a file lock; readers need none, because the
// index is replaced in one step and blobs are added before it and never
// changed.
package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	digest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// StoreID is the name under which a solve offers the store to BuildKit, and
// what runtime.Image.Layout says of its images.
const StoreID = "images"

const (
	lockName  = "lock"
	lockRetry = 10 * time.Millisecond
)

// Store is an image store in one directory.
type Store struct {
	dir string
}

// Open returns the store in dir, which need not exist yet.
func Open(dir string) *Store { return &Store{dir: dir} }

// Dir is the store's directory.
func (s *Store) Dir() string { return s.dir }

// Has reports that the store has the image of a manifest's digest.
func (s *Store) Has(manifest digest.Digest) bool {
	return manifest.Validate() == nil && s.has(manifest)
}

// Entry is one image of the store.
type Entry struct {
	// Ref is normalised.
	Ref string `json:"ref"`
	// Digest is of the manifest, or of the index of an image of several
	// platforms.
	Digest digest.Digest `json:"digest"`
	// Platforms are those the image has, such as "linux/amd64".
	Platforms []string `json:"platforms"`
	// Size is that of all blobs together, in bytes.
	Size int64 `json:"size"`
}

// List returns the images in order of their references.
func (s *Store) List() ([]Entry, error) {
	idx, err := s.index()
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(idx.Manifests))
	for _, d := range idx.Manifests {
		e, err := s.entry(d)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Ref, b.Ref) })
	return entries, nil
}

func (s *Store) entry(d ocispecs.Descriptor) (Entry, error) {
	ms, err := s.manifests(d)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Ref: d.Annotations[ocispecs.AnnotationRefName], Digest: d.Digest, Size: d.Size}
	for _, m := range ms {
		e.Platforms = append(e.Platforms, formatPlatform(m.config.Platform))
		e.Size += m.size()
	}
	return e, nil
}

// Remove takes the image ref out of the store, and its blobs if no other
// image shares them. It reports whether there was one.
func (s *Store) Remove(ctx context.Context, ref string) (bool, error) {
	named, err := normalise(ref)
	if err != nil {
		return false, err
	}
	found := false
	err = s.write(ctx, func(idx *ocispecs.Index) error {
		n := len(idx.Manifests)
		idx.Manifests = slices.DeleteFunc(idx.Manifests, func(d ocispecs.Descriptor) bool {
			return d.Annotations[ocispecs.AnnotationRefName] == named.String()
		})
		found = len(idx.Manifests) < n
		return nil
	})
	if err != nil || !found {
		return false, err
	}
	return true, s.collect(ctx)
}

// collect removes the blobs that no image needs.
func (s *Store) collect(ctx context.Context) error {
	return s.locked(ctx, func() error {
		p := layout.Path(s.dir)
		garbage, err := p.GarbageCollect()
		if err != nil {
			return fmt.Errorf("look for unused blobs: %w", err)
		}
		for _, h := range garbage {
			if err := p.RemoveBlob(h); err != nil {
				return fmt.Errorf("remove unused blob: %w", err)
			}
		}
		return nil
	})
}

// index reads the layout's index; a store that is not there is empty.
func (s *Store) index() (*ocispecs.Index, error) {
	idx := &ocispecs.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageIndex}
	b, err := os.ReadFile(filepath.Join(s.dir, ocispecs.ImageIndexFile))
	if errors.Is(err, fs.ErrNotExist) {
		return idx, nil
	}
	if err == nil {
		err = json.Unmarshal(b, idx)
	}
	if err != nil {
		return nil, fmt.Errorf("read the image store's index: %w", err)
	}
	return idx, nil
}

// write changes the index under the writers' lock.
func (s *Store) write(ctx context.Context, change func(*ocispecs.Index) error) error {
	return s.locked(ctx, func() error {
		idx, err := s.index()
		if err != nil {
			return err
		}
		if err := change(idx); err != nil {
			return err
		}
		if err := s.put(ocispecs.ImageLayoutFile, ocispecs.ImageLayout{Version: ocispecs.ImageLayoutVersion}); err != nil {
			return err
		}
		return s.put(ocispecs.ImageIndexFile, idx)
	})
}

// put replaces a file of the layout in one step.
func (s *Store) put(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	path := filepath.Join(s.dir, name)
	tmp := path + ".new"
	if err := os.WriteFile(tmp, b, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	return nil
}

func (s *Store) locked(ctx context.Context, f func() error) (err error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return fmt.Errorf("create the image store: %w", err)
	}
	l := flock.New(filepath.Join(s.dir, lockName))
	if _, err := l.TryLockContext(ctx, lockRetry); err != nil {
		return fmt.Errorf("lock the image store: %w", err)
	}
	defer func() { err = errors.Join(err, l.Unlock()) }()
	return f()
}
