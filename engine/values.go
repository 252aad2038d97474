package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// values are what a job's passes have given so far.
type values struct {
	given []runtime.GivenValue
	// fresh says that the plan does not know all of given yet.
	fresh bool
	read  map[runtime.OpID]bool
	done  map[runtime.OpID]ops.ActionResult
}

// exported takes the value of an early export.
func (r *running) exported(x solve.Export) (err error) {
	defer r.recovered(&err)
	if p := r.export(x); p != nil {
		return r.problems([]runtime.Problem{*p})
	}
	return nil
}

// export decodes and says what was read back. A file that is missing or does not
// hold what the op says is a problem at the op.
func (r *running) export(x solve.Export) *runtime.Problem {
	if p, held := r.holdsSecret(x); held {
		return &p
	}
	value, err := any(nil), x.Err
	if err == nil {
		value, err = job.Decode(x.Format, x.Data)
	}
	var text []byte
	if err == nil {
		text, err = json.Marshal(value)
	}
	if err != nil {
		p := r.badExport(x, err)
		return &p
	}
	if r.values.read == nil {
		r.values.read = map[runtime.OpID]bool{}
	}
	r.values.read[x.Op] = true
	r.keep(x, string(text))
	r.job.emit(job.Event{Time: time.Now(), Kind: job.KindExport, Op: []runtime.OpID{x.Op}, Export: &job.ExportValue{
		Op: x.Op, Source: x.Source, Format: x.Format, Value: value,
	}})
	return nil
}

// keep keeps a value for the next evaluation. A script in place has no value of
// its own that it could be unified with.
func (r *running) keep(x solve.Export, text string) {
	c := r.plan.Component(x.Op.Component)
	if c == nil || c.Anonymous {
		return
	}
	g := runtime.GivenValue{Path: c.Path, Value: text, Label: "the export of " + x.Source}
	if op := r.plan.Op(x.Op); op != nil {
		g.Range = op.FieldRange("source")
	}
	r.values.given = append(r.values.given, g)
	r.values.fresh = true
}

func (r *running) badExport(x solve.Export, err error) runtime.Problem {
	p := runtime.Problem{
		Code: runtime.CodeBadValue, Severity: runtime.SeverityError, Component: x.Op.Component,
		Message: fmt.Sprintf("export of %s as %s: %v", x.Source, x.Format, err),
	}
	if op := r.plan.Op(x.Op); op != nil {
		p.Range = op.FieldRange("source")
	}
	return p
}

// acted takes the result of an action.
func (r *running) acted(op runtime.OpID, result ops.ActionResult) error {
	if r.values.done == nil {
		r.values.done = map[runtime.OpID]ops.ActionResult{}
	}
	r.values.done[op] = result
	r.mu.Lock()
	defer r.mu.Unlock()
	r.job.emit(r.tracker.Act(op, job.StatusDone, time.Now())...)
	return nil
}

// exports takes what the last pass has read, and holds that all of it unifies
// with the values that hold the scripts.
func (r *running) exports(ctx context.Context, exports []solve.Export) error {
	var problems []runtime.Problem
	for _, x := range exports {
		if p := r.export(x); p != nil {
			problems = append(problems, *p)
		}
	}
	if err := r.problems(problems); err != nil {
		return err
	}
	return r.evaluate(ctx)
}

// nextPlan is the plan of the next pass, which may need more from outside.
func (r *running) nextPlan(ctx context.Context) error {
	if err := r.evaluate(ctx); err != nil {
		return err
	}
	if needs, _ := r.needs(); r.given.covers(needs) {
		return r.check()
	}
	return r.prepare(ctx)
}

// evaluate makes the plan again if values have come. What CUE has against them
// ends the job.
func (r *running) evaluate(ctx context.Context) error {
	if !r.values.fresh || r.req.Evaluate == nil {
		return nil
	}
	r.values.fresh = false
	plan, err := r.req.Evaluate(ctx, r.values.given)
	if err != nil {
		return fmt.Errorf("evaluate with the values read: %w", err)
	}
	var news []runtime.Problem
	for _, p := range plan.Problems {
		known := slices.ContainsFunc(r.req.Plan.Problems, func(have runtime.Problem) bool {
			return have.Code == p.Code && have.Range == p.Range && have.Message == p.Message
		})
		if p.Severity == runtime.SeverityError && !known {
			news = append(news, p)
		}
	}
	if err := r.problems(news); err != nil {
		return err
	}
	r.plan = plan
	return nil
}

// cannotWait are the problems of a job of several passes where nobody can make
// its plan again.
func (r *running) cannotWait() []runtime.Problem {
	_, barriers := r.plan.Passes(r.req.Target)
	var out []runtime.Problem
	for _, b := range barriers {
		if b.Action != "" {
			continue
		}
		out = append(out, runtime.Problem{
			Code: runtime.CodeWaiting, Severity: runtime.SeverityError, Range: b.Range, Component: b.Op.Component,
			Message: fmt.Sprintf("%s needs the value of %s, which is known once that has run", b.Op, b.Component),
		})
	}
	return out
}
