package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// containerdName is the annotation in which containerd and Docker put an
// image's full name.
const containerdName = "io.containerd.image.name"

// ErrNoName is returned for an image that does not say what it is called, when
// the caller does not say so either.
var ErrNoName = errors.New("the image carries no name: say which reference it gets")

// Import adds the images at path: an OCI layout directory, a tar of one, or an
// archive of `docker save`. A ref renames the image, which must then be the
// only one.
func (s *Store) Import(ctx context.Context, path, ref string) ([]Entry, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("import image: %w", err)
	}
	if st.IsDir() {
		return s.importLayout(ctx, path, ref)
	}
	isLayout, err := tarHas(path, ocispecs.ImageLayoutFile)
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", path, err)
	}
	if !isLayout {
		return s.importDocker(ctx, path, ref)
	}
	dir, err := os.MkdirTemp("", "dagger-lsp-import")
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", path, err)
	}
	defer os.RemoveAll(dir)
	if err := untar(path, dir); err != nil {
		return nil, fmt.Errorf("unpack %s: %w", path, err)
	}
	return s.importLayout(ctx, dir, ref)
}

// add is one image on its way into the store.
type add struct {
	ref   reference.Named
	item  partial.Describable
	write func(layout.Path) error
}

func (s *Store) importLayout(ctx context.Context, dir, ref string) ([]Entry, error) {
	root, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, fmt.Errorf("open OCI layout %s: %w", dir, err)
	}
	idx, err := root.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("read OCI layout %s: %w", dir, err)
	}
	if ref != "" && len(idx.Manifests) > 1 {
		return nil, fmt.Errorf("import %s: it holds %d images, so they cannot all become %s", dir, len(idx.Manifests), ref)
	}
	adds := make([]add, 0, len(idx.Manifests))
	for _, d := range idx.Manifests {
		a, err := layoutAdd(root, d, ref)
		if err != nil {
			return nil, fmt.Errorf("import %s: %w", dir, err)
		}
		adds = append(adds, a)
	}
	return s.add(ctx, adds)
}

func layoutAdd(root v1.ImageIndex, d v1.Descriptor, ref string) (add, error) {
	named, err := nameOf(ref, d.Annotations[containerdName], d.Annotations[ocispecs.AnnotationRefName])
	if err != nil {
		return add{}, err
	}
	if d.MediaType.IsIndex() {
		sub, err := root.ImageIndex(d.Digest)
		if err != nil {
			return add{}, fmt.Errorf("index %s: %w", d.Digest, err)
		}
		return add{ref: named, item: sub, write: func(p layout.Path) error { return p.WriteIndex(sub) }}, nil
	}
	img, err := root.Image(d.Digest)
	if err != nil {
		return add{}, fmt.Errorf("image %s: %w", d.Digest, err)
	}
	return imageAdd(named, img), nil
}

func imageAdd(named reference.Named, img v1.Image) add {
	return add{ref: named, item: img, write: func(p layout.Path) error { return p.WriteImage(img) }}
}

// nameOf takes the caller's name or the first that the image carries. A bare
// tag, which layouts may have for a name, does not count.
func nameOf(ref string, carried ...string) (reference.Named, error) {
	if ref != "" {
		return normalise(ref)
	}
	for i, c := range carried {
		bareTag := i > 0 && !slices.ContainsFunc([]rune(c), func(r rune) bool { return r == '/' || r == ':' })
		if c != "" && !bareTag {
			return normalise(c)
		}
	}
	return nil, ErrNoName
}

func (s *Store) importDocker(ctx context.Context, path, ref string) ([]Entry, error) {
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	m, err := tarball.LoadManifest(open)
	if err != nil {
		return nil, fmt.Errorf("import %s: neither an OCI layout nor an archive of `docker save`: %w", path, err)
	}
	if len(m) != 1 {
		return nil, fmt.Errorf("import %s: it holds %d images; save them one by one", path, len(m))
	}
	img, err := tarball.Image(open, nil)
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", path, err)
	}
	names := m[0].RepoTags
	if ref != "" || len(names) == 0 {
		names = []string{ref}
	}
	adds := make([]add, 0, len(names))
	for _, n := range names {
		named, err := nameOf(n)
		if err != nil {
			return nil, fmt.Errorf("import %s: %w", path, err)
		}
		adds = append(adds, imageAdd(named, img))
	}
	return s.add(ctx, adds)
}

// add writes blobs first and the index last.
func (s *Store) add(ctx context.Context, adds []add) ([]Entry, error) {
	var out []Entry
	err := s.write(ctx, func(idx *ocispecs.Index) error {
		for _, a := range adds {
			if err := a.write(layout.Path(s.dir)); err != nil {
				return fmt.Errorf("write image %s: %w", a.ref, err)
			}
			d, err := descriptor(a)
			if err != nil {
				return err
			}
			e, err := s.entry(d)
			if err != nil {
				return err
			}
			idx.Manifests = append(slices.DeleteFunc(idx.Manifests, func(old ocispecs.Descriptor) bool {
				return old.Annotations[ocispecs.AnnotationRefName] == a.ref.String()
			}), d)
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

func descriptor(a add) (ocispecs.Descriptor, error) {
	d, err := partial.Descriptor(a.item)
	if err != nil {
		return ocispecs.Descriptor{}, fmt.Errorf("describe image %s: %w", a.ref, err)
	}
	return ocispecs.Descriptor{
		MediaType: string(d.MediaType), Digest: digest.Digest(d.Digest.String()), Size: d.Size,
		Annotations: map[string]string{ocispecs.AnnotationRefName: a.ref.String()},
	}, nil
}

// tarHas reports whether the archive at path has a file of that name.
func tarHas(path, name string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("not a tar archive: %w", err)
		}
		if filepath.Clean(h.Name) == name {
			return true, nil
		}
	}
}
