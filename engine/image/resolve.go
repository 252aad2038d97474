package image

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dagger/dagger-lsp/runtime"
)

// ResolveImage finds ref in the store, for a platform. It implements
// runtime.Resolver.
func (s *Store) ResolveImage(_ context.Context, ref string, p ocispecs.Platform) (runtime.Image, error) {
	named, err := normalise(ref)
	if err != nil {
		return runtime.Image{}, &runtime.NotFoundError{Ref: ref, Cause: err}
	}
	idx, err := s.index()
	if err != nil {
		return runtime.Image{}, err
	}
	tried := "the local image store"
	for _, d := range idx.Manifests {
		if !matches(d, named) {
			continue
		}
		ms, err := s.manifests(d)
		if err != nil {
			return runtime.Image{}, err
		}
		if m, ok := pick(ms, p); ok {
			return runtime.Image{Ref: named.String(), Digest: m.digest, Config: m.config, Layout: StoreID}, nil
		}
		tried = fmt.Sprintf("the local image store (which has it, but not for %s)", formatPlatform(p))
	}
	return runtime.Image{}, &runtime.NotFoundError{Ref: named.String(), Tried: []string{tried}}
}

// normalise gives the full reference: registry, path, and a tag or digest.
func normalise(ref string) (reference.Named, error) {
	named, err := reference.ParseDockerRef(ref)
	if err != nil {
		return nil, fmt.Errorf("image reference %q: %w", ref, err)
	}
	return named, nil
}

// matches compares by digest where the reference has one, by name otherwise.
func matches(d ocispecs.Descriptor, want reference.Named) bool {
	c, ok := want.(reference.Canonical)
	if !ok {
		return d.Annotations[ocispecs.AnnotationRefName] == want.String()
	}
	have, err := reference.ParseNormalizedNamed(d.Annotations[ocispecs.AnnotationRefName])
	return err == nil && have.Name() == want.Name() && d.Digest == c.Digest()
}

// manifest is one platform's image.
type manifest struct {
	digest   digest.Digest
	bytes    int64
	manifest ocispecs.Manifest
	config   ocispecs.Image
}

func (m manifest) size() int64 {
	n := m.bytes + m.manifest.Config.Size
	for _, l := range m.manifest.Layers {
		n += l.Size
	}
	return n
}

// manifests opens d: an image, or an index of images. Attestations and other
// entries that are not images are left out.
func (s *Store) manifests(d ocispecs.Descriptor) ([]manifest, error) {
	if !images.IsIndexType(d.MediaType) {
		m, err := s.manifest(d)
		if err != nil {
			return nil, err
		}
		return []manifest{m}, nil
	}
	var idx ocispecs.Index
	if err := s.blob(d.Digest, &idx); err != nil {
		return nil, err
	}
	var out []manifest
	for _, sub := range idx.Manifests {
		if !images.IsManifestType(sub.MediaType) || unknown(sub.Platform) || !s.has(sub.Digest) {
			continue
		}
		m, err := s.manifest(sub)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func (s *Store) manifest(d ocispecs.Descriptor) (manifest, error) {
	m := manifest{digest: d.Digest, bytes: d.Size}
	if err := s.blob(d.Digest, &m.manifest); err != nil {
		return m, err
	}
	return m, s.blob(m.manifest.Config.Digest, &m.config)
}

func unknown(p *ocispecs.Platform) bool { return p != nil && p.OS == "unknown" }

func (s *Store) path(dgst digest.Digest) string {
	return filepath.Join(s.dir, ocispecs.ImageBlobsDir, dgst.Algorithm().String(), dgst.Encoded())
}

func (s *Store) has(dgst digest.Digest) bool {
	_, err := os.Stat(s.path(dgst))
	return err == nil
}

// blob decodes a JSON blob.
func (s *Store) blob(dgst digest.Digest, v any) error {
	if err := dgst.Validate(); err != nil {
		return fmt.Errorf("image store: digest %q: %w", dgst, err)
	}
	b, err := os.ReadFile(s.path(dgst))
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("read blob %s of the image store: %w", dgst, err)
	}
	return nil
}

// pick takes the manifest that suits p best.
func pick(ms []manifest, p ocispecs.Platform) (manifest, bool) {
	if p.OS == "" {
		p = linux(platforms.DefaultSpec())
	}
	m := platforms.Only(platforms.Normalize(p))
	best := -1
	for i := range ms {
		if !m.Match(ms[i].config.Platform) {
			continue
		}
		if best < 0 || m.Less(ms[i].config.Platform, ms[best].config.Platform) {
			best = i
		}
	}
	if best < 0 {
		return manifest{}, false
	}
	return ms[best], true
}

// linux is what containers run, whatever the client's machine is.
func linux(p ocispecs.Platform) ocispecs.Platform {
	return ocispecs.Platform{OS: "linux", Architecture: p.Architecture, Variant: p.Variant}
}

func formatPlatform(p ocispecs.Platform) string { return platforms.Format(platforms.Normalize(p)) }
