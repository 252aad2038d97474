package main

import (
	"fmt"

	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/runtime"
)

// plainView writes one line per thing that happens, for logs and pipes.
type plainView struct {
	a    *app
	told told
}

func newPlainView(a *app) *plainView { return &plainView{a, told{}} }

func (v *plainView) tick() {}

func (v *plainView) show(s job.State, e job.Event) {
	switch e.Kind {
	case job.KindPlanLowered:
		if e.Pass > 1 {
			fmt.Fprintf(v.a.stderr, "pass %d: what has been read is known\n", e.Pass)
		}
	case job.KindOpStarted:
		v.line("start ", s, e, "")
	case job.KindOpCached:
		v.line("cached", s, e, "")
	case job.KindOpDone:
		v.line("done  ", s, e, took(s, e))
	case job.KindOpCanceled:
		v.line("stop  ", s, e, "")
	case job.KindOpFailed:
		v.line("FAILED", s, e, ": "+printable(e.Error))
	case job.KindOpLog:
		v.log(e)
	default:
	}
}

// line is one event of operations; those that are alike share it.
func (v *plainView) line(word string, s job.State, e job.Event, more string) {
	fresh := v.told.fresh(e)
	if len(fresh) == 0 {
		return
	}
	o, _ := s.Op(fresh[0])
	fmt.Fprintf(v.a.stderr, "%s %s  %s%s\n", word, ids(fresh), printable(o.Summary), more)
}

func (v *plainView) log(e job.Event) {
	for _, line := range e.Lines {
		fmt.Fprintf(v.a.stderr, "       %s | %s\n", ids(e.Op), printable(line))
	}
	if e.Dropped > 0 {
		fmt.Fprintf(v.a.stderr, "       %s | … %s not shown\n", ids(e.Op), plural(e.Dropped, "line"))
	}
}

func (v *plainView) end(s job.State) {
	v.a.conclude(s)
	fmt.Fprintln(v.a.stderr, summary(s))
}

// told remembers what was said of each operation: an operation may be several
// vertices, and BuildKit may complete a vertex more than once.
type told map[runtime.OpID]job.Kind

// fresh are the operations of e of which this is news: the first start, and the
// first end or a failure.
func (t told) fresh(e job.Event) []runtime.OpID {
	var out []runtime.OpID
	for _, id := range e.Op {
		before, known := t[id]
		ended := known && before != job.KindOpStarted
		if !known || !ended && e.Kind != job.KindOpStarted || e.Kind == job.KindOpFailed {
			t[id] = e.Kind
			out = append(out, id)
		}
	}
	return out
}

// took is how long an operation ran, if it did.
func took(s job.State, e job.Event) string {
	o, ok := s.Op(e.Op[0])
	if !ok || o.Started.IsZero() {
		return ""
	}
	return "  " + seconds(o.Ended.Sub(o.Started))
}
