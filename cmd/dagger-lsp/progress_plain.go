package main

import (
	"fmt"

	"github.com/dagger/dagger-lsp/engine/job"
)

// plainView writes one line per thing that happens, for logs and pipes.
type plainView struct{ a *app }

func newPlainView(a *app) *plainView { return &plainView{a} }

func (v *plainView) tick() {}

func (v *plainView) show(s job.State, e job.Event) {
	switch e.Kind {
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
	if len(e.Op) == 0 {
		return
	}
	o, _ := s.Op(e.Op[0])
	fmt.Fprintf(v.a.stderr, "%s %s  %s%s\n", word, ids(e.Op), printable(o.Summary), more)
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

// took is how long an operation ran, if it did.
func took(s job.State, e job.Event) string {
	o, ok := s.Op(e.Op[0])
	if !ok || o.Started.IsZero() {
		return ""
	}
	return "  " + seconds(o.Ended.Sub(o.Started))
}
