package lsp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.lsp.dev/protocol"

	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/runtime"
)

// activeJob is a job this session started and that has not ended.
type activeJob struct {
	job    Job
	key    packageKey
	target string
	// snap is what runs: positions in job states are positions in its texts.
	snap   *Snapshot
	report *reporter
}

// jobProblem is what a failed op left in the editor.
type jobProblem struct {
	target string
	op     runtime.OpID
	// component is where the op's component stands: a change there clears
	// the problem.
	component runtime.Range
	problem   runtime.Problem
}

// wanted is the wish to run a component of a snapshot; the plan is evaluated.
type wantedJob struct {
	snap      *Snapshot
	plan      *runtime.Plan
	target    string
	workspace string
	token     protocol.ProgressToken
	id        chan<- string
}

func (w wantedJob) apply(o *owner) {
	j := o.opts.Engine.Start(o.ctx, Request{
		Plan: w.plan, Target: w.target, Workspace: w.workspace, Secrets: o.secrets, Streams: o.streams,
		Evaluate: o.again(w.plan.Pin(w.snap.source)),
	})
	a := &activeJob{job: j, key: w.snap.key, target: w.target, snap: w.snap}
	a.report = o.newReporter(a, w.token)
	o.jobs[j.ID()] = a
	o.clearJob(a)
	o.wg.Go(func() {
		told := make(chan struct{})
		j.Subscribe(func(s job.State, e job.Event) {
			o.post(jobChanged{j.ID(), s})
			if e.Kind.Last() {
				close(told)
			}
		})
		<-told
		<-j.Done()
	})
	w.id <- j.ID()
}

// again evaluates src once more with values that a job has read.
func (o *owner) again(src runtime.Source) func(context.Context, []runtime.GivenValue) (*runtime.Plan, error) {
	evaluator := o.opts.Evaluator
	if evaluator == nil {
		return nil
	}
	return func(ctx context.Context, values []runtime.GivenValue) (*runtime.Plan, error) {
		with := src
		with.Values = slices.Concat(src.Values, values)
		return evaluator.Evaluate(ctx, with)
	}
}

// jobChanged says that a job is in a new state.
type jobChanged struct {
	id    string
	state job.State
}

func (e jobChanged) apply(o *owner) {
	a, ok := o.jobs[e.id]
	if !ok {
		return
	}
	a.report.update(e.state)
	o.showFailures(a, e.state)
	if e.state.Status.Ended() {
		kind, msg := outcomeMessage(e.state)
		o.show(kind, msg)
		a.report.close()
		delete(o.jobs, e.id)
	}
}

// clearJob removes what earlier runs of the same target left.
func (o *owner) clearJob(a *activeJob) {
	o.keepJobProblems(a.key, func(jp jobProblem) bool { return jp.target != a.target })
}

func (o *owner) keepJobProblems(key packageKey, keep func(jobProblem) bool) {
	p := o.packages[key]
	if p == nil {
		return
	}
	var kept []jobProblem
	for _, jp := range p.jobs {
		if keep(jp) {
			kept = append(kept, jp)
		}
	}
	if len(kept) != len(p.jobs) {
		p.jobs = kept
		o.publish(p)
	}
}

// showFailures shows what has failed so far, unless its text has changed since
// the job began, and clears what other targets' runs said about ops that have
// now succeeded.
func (o *owner) showFailures(a *activeJob, s job.State) {
	p := o.packages[a.key]
	if p == nil {
		return
	}
	good := map[runtime.OpID]bool{}
	for _, op := range s.Ops {
		if op.Status == job.StatusDone || op.Status == job.StatusCached {
			good[op.ID] = true
		}
	}
	o.keepJobProblems(a.key, func(jp jobProblem) bool { return !good[jp.op] })
	for _, jp := range a.failures(s) {
		if o.addFailure(p, a, jp) {
			o.publish(p)
		}
	}
}

// addFailure keeps a failure that is news and whose component still reads as it
// did when the job began.
func (o *owner) addFailure(p *pkg, a *activeJob, jp jobProblem) bool {
	for _, have := range p.jobs {
		if have.target == jp.target && have.problem.Range == jp.problem.Range && have.problem.Message == jp.problem.Message {
			return false
		}
	}
	moved, ok := a.moved(p.snap.view, jp)
	if !ok {
		return false
	}
	p.jobs = append(p.jobs, moved)
	return true
}

// failures are the failed ops and the problems of a state.
func (a *activeJob) failures(s job.State) []jobProblem {
	var out []jobProblem
	for _, op := range s.Ops {
		if op.Status == job.StatusFailed {
			out = append(out, jobProblem{
				target: a.target, op: op.ID, component: a.componentRange(op.ID.Component, op.Range),
				problem: failure(op),
			})
		}
	}
	for _, pr := range s.Problems {
		out = append(out, jobProblem{target: a.target, component: a.componentRange(pr.Component, pr.Range), problem: pr})
	}
	return out
}

func (a *activeJob) componentRange(path string, otherwise runtime.Range) runtime.Range {
	if c := a.snap.plan.Component(path); c != nil && !c.Range.IsZero() {
		return c.Range
	}
	return otherwise
}

// codeOpFailed marks the diagnostics of ops that failed in a run.
const codeOpFailed runtime.Code = "op-failed"

// logLines is how many of a failed op's last lines its diagnostic shows: enough
// for the reason, few enough for a tooltip.
const logLines = 10

func failure(op job.OpState) runtime.Problem {
	msg := op.Summary + " failed"
	if op.ExitCode != nil {
		msg = fmt.Sprintf("%s: exit code %d", op.Summary, *op.ExitCode)
	} else if op.Error != "" {
		msg += ": " + op.Error
	}
	if op.Hint != "" {
		msg += "; " + op.Hint
	}
	tail := op.LogTail[max(0, len(op.LogTail)-logLines):]
	if len(tail) > 0 {
		msg += "\n" + strings.Join(tail, "\n")
	}
	return runtime.Problem{
		Code: codeOpFailed, Severity: runtime.SeverityError, Range: op.Range,
		Message: msg, Component: op.ID.Component,
	}
}

// moved puts a failure where its text stands now. It reports false if the
// component's text is not what ran.
func (a *activeJob) moved(now view, jp jobProblem) (jobProblem, bool) {
	file := jp.component.File
	then, cur := a.snap.text(file), now.text(file)
	start, end := then.RuntimeOffset(jp.component.Start), then.RuntimeOffset(jp.component.End)
	ran := then.String()[start:end]
	at := unchanged(then.String(), cur.String(), start, end)
	if at < 0 || jp.problem.Range.File != file {
		return jp, at >= 0 && ran != ""
	}
	shift := func(r runtime.Range) runtime.Range {
		r.Start = cur.RuntimeAt(then.RuntimeOffset(r.Start) + at - start)
		r.End = cur.RuntimeAt(then.RuntimeOffset(r.End) + at - start)
		return r
	}
	jp.problem.Range, jp.component = shift(jp.problem.Range), shift(jp.component)
	return jp, true
}

// unchanged finds the stretch start to end of then in cur: at the same offset
// from the beginning or from the end of the text, or -1 if it is at neither.
func unchanged(then, cur string, start, end int) int {
	ran := then[start:end]
	if strings.HasPrefix(cur[min(start, len(cur)):], ran) {
		return start
	}
	fromEnd := len(cur) - (len(then) - start)
	if fromEnd >= 0 && strings.HasPrefix(cur[fromEnd:], ran) {
		return fromEnd
	}
	return -1
}

func outcomeMessage(s job.State) (protocol.MessageType, string) {
	took := s.Ended.Sub(s.Started).Round(10 * time.Millisecond)
	if s.Status == job.StatusDone {
		msg := fmt.Sprintf("%s: done in %s, %d of %d operations cached", s.Target, took, s.Count(job.StatusCached), len(s.Ops))
		for _, e := range s.Exports {
			msg += fmt.Sprintf("\n%s = %v", e.Op.Component, e.Value)
		}
		return protocol.MessageTypeInfo, msg
	}
	if s.Status == job.StatusCanceled {
		return protocol.MessageTypeWarning, fmt.Sprintf("%s: canceled after %s", s.Target, took)
	}
	return protocol.MessageTypeError, fmt.Sprintf("%s: failed after %s: %s", s.Target, took, reason(s))
}

// reason is the first thing that went wrong, in one line.
func reason(s job.State) string {
	for _, op := range s.Ops {
		if op.Status == job.StatusFailed {
			line, _, _ := strings.Cut(failure(op).Message, "\n")
			return line
		}
	}
	for _, p := range s.Problems {
		if p.Severity == runtime.SeverityError {
			return withHint(p.Message, p.Hint)
		}
	}
	return withHint(s.Error, s.Hint)
}

func withHint(msg, hint string) string {
	if hint == "" {
		return msg
	}
	return msg + "; " + hint
}
