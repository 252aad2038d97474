package dockerfile

import (
	"context"
	"fmt"
	"maps"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Build is a Dockerfile and what is asked of it.
type Build struct {
	// Text is the Dockerfile, Name its path for messages.
	Text []byte
	Name string
	// Context is what COPY and ADD read from; nil if there is none.
	Context *pb.Definition
	// Native is what the daemon runs, Platform what the build is for.
	Native, Platform ocispecs.Platform
	// Args are build arguments; SecretArgs maps those that are secrets to the
	// ids by which the daemon asks for them.
	Args, SecretArgs map[string]string
	Labels           map[string]string
	// Target is the stage to build; empty takes the last.
	Target string
	Hosts  []llb.HostIP
	// CacheScope keeps RUN's cache mounts apart from those of others.
	CacheScope string
	// Images resolves what FROM names.
	Images Resolver
}

// Image is a resolved base image.
type Image struct {
	Digest digest.Digest
	// Config is the image's config as its registry has it.
	Config []byte
	// Layout names the OCI layout that holds it; empty for a registry.
	Layout string
}

// Resolver finds images. The reference is normalised.
type Resolver interface {
	ResolveBase(ctx context.Context, ref string, p ocispecs.Platform) (Image, error)
}

// Result is a compiled Dockerfile.
type Result struct {
	// Definition holds the context's vertices as they were, and the build's.
	Definition *pb.Definition
	// Own are the build's vertices.
	Own []Vertex
	// Config is the config of the image that is built, as JSON.
	Config []byte
}

// Vertex is one vertex of a build.
type Vertex struct {
	Digest digest.Digest
	// Name is the instruction, such as "[2/3] RUN make".
	Name string
	// Line is where it is written, from 1; 0 if it is nowhere.
	Line int
}

// Error is a mistake in a Dockerfile, or in what is asked of it.
type Error struct {
	// Line is where, from 1; 0 if it is no line's.
	Line          int
	Message, Hint string
	Cause         error
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Message)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Convert compiles a Dockerfile. Mistakes in it come back as an *Error.
func Convert(ctx context.Context, b Build) (*Result, error) {
	context, foreign, err := b.context()
	if err != nil {
		return nil, err
	}
	images := &bases{resolver: b.Images, layouts: map[string]string{}}
	built, err := dockerfile2llb.Dockerfile2LLB(ctx, b.Text, b.options(context, images))
	if err != nil {
		return nil, b.explain(err)
	}
	def, err := built.State.Marshal(ctx, llb.Platform(b.Platform))
	if err != nil {
		return nil, fmt.Errorf("marshal the build of %s: %w", b.Name, err)
	}
	r := &rewriter{build: &b, foreign: foreign, layouts: images.layouts, renamed: map[string]string{}}
	res := &Result{}
	if res.Definition, res.Own, err = r.rewrite(def.ToPB()); err != nil {
		return nil, err
	}
	res.Config, err = b.config(built.Image)
	return res, err
}

// context gives what COPY reads from, and the vertices that are not the
// build's. Without a context it is a vertex that no build may use.
func (b *Build) context() (llb.State, map[digest.Digest]bool, error) {
	if b.Context == nil {
		nothing := llb.Scratch().File(llb.Rm("/nothing", llb.WithAllowNotFound(true)), llb.WithCustomName(noContext))
		return nothing, nil, nil
	}
	op, err := llb.NewDefinitionOp(b.Context)
	if err != nil {
		return llb.State{}, nil, fmt.Errorf("read the build context: %w", err)
	}
	foreign := map[digest.Digest]bool{}
	for _, dt := range b.Context.Def[:max(len(b.Context.Def)-1, 0)] {
		foreign[digest.FromBytes(dt)] = true
	}
	return llb.NewState(op), foreign, nil
}

// noContext marks the vertex that stands for a context that is not there.
const noContext = "[context] there is none"

func (b *Build) options(context llb.State, images *bases) dockerfile2llb.ConvertOpt {
	// Without capabilities the conversion takes its oldest ways, and fails on
	// some mounts. These are the linked version's, as the embedded daemon's.
	caps := pb.Caps.CapSet(pb.Caps.All())
	args := maps.Clone(b.Args)
	if args == nil {
		args = map[string]string{}
	}
	for name := range b.SecretArgs {
		args[name] = placeholder(name)
	}
	return dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{
			BuildArgs: args, Labels: b.Labels, Target: b.Target, ExtraHosts: b.Hosts,
			CacheIDNamespace: b.CacheScope, BuildPlatforms: []ocispecs.Platform{b.Native},
		},
		MainContext: &context, MetaResolver: images, LLBCaps: &caps,
		SourceMap:      llb.NewSourceMap(nil, b.Name, "Dockerfile", nil),
		TargetPlatform: &b.Platform,
	}
}
