package runtime

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/patternmatcher/ignorefile"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dagger/dagger-lsp/runtime/dockerfile"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Files reads what lowering must know of a component's result: the Dockerfile
// in a build context. That solves the component, in the job's session.
type Files interface {
	ReadFiles(ctx context.Context, r FileRequest) (map[string][]byte, error)
}

// FileRequest asks for files of a definition's result.
type FileRequest struct {
	Definition *llb.Definition
	// Job has the steps and the local directories known so far.
	Job *Job
	// Paths are absolute. Those that do not exist are left out of the answer.
	Paths []string
}

// dockerBuild lowers one docker-build.
type dockerBuild struct {
	*lowering
	ops.Dockerfile
	text []byte
	// context is the definition of what COPY reads; nil if there is none.
	// filter is its last vertex, if that leaves out what .dockerignore says.
	context *llb.Definition
	filter  digest.Digest
	// digests are the vertices of the build that was compiled last.
	digests []digest.Digest
}

// Dockerfile implements ops.Builder.
func (l *lowering) Dockerfile(ctx context.Context, d ops.Dockerfile) (llb.State, error) {
	b := &dockerBuild{lowering: l, Dockerfile: d}
	if d.Text != nil {
		b.text = []byte(*d.Text)
	}
	if d.Context != "" {
		if err := b.readContext(ctx); err != nil {
			return llb.State{}, err
		}
	}
	main := b.mainPlatform()
	state, err := b.build(ctx, main)
	l.own = b.digests
	if err != nil || len(d.Platforms) < 2 {
		return state, err
	}
	several := &variants{op: l.op.ID, main: state.Output()}
	for _, p := range d.Platforms {
		v := variant{platform: p, state: state, digests: l.own}
		if !same(p, main) {
			if v.state, err = b.build(ctx, p); err != nil {
				return state, err
			}
			v.digests = b.digests
		}
		several.all = append(several.all, v)
	}
	return state.WithValue(variantsKey{}, several), nil
}

func same(a, b ocispecs.Platform) bool { return platforms.Format(a) == platforms.Format(b) }

// mainPlatform is the one that the script goes on with: the job's own, or the
// first.
func (b *dockerBuild) mainPlatform() ocispecs.Platform {
	own := b.opt.Platform
	for _, p := range b.Platforms {
		if p.OS == own.OS && p.Architecture == own.Architecture {
			return p
		}
	}
	if len(b.Platforms) > 0 {
		return b.Platforms[0]
	}
	return own
}

// dockerignore is the file that says what is not part of a context.
const dockerignore = ".dockerignore"

// readContext lowers the context and reads the Dockerfile in it. What
// .dockerignore names is taken out of it.
func (b *dockerBuild) readContext(ctx context.Context) error {
	state, err := b.Component(ctx, b.Context)
	if err != nil {
		return err
	}
	files, err := b.contextFiles(ctx, state)
	if err != nil {
		return err
	}
	if b.Text == nil {
		text, ok := files[b.Path]
		if !ok {
			return b.mistake(&dockerfile.Error{Message: "there is no file " + b.Path + " in the context"})
		}
		b.text = text
	}
	ignore, ok := files[b.Path+dockerignore]
	if !ok {
		ignore = files["/"+dockerignore]
	}
	if state, err = b.without(ctx, state, ignore); err != nil {
		return err
	}
	b.context, err = state.Marshal(ctx, b.opt.constraints()...)
	return err
}

func (b *dockerBuild) contextFiles(ctx context.Context, state llb.State) (map[string][]byte, error) {
	if state.Output() == nil {
		return nil, nil
	}
	if b.opt.Files == nil {
		return nil, &ops.FieldError{
			Field: "context", Code: string(CodeNeedsSession),
			Message: "what the Dockerfile says is known only when the context is there",
			Hint:    "give the Dockerfile's text as dockerfile, and no context, to compile it without running",
		}
	}
	def, err := state.Marshal(ctx, b.opt.constraints()...)
	if err != nil {
		return nil, fmt.Errorf("marshal the build context: %w", err)
	}
	paths := []string{b.Path + dockerignore, "/" + dockerignore}
	if b.Text == nil {
		paths = append(paths, b.Path)
	}
	return b.opt.Files.ReadFiles(ctx, FileRequest{Definition: def, Job: b.job, Paths: paths})
}

// without leaves out of the context what its .dockerignore says.
func (b *dockerBuild) without(ctx context.Context, state llb.State, ignore []byte) (llb.State, error) {
	patterns, err := ignorefile.ReadAll(bytes.NewReader(ignore))
	if err != nil {
		return state, b.mistake(&dockerfile.Error{Message: dockerignore + ": " + err.Error(), Cause: err})
	}
	if len(patterns) == 0 || state.Output() == nil {
		return state, nil
	}
	info := &llb.CopyInfo{CopyDirContentsOnly: true, ExcludePatterns: patterns}
	state = llb.Scratch().File(llb.Copy(state, "/", "/", info), b.Opts()...)
	b.filter, _, _, _, err = state.Output().Vertex(ctx, b.constraints).Marshal(ctx, b.constraints)
	return state, err
}

// build compiles the Dockerfile for one platform.
func (b *dockerBuild) build(ctx context.Context, p ocispecs.Platform) (llb.State, error) {
	in := dockerfile.Build{
		Text: b.text, Name: strings.TrimPrefix(b.Path, "/"), Native: b.opt.Platform, Platform: p,
		Args: map[string]string{}, SecretArgs: map[string]string{}, Labels: b.Labels, Target: b.Target,
		Hosts: b.Hosts, CacheScope: "cuellb/" + b.opt.CacheScope, Images: bases{b.opt.Images},
	}
	if b.context != nil && len(b.context.Def) > 0 {
		in.Context = b.context.ToPB()
	}
	for name, v := range b.Args {
		if v.Secret == "" {
			in.Args[name] = v.String
			continue
		}
		id, err := b.Secret(v.Secret)
		if err != nil {
			return llb.State{}, err
		}
		in.SecretArgs[name] = id
	}
	built, err := dockerfile.Convert(ctx, in)
	if err != nil {
		return llb.State{}, b.refused(ctx, err)
	}
	return b.state(built)
}

// refused places what is wrong with a build.
func (b *dockerBuild) refused(ctx context.Context, err error) error {
	var (
		mistake *dockerfile.Error
		resolve *dockerfile.ResolveError
		missing *NotFoundError
	)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &resolve) && !errors.As(err, &missing):
		return resolve.Err
	case errors.As(err, &mistake):
		return b.mistake(mistake)
	}
	return err
}

// mistake is a mistake in the Dockerfile, at the field that it comes from: at
// the line, if its text is in the op.
func (b *dockerBuild) mistake(e *dockerfile.Error) *ops.FieldError {
	out := &ops.FieldError{Field: "dockerfile", Code: string(CodeBadValue), Message: e.Message, Hint: e.Hint}
	where := "line " + strconv.Itoa(e.Line)
	if b.Text == nil {
		out.Field, where = "dockerfilePath", strings.TrimPrefix(b.Path, "/")+" "+where
		if b.op.FieldRange(out.Field) == b.op.Range {
			out.Field = "context"
		}
	} else {
		out.Line = e.Line
	}
	if e.Line > 0 {
		out.Message = where + ": " + out.Message
	}
	var missing *NotFoundError
	if errors.As(e.Cause, &missing) {
		notFound := b.op.imageProblem(missing)
		out.Code, out.Hint = string(notFound.Code), notFound.Hint
		out.Message = strings.TrimPrefix(where+": ", "line 0: ") + notFound.Message
	}
	return out
}

// state is the state of what was built, its vertices marked as the op's own.
func (b *dockerBuild) state(built *dockerfile.Result) (llb.State, error) {
	def := built.Definition
	def.Source = b.sources(built)
	b.digests = nil
	if slices.ContainsFunc(def.Def, func(dt []byte) bool { return digest.FromBytes(dt) == b.filter }) {
		b.digests = append(b.digests, b.filter)
	}
	for _, v := range built.Own {
		desc := def.Metadata[v.Digest.String()].Description
		desc["llb.customname"] = fmt.Sprintf("[%s] %s", b.op.ID, v.Name)
		desc[DescriptionComponent], desc[DescriptionOp] = b.op.ID.Component, strconv.Itoa(b.op.ID.Index)
		b.digests = append(b.digests, v.Digest)
	}
	op, err := llb.NewDefinitionOp(def)
	if err != nil {
		return llb.State{}, fmt.Errorf("read the compiled Dockerfile: %w", err)
	}
	state := llb.Scratch()
	if len(built.Own) > 0 {
		state = llb.NewState(op)
	}
	return withConfig(state, built.Config)
}

// sources are the places of a build's vertices: in the CUE file, for a
// Dockerfile may be nowhere else.
func (b *dockerBuild) sources(built *dockerfile.Result) *pb.Source {
	out := &pb.Source{Locations: map[string]*pb.Locations{}}
	if b.context != nil && b.context.Source != nil {
		out.Infos = append(out.Infos, b.context.Source.Infos...)
		maps.Copy(out.Locations, b.context.Source.Locations)
	}
	index := int32(len(out.Infos)) //nolint:gosec // a handful of files
	out.Infos = append(out.Infos, &pb.SourceInfo{Filename: b.sourceMap(b.op.Range).Filename, Language: "CUE"})
	for _, v := range built.Own {
		at := b.op.Range
		if b.Text != nil && v.Line > 0 {
			at = b.op.lineRange("dockerfile", v.Line)
		}
		out.Locations[v.Digest.String()] = &pb.Locations{Locations: []*pb.Location{{SourceIndex: index, Ranges: sourceRange(at)}}}
	}
	return out
}

// bases are the job's images, as a Dockerfile asks for them.
type bases struct{ Resolver }

// ResolveBase implements dockerfile.Resolver.
func (b bases) ResolveBase(ctx context.Context, ref string, p ocispecs.Platform) (dockerfile.Image, error) {
	img, err := b.ResolveImage(ctx, ref, p)
	if err != nil {
		return dockerfile.Image{}, err
	}
	config, err := img.config()
	return dockerfile.Image{Digest: img.Digest, Config: config, Layout: img.Layout}, err
}

// config is the image's config with all that its registry has of it.
func (img Image) config() ([]byte, error) {
	if img.Raw != nil {
		return img.Raw, nil
	}
	return json.Marshal(img.Config)
}

// imageProblem says that an image the op names is nowhere.
func (o *Op) imageProblem(missing *NotFoundError) Problem {
	return Problem{
		Code: CodeImageNotFound, Severity: SeverityError, Component: o.ID.Component,
		Range: o.FieldRange("ref"), Message: missing.Error(),
		Hint: cmp.Or(missing.Hint, "put it into the local store with: dagger-lsp image import"),
	}
}
