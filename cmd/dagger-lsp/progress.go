package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/runtime"
)

// ticksPerSecond is how often clocks on the terminal move.
const ticksPerSecond = 10

// showAll hands everything to v from one goroutine, so that views need no lock.
func showAll(updates <-chan update, v view) {
	clock := time.NewTicker(time.Second / ticksPerSecond)
	defer clock.Stop()
	for {
		select {
		case u, ok := <-updates:
			if !ok {
				return
			}
			v.show(u.state, u.event)
		case <-clock.C:
			v.tick()
		}
	}
}

// jsonView writes each event as one line of JSON.
type jsonView struct{ enc *json.Encoder }

func newJSONView(w io.Writer) *jsonView {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &jsonView{enc}
}

// show drops the error: a reader that has gone away must not end the job.
func (v *jsonView) show(_ job.State, e job.Event) { _ = v.enc.Encode(e) }
func (v *jsonView) tick()                         {}
func (v *jsonView) end(job.State)                 {}

// quietView shows what went wrong, and the exports.
type quietView struct{ a *app }

func (v *quietView) show(job.State, job.Event) {}
func (v *quietView) tick()                     {}
func (v *quietView) end(s job.State)           { v.a.conclude(s) }

// conclude prints the failures of a job for people, then its exports.
func (a *app) conclude(s job.State) {
	a.report(a.stderr, s.Problems)
	for _, o := range s.Ops {
		if o.Status == job.StatusFailed {
			a.reportOp(o)
		}
	}
	if s.Error != "" && s.Count(job.StatusFailed) == 0 && len(s.Problems) == 0 {
		fmt.Fprintf(a.stderr, "%s: %s\n", printable(s.Target), printable(s.Error))
		if s.Hint != "" {
			fmt.Fprintf(a.stderr, "  hint: %s\n", printable(s.Hint))
		}
	}
	for _, e := range s.Exports {
		fmt.Fprintf(a.stdout, "%s = %s\n", e.Op.Component, exported(e.Value))
	}
}

// reportOp tells where a failed op stands, what it said last, and why it failed.
func (a *app) reportOp(o job.OpState) {
	fmt.Fprintf(a.stderr, "\n%serror: %s failed: %s\n", a.place(o.Range), o.ID, printable(o.Error))
	fmt.Fprint(a.stderr, lineReader{}.excerpt(o.Range))
	for _, line := range o.LogTail {
		fmt.Fprintf(a.stderr, "  | %s\n", printable(line))
	}
	if o.Hint != "" {
		fmt.Fprintf(a.stderr, "  hint: %s\n", printable(o.Hint))
	}
}

// exported writes a value as JSON, which CUE reads too.
func exported(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// summary is the job in one line.
func summary(s job.State) string {
	parts := []string{plural(len(s.Ops), "step")}
	for _, st := range []job.Status{job.StatusCached, job.StatusFailed, job.StatusCanceled, job.StatusSkipped} {
		if n := s.Count(st); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, st))
		}
	}
	return fmt.Sprintf("%s: %s in %s (%s)", printable(s.Target), s.Status, seconds(s.Ended.Sub(s.Started)), strings.Join(parts, ", "))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", max(0, d.Seconds())) }

// ids names the operations of an event.
func ids(ops []runtime.OpID) string {
	names := make([]string, len(ops))
	for i, id := range ops {
		names[i] = printable(id.String())
	}
	return strings.Join(names, ", ")
}
