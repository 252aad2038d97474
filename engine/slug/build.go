package slug

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"

	"github.com/dagger/dagger-lsp/engine/mask"
	"github.com/dagger/dagger-lsp/runtime"
)

// Source is where a compiled job comes from.
type Source struct {
	Plan *runtime.Plan
	// Workspace is the folder that paths are told from.
	Workspace string
	// Version is this program's.
	Version string
	// Tags are the names of the CUE tags and inputs that were set.
	Tags []string
	// Values are what earlier passes have read.
	Values []runtime.GivenValue
	// Platform is what the job was lowered for.
	Platform string
	// Secrets are the texts that the job was given while it was compiled.
	Secrets map[string][]byte
}

// ErrEmpty says that a target has nothing to solve.
var ErrEmpty = errors.New("the target does nothing that BuildKit could run")

// ErrPartial says that a job waits for values, or for what happens outside of LLB.
var ErrPartial = errors.New("the job is not fully compiled")

// PasswordError says that an address holds a password.
type PasswordError struct {
	// URL is without it.
	URL string
}

func (e *PasswordError) Error() string {
	return fmt.Sprintf("the address %s holds a password, and a slug holds no secrets: give it as a secret", e.URL)
}

// SecretError says that the slug would hold a secret's text, in one of the forms
// that package mask knows.
type SecretError struct {
	// Name is the secret's path.
	Name string
}

func (e *SecretError) Error() string {
	return fmt.Sprintf("the text of the secret %s would stand in the slug", e.Name)
}

// Scope is the name of a plan's project wherever it lies: how the ids of its
// own cache mounts begin.
func Scope(p *runtime.Plan) string {
	return path.Join("slug", p.ModulePath(), p.Package)
}

// Build makes the slug of a job that was lowered with Scope. It reads the
// folders of the job, for their digests.
func Build(ctx context.Context, job *runtime.Job, src Source) (*Slug, []byte, error) {
	def := job.Definition.ToPB()
	switch {
	case job.Partial || len(job.Actions) > 0:
		return nil, nil, ErrPartial
	case len(def.Def) == 0:
		return nil, nil, ErrEmpty
	}
	ops, err := parse(def)
	if err != nil {
		return nil, nil, err
	}
	if err := checkPasswords(ops); err != nil {
		return nil, nil, err
	}
	meta := Meta{
		Version: src.Version, Package: src.Plan.Package, Dir: src.rel(src.Plan.Dir), Target: job.Target,
		Platform: src.Platform, Scope: Scope(src.Plan), Tags: src.Tags,
	}
	for _, v := range src.Values {
		meta.Values = append(meta.Values, Value{Path: v.Path, Value: v.Value, Label: v.Label})
	}
	if meta.Locals, err = locals(ctx, ops, job.Locals); err != nil {
		return nil, nil, err
	}
	src.steps(&meta, job, def)
	if meta.Files, err = src.files(meta.Steps); err != nil {
		return nil, nil, err
	}
	same := bindings{scope: meta.Scope, local: contentID(meta.Locals)}
	if def, err = rebind(def, ops, same, same); err != nil {
		return nil, nil, err
	}
	s, data, err := New(def, meta)
	if name, found := src.masker().Find(data); err == nil && found {
		return nil, nil, &SecretError{Name: name}
	}
	return s, data, err
}

// masker knows the secrets that are written in the plan as plain text, and those
// that were given.
func (src Source) masker() *mask.Masker {
	secrets := maps.Clone(src.Secrets)
	if secrets == nil {
		secrets = map[string][]byte{}
	}
	for _, path := range src.Plan.PlainSecrets() {
		if text, ok := src.Plan.PlainSecret(path); ok {
			secrets[path] = text
		}
	}
	return mask.New(secrets)
}

func parse(def *pb.Definition) ([]*pb.Op, error) {
	ops := make([]*pb.Op, len(def.Def))
	for i, dt := range def.Def {
		ops[i] = &pb.Op{}
		if err := proto.Unmarshal(dt, ops[i]); err != nil {
			return nil, fmt.Errorf("read vertex %d: %w", i, err)
		}
	}
	return ops, nil
}

// checkPasswords looks at the addresses of sources: their passwords would stand
// in the slug for all to read.
func checkPasswords(ops []*pb.Op) error {
	for _, op := range ops {
		src := op.GetSource()
		for _, address := range []string{src.GetIdentifier(), src.GetAttrs()[pb.AttrFullRemoteURL]} {
			u, err := url.Parse(address)
			if err != nil || u.User == nil {
				continue
			}
			if _, has := u.User.Password(); has {
				return &PasswordError{URL: u.Redacted()}
			}
		}
	}
	return nil
}

// locals hashes each reading of a folder once.
func locals(ctx context.Context, ops []*pb.Op, dirs map[string]runtime.Local) ([]Local, error) {
	var out []Local
	for _, op := range ops {
		l, ok, err := localOf(op)
		if err != nil {
			return nil, err
		}
		if !ok || slices.ContainsFunc(out, l.same) {
			continue
		}
		if l, err = HashDir(ctx, l, dirs[l.Name].Dir); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// contentID tells folders of other content apart.
func contentID(locals []Local) string {
	var b strings.Builder
	for _, l := range locals {
		fmt.Fprintf(&b, "%q %q %q %q %s\n", l.Name, l.Include, l.Exclude, l.Follow, l.Digest)
	}
	return "content:" + digest.FromString(b.String()).Encoded()
}

func (src Source) steps(meta *Meta, job *runtime.Job, def *pb.Definition) {
	index := map[digest.Digest]int{}
	for i, d := range digestsOf(def) {
		index[d] = i
	}
	for _, s := range job.Steps {
		step := Step{
			Component: s.ID.Component, Index: s.ID.Index, Do: s.Do, Summary: s.Summary, Unused: s.Unused,
			File: src.place(s), Range: [4]int{s.Range.Start.Line, s.Range.Start.Column, s.Range.End.Line, s.Range.End.Column},
		}
		for _, d := range s.Digests {
			if i, ok := index[d]; ok {
				step.Vertices = append(step.Vertices, i)
			}
		}
		meta.Steps = append(meta.Steps, step)
	}
	for _, e := range job.Exports {
		meta.Exports = append(meta.Exports, Export{
			Component: e.Op.Component, Index: e.Op.Index, Source: e.Source, Path: e.Path, Format: e.Format,
		})
	}
}

// place names the file of a step without a word about this machine.
func (src Source) place(s runtime.Step) string {
	if s.Range.File == "" {
		return ""
	}
	return runtime.FileName(src.Workspace, s.Range.File, s.ID.Component)
}

func (src Source) rel(path string) string {
	return runtime.FileName(src.Workspace, path, "")
}

// files are the package's own, those that steps stand in, and the module's.
func (src Source) files(steps []Step) ([]File, error) {
	paths := map[string]string{}
	for _, f := range src.Plan.Files {
		paths[src.rel(f)] = f
	}
	for _, s := range steps {
		if s.File != "" {
			paths[s.File] = filepath.Join(src.Workspace, filepath.FromSlash(s.File))
		}
	}
	module := filepath.Join(src.Workspace, "cue.mod", "module.cue")
	paths[src.rel(module)] = module
	var out []File
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		data, err := os.ReadFile(paths[name])
		if errors.Is(err, os.ErrNotExist) {
			continue // no module, or a package from inside the program
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		out = append(out, File{Path: name, Digest: digest.FromBytes(data)})
	}
	return out, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
