package runtime

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Lower compiles target, and everything it depends on, to one LLB definition.
// What the user did wrong comes back as problems, and no job then; error is for
// the resolver's I/O and for cancellation.
func (p *Plan) Lower(ctx context.Context, target string, opt LowerOptions) (*Job, []Problem, error) {
	if problems := p.blocking(target); len(problems) > 0 {
		return nil, problems, nil
	}
	if opt.Platform.OS == "" {
		opt.Platform = MachinePlatform()
	}
	if opt.CacheScope == "" {
		opt.CacheScope = p.Package
	}
	if opt.LocalID == "" {
		opt.LocalID = opt.CacheScope
	}
	l := &lowering{
		plan: p, opt: opt, constraints: llb.NewConstraints(opt.constraints()...),
		results: map[*Component]llb.State{}, open: map[*Component]bool{}, files: map[string]*llb.SourceMap{},
		job: &Job{Target: target, Locals: map[string]Local{}, Passes: 1},
	}
	state, err := l.component(ctx, target)
	if err != nil {
		return nil, l.problems, ignoreReported(err)
	}
	if err := l.finish(ctx, state); err != nil {
		return nil, nil, err
	}
	return l.job, nil, nil
}

// constraints must be the same for every vertex and for the whole: digests
// depend on them.
func (opt LowerOptions) constraints() []llb.ConstraintsOpt {
	return []llb.ConstraintsOpt{llb.Platform(opt.Platform), llb.LocalUniqueID(opt.LocalID)}
}

// errReported stops lowering once a problem says why.
var errReported = errors.New("reported as a problem")

func ignoreReported(err error) error {
	if errors.Is(err, errReported) {
		return nil
	}
	return err
}

// lowering is the state of one Lower call. It implements ops.Builder for the
// op at hand.
type lowering struct {
	plan        *Plan
	opt         LowerOptions
	constraints *llb.Constraints
	results     map[*Component]llb.State
	open        map[*Component]bool // being lowered
	files       map[string]*llb.SourceMap
	job         *Job
	problems    []Problem
	exports     []exportState
	// op is being lowered; own are its vertices, if it has more than the last.
	op  *Op
	own []digest.Digest
}

type exportState struct {
	Export
	state llb.State
}

// errBadPlan says that a plan contradicts itself: it did not come from Evaluate.
var errBadPlan = errors.New("bad plan")

func (l *lowering) component(ctx context.Context, path string) (llb.State, error) {
	c := l.plan.Resolve(path)
	if c == nil || l.open[c] {
		return llb.State{}, fmt.Errorf("%w: component %q is missing or needs itself", errBadPlan, path)
	}
	if s, ok := l.results[c]; ok {
		return s, nil
	}
	l.open[c] = true
	defer delete(l.open, c)
	state := llb.Scratch()
	for _, op := range c.Ops {
		var err error
		if state, err = l.lowerOp(ctx, op, state); err != nil {
			return llb.State{}, err
		}
	}
	state, err := flatten(ctx, state)
	if err != nil {
		return llb.State{}, fmt.Errorf("lower %s: %w", c.Path, err)
	}
	l.results[c] = state
	return state, nil
}

func (l *lowering) lowerOp(ctx context.Context, op *Op, in llb.State) (llb.State, error) {
	// What op refers to comes first, so that steps stand in dependency order.
	for _, r := range op.Refs {
		if _, err := l.component(ctx, r.Component); err != nil {
			return llb.State{}, err
		}
	}
	l.op, l.own = op, nil
	out, err := op.Spec.Lower(ctx, l, in)
	if err != nil {
		return llb.State{}, l.report(op, err)
	}
	step := Step{ID: op.ID, Do: op.Do, Summary: op.Label(), Range: op.Range}
	if out.Output() != nil && out.Output() != in.Output() && op.Do != "load" {
		d, _, _, _, err := out.Output().Vertex(ctx, l.constraints).Marshal(ctx, l.constraints)
		if err != nil {
			return llb.State{}, fmt.Errorf("lower %s: %w", op.ID, err)
		}
		step.Digests = []digest.Digest{d}
	}
	if l.own != nil {
		step.Digests = l.own
	}
	l.job.Steps = append(l.job.Steps, step)
	return out, nil
}

// report turns an op's own mistake into a problem.
func (l *lowering) report(op *Op, err error) error {
	var field *ops.FieldError
	if errors.As(err, &field) {
		l.problems = append(l.problems, op.fieldProblem(field))
		return errReported
	}
	var missing *NotFoundError
	if errors.As(err, &missing) {
		l.problems = append(l.problems, op.imageProblem(missing))
		return errReported
	}
	if errors.Is(err, errReported) {
		return err
	}
	return fmt.Errorf("lower %s: %w", op.ID, err)
}

// finish marshals the result. Exports from states that the result does not
// keep as they were are copied beside it, so that one solve gives all of them.
func (l *lowering) finish(ctx context.Context, state llb.State) error {
	if state.Output() == nil && len(l.exports) == 0 {
		l.job.Definition = &llb.Definition{}
		return nil
	}
	root := l.collectExports(state)
	def, err := root.Marshal(ctx, l.opt.constraints()...)
	if err != nil {
		return fmt.Errorf("marshal %s: %w", l.job.Target, err)
	}
	l.job.Definition = def
	l.markUnused()
	return nil
}

// markUnused finds the steps that did not make it into the definition.
func (l *lowering) markUnused() {
	in := make(map[digest.Digest]bool, len(l.job.Definition.Def))
	for _, def := range l.job.Definition.Def {
		in[digest.FromBytes(def)] = true
	}
	for i, s := range l.job.Steps {
		if len(s.Digests) > 0 && !in[s.Digests[0]] {
			l.job.Steps[i].Digests, l.job.Steps[i].Unused = nil, true
		}
	}
}

// exportsName is what people see of the vertex that gathers exports.
const exportsName = "[exports] read back into CUE"

func (l *lowering) collectExports(state llb.State) llb.State {
	inResult := true
	for _, e := range l.exports {
		inResult = inResult && e.state.Output() == state.Output()
	}
	if inResult {
		for _, e := range l.exports {
			l.job.Exports = append(l.job.Exports, e.Export)
		}
		return state
	}
	var action *llb.FileAction
	if state.Output() != nil {
		// This copies nothing: it makes the target's result part of the whole.
		action = llb.Copy(state, "/.cuellb-nothing*", "/", &llb.CopyInfo{
			AllowWildcard: true, AllowEmptyWildcard: true,
		})
	}
	for i, e := range l.exports {
		e.Path = "/" + strconv.Itoa(i)
		l.job.Exports = append(l.job.Exports, e.Export)
		info := &llb.CopyInfo{FollowSymlinks: true}
		if action == nil {
			action = llb.Copy(e.state, e.Source, e.Path, info)
			continue
		}
		action = action.Copy(e.state, e.Source, e.Path, info)
	}
	return llb.Scratch().File(action, llb.WithCustomName(exportsName))
}

// The methods below are ops.Builder.

// Component implements ops.Builder.
func (l *lowering) Component(ctx context.Context, ref ops.Ref) (llb.State, error) {
	return l.component(ctx, string(ref))
}

// alwaysExcluded is left out of every local directory: it is our own state.
const alwaysExcluded = "**/.dagger/"

// Local implements ops.Builder.
func (l *lowering) Local(_ context.Context, dir string, include, exclude []string) (llb.State, error) {
	name, local, mistake := l.plan.resolveLocal(l.op, dir, l.opt.Workspace)
	if mistake != nil {
		return llb.State{}, mistake
	}
	if _, ok := l.job.Locals[name]; !ok {
		l.job.Locals[name] = local
	}
	opts := []llb.LocalOption{
		llb.ExcludePatterns(append([]string{alwaysExcluded}, exclude...)),
		llb.SharedKeyHint(name),
	}
	if len(include) > 0 {
		opts = append(opts, llb.IncludePatterns(include))
	}
	for _, o := range l.Opts() {
		opts = append(opts, o)
	}
	return llb.Local(name, opts...), nil
}

// resolveLocal finds the directory of a `local` op. Its name in the LLB is the
// path from the workspace, so that the same text gives the same bytes on every
// machine.
func (p *Plan) resolveLocal(op *Op, dir, workspace string) (string, Local, *ops.FieldError) {
	abs := dir
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(p.opDir(op), filepath.FromSlash(dir))
	}
	if workspace == "" {
		workspace = p.Root
	}
	real, realWorkspace := followLinks(abs), followLinks(workspace)
	rel, err := filepath.Rel(realWorkspace, real)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", Local{}, &ops.FieldError{
			Field: "dir", Code: string(CodePathEscapes),
			Message: fmt.Sprintf("%q leads out of the workspace %s", dir, workspace),
			Hint:    "keep the directory inside the workspace, or open a folder that holds both",
		}
	}
	return filepath.ToSlash(rel), Local{Dir: real, Op: op.ID}, nil
}

// opDir is the folder that an op's relative paths start from: that of the
// package it is written in.
func (p *Plan) opDir(op *Op) string {
	if op.Range.File != "" && strings.Contains(op.ID.Component, ":") {
		return filepath.Dir(op.Range.File)
	}
	return p.Dir
}

// followLinks resolves symbolic links as far as the path exists.
func followLinks(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}

// CacheID implements ops.Builder.
func (l *lowering) CacheID(path string) string {
	return "cuellb/" + l.opt.CacheScope + "/" + l.op.ID.Component + ":" + path
}

// Export implements ops.Builder.
func (l *lowering) Export(state llb.State, path, format string) {
	l.exports = append(l.exports, exportState{
		Export: Export{Op: l.op.ID, Source: path, Path: path, Format: format},
		state:  state,
	})
}

// Opts implements ops.Builder.
func (l *lowering) Opts() []llb.ConstraintsOpt {
	op := l.op
	return []llb.ConstraintsOpt{
		l.sourceMap(op.Range).Location(sourceRange(op.Range)),
		llb.WithCustomNamef("[%s] %s", op.ID, op.Label()),
		llb.WithDescription(map[string]string{
			DescriptionComponent: op.ID.Component,
			DescriptionOp:        strconv.Itoa(op.ID.Index),
		}),
		llb.Platform(l.opt.Platform),
	}
}

// The keys of what each vertex says about where it comes from.
const (
	DescriptionComponent = "cuellb.component"
	DescriptionOp        = "cuellb.op"
)
