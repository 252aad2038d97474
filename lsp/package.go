package lsp

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"go.lsp.dev/protocol"
	"go.uber.org/zap"

	"github.com/dagger/dagger-lsp/analysis"
	"github.com/dagger/dagger-lsp/analysis/checks"
	"github.com/dagger/dagger-lsp/lsp/internal/text"
	"github.com/dagger/dagger-lsp/runtime"
)

// pkg is what the owner knows about a package with an open document.
type pkg struct {
	key  packageKey
	snap *Snapshot
	// retained are the problems only the last evaluation could find, moved
	// along with the edits since, without those whose text was touched.
	retained []runtime.Problem
	// jobs are what the last runs of the package's components left behind,
	// kept like retained.
	jobs []jobProblem
	// timer and cancel belong to the evaluation that is due or under way.
	timer  *time.Timer
	cancel context.CancelCauseFunc
	// judged is the sequence of the last snapshot whose second tier is out,
	// or never will be; settled are closed when it is the current one's.
	judged  uint64
	settled []chan struct{}
}

var errSuperseded = fmt.Errorf("a newer text is there: %w", context.Canceled)

// stop ends the evaluation that is due or under way.
func (p *pkg) stop(cause error) {
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	if p.cancel != nil {
		p.cancel(cause)
		p.cancel = nil
	}
}

// settle notes that the current snapshot's diagnostics are complete.
func (p *pkg) settle() {
	p.judged = p.snap.seq
	for _, c := range p.settled {
		close(c)
	}
	p.settled = nil
}

// shift moves what is kept from before along with a change of path's text.
func (p *pkg) shift(path string, c text.Change, before, after *text.Document) {
	moved := func(r runtime.Range) (runtime.Range, bool) {
		if r.File != path {
			return r, true
		}
		return c.ShiftRange(before, after, r)
	}
	var retained []runtime.Problem
	for _, pr := range p.retained {
		if r, ok := moved(pr.Range); ok {
			pr.Range = r
			pr.Related = shiftRelated(pr.Related, moved)
			retained = append(retained, pr)
		}
	}
	p.retained = retained
	var jobs []jobProblem
	for _, j := range p.jobs {
		var ok bool
		if j.component, ok = moved(j.component); !ok {
			continue
		}
		if j.problem.Range, ok = moved(j.problem.Range); ok {
			jobs = append(jobs, j)
		}
	}
	p.jobs = jobs
}

func shiftRelated(rel []runtime.Related, moved func(runtime.Range) (runtime.Range, bool)) []runtime.Related {
	var out []runtime.Related
	for _, r := range rel {
		var ok bool
		if r.Range, ok = moved(r.Range); ok {
			out = append(out, r)
		}
	}
	return out
}

// refresh makes a new snapshot of a package from the texts as they are, shows
// what syntax says, and lets the evaluator look once things are quiet.
func (o *owner) refresh(key packageKey) {
	p := o.packages[key]
	if !o.inUse(key) {
		o.drop(key)
		return
	}
	if p == nil {
		p = &pkg{key: key}
		o.packages[key] = p
	}
	p.stop(errSuperseded)
	o.seq++
	src := o.source(key)
	plan := runtime.Syntax(src)
	p.snap = &Snapshot{view: o.view(), seq: o.seq, key: key, source: src, syntax: plan, plan: plan}
	p.snap.problems = analysis.Merge(analysis.Problems(plan, checks.Facts{}), p.retained)
	o.publish(p)
	if o.opts.Evaluator == nil {
		p.settle()
		return
	}
	p.timer = o.after(o.opts.Quiet, quiet{key, o.seq})
}

func (o *owner) inUse(key packageKey) bool {
	for _, d := range o.docs {
		if d.pkg == key {
			return true
		}
	}
	return false
}

// drop forgets a package that no document is in any more.
func (o *owner) drop(key packageKey) {
	p := o.packages[key]
	if p == nil {
		return
	}
	p.stop(errSuperseded)
	p.settle()
	delete(o.packages, key)
	o.pub.set(o.view(), key, nil)
}

// refreshUsers refreshes the other packages that read path.
func (o *owner) refreshUsers(path string, except packageKey) {
	for key, p := range o.packages {
		if key != except && uses(p.snap.plan, path) {
			o.refresh(key)
		}
	}
}

func uses(p *runtime.Plan, path string) bool {
	return slices.Contains(p.Files, path) ||
		slices.ContainsFunc(p.Components, func(c *runtime.Component) bool { return c.Range.File == path })
}

func (q quiet) apply(o *owner) {
	p := o.packages[q.key]
	if p == nil || p.snap.seq != q.seq {
		return
	}
	snap := p.snap
	ctx, cancel := context.WithCancelCause(o.ctx)
	p.cancel = cancel
	o.background(func(context.Context) {
		defer cancel(nil)
		b := built{key: snap.key, seq: snap.seq}
		b.plan, b.err = o.opts.Evaluator.Evaluate(ctx, snap.source)
		if b.err == nil {
			b.problems = analysis.Problems(b.plan, facts(b.plan))
		}
		o.post(b)
	})
}

// facts looks up what the checks ask about the disk.
func facts(p *runtime.Plan) checks.Facts {
	f := checks.Facts{MissingDirs: map[string]bool{}}
	for _, dir := range checks.Dirs(p) {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			f.MissingDirs[dir] = true
		}
	}
	return f
}

func (b built) apply(o *owner) {
	p := o.packages[b.key]
	if p == nil || p.snap.seq != b.seq {
		return // of an older text
	}
	p.cancel = nil
	if b.err != nil {
		o.evaluatorFailed(b.err)
		p.settle()
		return
	}
	next := *p.snap
	next.plan = b.plan
	next.problems = b.problems
	p.retained = analysis.Minus(b.problems, next.syntax.Problems)
	changed := lensesChanged(p.snap.plan, b.plan)
	p.snap = &next
	o.publish(p)
	p.settle()
	if changed {
		o.refreshLenses()
	}
}

func lensesChanged(before, after *runtime.Plan) bool {
	return slices.ContainsFunc(after.Files, func(f string) bool {
		return !slices.Equal(analysis.Lenses(before, f), analysis.Lenses(after, f))
	})
}

// refreshLenses has an editor that can do so ask for lenses again.
func (o *owner) refreshLenses() {
	if o.client.lensRefresh() {
		o.out.send(outgoing{
			method: protocol.MethodWorkspaceCodeLensRefresh, call: true,
			replaces: protocol.MethodWorkspaceCodeLensRefresh,
		})
	}
}

// evaluatorFailed tells the user once that the second tier is missing.
func (o *owner) evaluatorFailed(err error) {
	if o.ctx.Err() != nil {
		return
	}
	o.opts.Log.Warn("evaluate", zap.Error(err))
	if o.warned {
		return
	}
	o.warned = true
	o.show(protocol.MessageTypeWarning, fmt.Sprintf("CUE is not evaluated, only syntax is checked: %v", err))
}

func (o *owner) show(kind protocol.MessageType, msg string) {
	o.out.notify(protocol.MethodWindowShowMessage, &protocol.ShowMessageParams{Type: kind, Message: msg})
}

// snapshot returns the current snapshot of the package that u is in. The
// editor may ask about documents it never opened: those are empty.
func (o *owner) snapshot(path string) *Snapshot {
	if d, ok := o.docs[path]; ok {
		if p, ok := o.packages[d.pkg]; ok {
			return p.snap
		}
	}
	return emptySnapshot(o.view())
}
