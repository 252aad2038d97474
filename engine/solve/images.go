package solve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dagger/dagger-lsp/runtime"
)

// images asks the local store, then the registry through the session's daemon.
type images struct {
	local runtime.Resolver
	gw    gateway.Client
	// logins know whether a registry has asked who we are.
	logins *logins
}

// ResolveImage implements runtime.Resolver.
func (r *images) ResolveImage(ctx context.Context, ref string, p ocispecs.Platform) (runtime.Image, error) {
	missing := &runtime.NotFoundError{Ref: ref}
	if r.local != nil {
		img, err := r.local.ResolveImage(ctx, ref, p)
		if err == nil || !errors.As(err, &missing) {
			return img, err
		}
	}
	named, err := reference.ParseDockerRef(ref)
	if err != nil {
		return runtime.Image{}, &runtime.NotFoundError{Ref: ref, Cause: err}
	}
	op := &pb.SourceOp{Identifier: "docker-image://" + named.String()}
	meta, err := r.gw.ResolveSourceMetadata(ctx, op, sourceresolver.Opt{
		LogName:  "resolve " + named.String(),
		ImageOpt: &sourceresolver.ResolveImageOpt{Platform: &p, ResolveMode: pb.AttrImageResolveModeDefault},
	})
	if ctx.Err() != nil {
		return runtime.Image{}, context.Cause(ctx)
	}
	if err != nil {
		tried := append(missing.Tried, fmt.Sprintf("the registry %s (%v)", reference.Domain(named), err))
		return runtime.Image{}, &runtime.NotFoundError{
			Ref: named.String(), Tried: tried, Cause: err, Hint: r.logins.hint(registryHost(named)),
		}
	}
	return imageOf(named.String(), meta)
}

func imageOf(ref string, meta *sourceresolver.MetaResponse) (runtime.Image, error) {
	if meta.Image == nil {
		return runtime.Image{}, fmt.Errorf("resolve %s: the daemon gave no image", ref)
	}
	img := runtime.Image{Ref: ref, Digest: meta.Image.Digest}
	if err := json.Unmarshal(meta.Image.Config, &img.Config); err != nil {
		return runtime.Image{}, fmt.Errorf("read the config of %s: %w", ref, err)
	}
	return img, nil
}

func formatPlatform(p ocispecs.Platform) string { return platforms.Format(platforms.Normalize(p)) }

// registryHost is the host of an image's registry, as BuildKit asks for it.
func registryHost(named reference.Named) string {
	if host := reference.Domain(named); host != "docker.io" {
		return host
	}
	return dockerHub
}
