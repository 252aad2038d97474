package runtime

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/moby/buildkit/client/llb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Image implements ops.Builder.
func (l *lowering) Image(ctx context.Context, ref string) (llb.State, error) {
	img, err := l.opt.Images.ResolveImage(ctx, ref, l.opt.Platform)
	if err != nil {
		return llb.State{}, err
	}
	config, err := img.config()
	if err != nil {
		return llb.State{}, err
	}
	return withConfig(l.imageSource(img), config)
}

func (l *lowering) imageSource(img Image) llb.State {
	pinned := img.Ref
	if img.Digest != "" && !strings.Contains(pinned, "@") {
		pinned += "@" + img.Digest.String()
	}
	if img.Layout == "" {
		opts := make([]llb.ImageOption, 0, len(l.Opts()))
		for _, o := range l.Opts() {
			opts = append(opts, o)
		}
		return llb.Image(pinned, opts...)
	}
	opts := []llb.OCILayoutOption{llb.OCIStore("", img.Layout)}
	for _, o := range l.Opts() {
		opts = append(opts, o)
	}
	return llb.OCILayout(pinned, opts...)
}

// configKey keeps an image's whole config on a state, for an op that makes an
// image of it: llb keeps environment, directory and user, and drops the rest.
type configKey struct{}

// withConfig applies an image's config to a state, and keeps all of it.
func withConfig(s llb.State, config []byte) (llb.State, error) {
	s, err := s.WithImageConfig(config)
	if err != nil {
		return s, err
	}
	var img ocispecs.Image
	if err := json.Unmarshal(config, &img); err != nil {
		return s, err
	}
	if img.Config.User != "" { // llb leaves it out
		s = setUser(s, img.Config.User)
	}
	return s.WithValue(configKey{}, config), nil
}

// userKey keeps the user beside llb's own value, which cannot be read back.
type userKey struct{}

func setUser(s llb.State, name string) llb.State {
	return s.User(name).WithValue(userKey{}, name)
}

// flatten drops the history of a state. llb looks a value up through every
// state before it, which makes a long chain of components quadratic.
func flatten(ctx context.Context, s llb.State) (llb.State, error) {
	if s.Output() == nil {
		return s, nil
	}
	env, err := s.Env(ctx)
	if err != nil {
		return s, err
	}
	dir, err := s.GetDir(ctx)
	if err != nil {
		return s, err
	}
	flat := llb.NewState(s.Output())
	for _, kv := range env.ToArray() {
		k, v, _ := strings.Cut(kv, "=")
		flat = flat.AddEnv(k, v)
	}
	flat = flat.Dir(dir)
	if platform, err := s.GetPlatform(ctx); err == nil && platform != nil {
		flat = flat.Platform(*platform)
	}
	user, err := s.Value(ctx, userKey{})
	if name, ok := user.(string); ok {
		flat = setUser(flat, name)
	}
	if err != nil {
		return flat, err
	}
	config, err := s.Value(ctx, configKey{})
	if c, ok := config.([]byte); ok {
		flat = flat.WithValue(configKey{}, c)
	}
	if err != nil {
		return flat, err
	}
	several, err := s.Value(ctx, variantsKey{})
	if several != nil {
		flat = flat.WithValue(variantsKey{}, several)
	}
	return flat, err
}

// imageConfig is the config of an image made of a state: that of the image it
// began with, with what ops have changed since.
func imageConfig(ctx context.Context, s llb.State, platform ocispecs.Platform) ([]byte, error) {
	raw, err := s.Value(ctx, configKey{})
	if err != nil {
		return nil, err
	}
	image, inner := map[string]any{}, map[string]any{}
	if text, ok := raw.([]byte); ok {
		if err := json.Unmarshal(text, &image); err != nil {
			return nil, fmt.Errorf("read the image's config: %w", err)
		}
		if c, ok := image["config"].(map[string]any); ok {
			inner = c
		}
	} else {
		image["os"], image["architecture"] = platform.OS, platform.Architecture
	}
	env, err := s.Env(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := s.GetDir(ctx)
	if err != nil {
		return nil, err
	}
	user, err := s.Value(ctx, userKey{})
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]any{"Env": env.ToArray(), "WorkingDir": dir, "User": user} {
		if inner[name] = value; value == nil {
			delete(inner, name)
		}
	}
	image["config"] = inner
	return json.Marshal(image)
}
