package runtime

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Lower compiles target, and everything it depends on, to one LLB definition: as
// much of it as is known. What waits for a value or an action of this pass is
// left to a later one, when the plan has been made again with the values read
// and opt says what is done.
//
// What the user did wrong comes back as problems, and no job then; error is for
// the resolver's I/O and for cancellation.
func (p *Plan) Lower(ctx context.Context, target string, opt LowerOptions) (*Job, []Problem, error) {
	if problems := p.blocking(target); len(problems) > 0 {
		return nil, problems, nil
	}
	l := newLowering(p, opt.withDefaults(p))
	l.job.Target = target
	l.final = p.Resolve(target)
	closure := p.Closure(target)
	l.countUsers(closure)
	for _, c := range closure {
		if _, err := l.component(ctx, c.Path); err != nil {
			return nil, l.problems, ignoreReported(err)
		}
	}
	if err := l.finish(ctx); err != nil {
		return nil, nil, err
	}
	return l.job, nil, nil
}

func (opt LowerOptions) withDefaults(p *Plan) LowerOptions {
	if opt.Platform.OS == "" {
		opt.Platform = MachinePlatform()
	}
	if opt.CacheScope == "" {
		opt.CacheScope = p.Package
	}
	if opt.LocalID == "" {
		opt.LocalID = opt.CacheScope
	}
	return opt
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
	// final is the target; users counts the ops that take a component's result.
	final *Component
	users map[*Component]int
	// results are the components as far as they could be lowered, and order
	// the order in which that was.
	results  map[*Component]*lowered
	order    []*lowered
	open     map[*Component]bool // being lowered
	files    map[string]*llb.SourceMap
	job      *Job
	problems []Problem
	exports  []exportState
	// op is being lowered; own are its vertices, if it has more than the last.
	op  *Op
	own []digest.Digest
}

// lowered is a component's state after the ops that could be lowered.
type lowered struct {
	component *Component
	state     llb.State
	// complete says that these were all its ops.
	complete bool
	// used says that another component's op has taken the state in.
	used bool
}

type exportState struct {
	Export
	state llb.State
}

func newLowering(p *Plan, opt LowerOptions) *lowering {
	return &lowering{
		plan: p, opt: opt, constraints: llb.NewConstraints(opt.constraints()...),
		users: map[*Component]int{}, results: map[*Component]*lowered{}, open: map[*Component]bool{},
		files: map[string]*llb.SourceMap{}, job: &Job{Locals: map[string]Local{}},
	}
}

// countUsers counts, for each component, the ops that take its result.
func (l *lowering) countUsers(closure []*Component) {
	for _, c := range closure {
		for _, op := range c.Ops {
			for _, r := range op.Refs {
				l.users[l.plan.Resolve(r.Component)]++
			}
		}
	}
}

// errBadPlan says that a plan contradicts itself: it did not come from Evaluate.
var errBadPlan = errors.New("bad plan")

func (l *lowering) component(ctx context.Context, path string) (*lowered, error) {
	c := l.plan.Resolve(path)
	if c == nil || l.open[c] {
		return nil, fmt.Errorf("%w: component %q is missing or needs itself", errBadPlan, path)
	}
	if done := l.results[c]; done != nil {
		return done, nil
	}
	l.open[c] = true
	defer delete(l.open, c)
	out := &lowered{component: c, state: llb.Scratch(), complete: len(c.Waits) == 0}
	for _, op := range c.Ops {
		if err := l.next(ctx, out, op); err != nil {
			return nil, err
		}
	}
	state, err := flatten(ctx, out.state)
	if err != nil {
		return nil, fmt.Errorf("lower %s: %w", c.Path, err)
	}
	out.state = state
	l.results[c] = out
	l.order = append(l.order, out)
	return out, nil
}

// next adds an op to a component, if nothing before it waits.
func (l *lowering) next(ctx context.Context, c *lowered, op *Op) error {
	// What op refers to comes first, so that steps stand in dependency order,
	// and also where op itself has to wait.
	ready := c.complete && op.Spec != nil
	for _, r := range op.Refs {
		from, err := l.component(ctx, r.Component)
		if err != nil {
			return err
		}
		ready = ready && from.complete
	}
	step := Step{ID: op.ID, Do: op.Do, Summary: op.Label(), Range: op.Range, Waiting: !ready}
	if ready {
		if err := l.lowerOp(ctx, c, op, &step); err != nil {
			return err
		}
	}
	c.complete = c.complete && !step.Waiting
	l.job.Steps = append(l.job.Steps, step)
	return nil
}

func (l *lowering) lowerOp(ctx context.Context, c *lowered, op *Op, step *Step) error {
	l.op, l.own = op, nil
	in := c.state
	out, err := op.Spec.Lower(ctx, l, in)
	if errors.Is(err, ops.ErrPending) {
		// Its action is done in this pass; what follows it comes later.
		step.Outside, step.Waiting = true, l.hasFollowers(c.component, op)
		return nil
	}
	if err != nil {
		return l.report(op, err)
	}
	for _, r := range op.Refs {
		l.results[l.plan.Resolve(r.Component)].used = true
	}
	c.state = out
	if out.Output() != nil && out.Output() != in.Output() && op.Do != "load" {
		d, _, _, _, err := out.Output().Vertex(ctx, l.constraints).Marshal(ctx, l.constraints)
		if err != nil {
			return fmt.Errorf("lower %s: %w", op.ID, err)
		}
		step.Digests = []digest.Digest{d}
	}
	if l.own != nil {
		step.Digests = l.own
	}
	return nil
}

// hasFollowers reports that the state after op is of use to somebody.
func (l *lowering) hasFollowers(c *Component, op *Op) bool {
	return op.ID.Index < len(c.Ops)-1 || l.users[c] > 0
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

// The methods below are ops.Builder.

// Component implements ops.Builder.
func (l *lowering) Component(ctx context.Context, ref ops.Ref) (llb.State, error) {
	from, err := l.component(ctx, string(ref))
	if err != nil {
		return llb.State{}, err
	}
	return from.state, nil
}

// NoCache implements ops.Builder.
func (l *lowering) NoCache() bool { return l.opt.NoCache }

// RunID implements ops.Builder.
func (l *lowering) RunID() string { return l.opt.LocalID }

// CacheID implements ops.Builder.
func (l *lowering) CacheID(path string) string {
	return "cuellb/" + l.opt.CacheScope + "/" + l.op.ID.Component + ":" + path
}

// Export implements ops.Builder.
func (l *lowering) Export(state llb.State, path, format string) {
	if l.opt.Read[l.op.ID] {
		return
	}
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
