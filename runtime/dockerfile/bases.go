package dockerfile

import (
	"context"
	"strings"
	"sync"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// bases resolves what FROM names. The conversion asks from several goroutines.
type bases struct {
	resolver Resolver

	mu sync.Mutex
	// layouts are the OCI layouts that hold images, by the identifier that
	// the conversion gives the image's vertex.
	layouts map[string]string
}

// ResolveImageConfig implements llb.ImageMetaResolver.
func (b *bases) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	if strings.Contains(ref, placeholderMark) {
		return "", "", nil, errSecretUse
	}
	named, err := reference.ParseDockerRef(ref)
	if err != nil {
		return "", "", nil, err
	}
	var p ocispecs.Platform
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		p = *opt.ImageOpt.Platform
	}
	img, err := b.resolver.ResolveBase(ctx, named.String(), p)
	if err != nil {
		return "", "", nil, &ResolveError{err}
	}
	pinned := named
	if _, ok := named.(reference.Canonical); !ok && img.Digest != "" {
		if pinned, err = reference.WithDigest(named, img.Digest); err != nil {
			return "", "", nil, err
		}
	}
	if img.Layout != "" {
		b.mu.Lock()
		b.layouts["docker-image://"+pinned.String()] = img.Layout
		b.mu.Unlock()
	}
	return named.String(), img.Digest, img.Config, nil
}

// ResolveError is what a Resolver answered, to find it again in the
// conversion's error.
type ResolveError struct{ Err error }

func (e *ResolveError) Error() string { return e.Err.Error() }

// Unwrap gives the resolver's error.
func (e *ResolveError) Unwrap() error { return e.Err }
