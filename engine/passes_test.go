//go:build linux

package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/runtime"
)

// startPasses starts a target of CUE text whose plan can be made again. again
// counts how often it was.
func (b *bench) startPasses(text, target string, noCache bool, again *atomic.Int32) *engine.Job {
	b.Helper()
	req := engine.Request{Plan: b.plan(text), Target: target, Workspace: b.dir, NoCache: noCache}
	req.Evaluate = func(_ context.Context, values []runtime.GivenValue) (*runtime.Plan, error) {
		again.Add(1)
		return runtime.Evaluate(runtime.Source{Dir: b.dir, Values: values}), nil
	}
	return b.engine.Start(b.Context(), req)
}

// Fifty ops in twelve components, half of them behind a value that the other
// half gives: one session, two passes. The daemon has no way to any registry.
func TestPasses(t *testing.T) {
	b := newBench(t)
	text := fiftyOps()
	var again atomic.Int32
	s := b.wait(b.startPasses(text, "c11", false, &again))
	b.wantStatus(s, job.StatusDone)
	if len(s.Ops) != 50 || s.Passes != 2 {
		t.Errorf("%d ops in %d passes, want 50 in 2", len(s.Ops), s.Passes)
	}
	for _, o := range s.Ops {
		if o.Status != job.StatusDone && o.Status != job.StatusCached {
			t.Errorf("%s is %s", o.ID, o.Status)
		}
	}
	if builds, _ := b.server.Solves(t); builds != 1 {
		t.Errorf("the daemon saw %d sessions, want 1", builds)
	}
	// Once for the second pass, and once to unify what the last op exports.
	if n := again.Load(); n != 2 {
		t.Errorf("the plan was made again %d times, want 2", n)
	}
	if passes, barriers := b.plan(text).Passes("c11"); passes != 2 || len(barriers) != 1 || barriers[0].Component != "c5" {
		t.Errorf("the plan says %d passes, for %+v", passes, barriers)
	}
	last := s.Exports[len(s.Exports)-1]
	if want := "0 1 2 3 4 5 [0 1 2 3 4 5] 6 7 8 9 10 11"; strings.TrimSpace(fmt.Sprint(last.Value)) != want {
		t.Errorf("the last export is %q, want %q", last.Value, want)
	}
}

// fiftyOps is a chain of twelve components. c5 exports, c6 needs its value.
func fiftyOps() string {
	var b strings.Builder
	for i := range 12 {
		from := `{do: "fetch-container", ref: "busybox"}`
		if i > 0 {
			from = fmt.Sprintf(`{do: "load", from: c%d}`, i-1)
		}
		say := fmt.Sprintf(`{do: "exec", args: ["sh", "-c", "echo -n '%d ' >> /log"]}`, i)
		more := ""
		switch i {
		case 5:
			more = `{do: "export", source: "/log"},`
		case 6:
			say = `{do: "exec", args: ["sh", "-c", "echo -n '[\(strings.TrimSpace(c5))] 6 ' >> /log"]}`
		case 11:
			more = `{do: "export", source: "/log"},`
		}
		fmt.Fprintf(&b, "c%d: {_, #up: [%s, %s, {do: \"mkdir\", path: \"/d%d\"}, {do: \"workdir\", path: \"/d%d\"}, %s]}\n", i, from, say, i, i, more)
	}
	return "import \"strings\"\n" + b.String()
}

const counted = `
#Count: {do: "exec", args: ["sh", "-c", "echo run >> /n/runs"], mount: "/n": cache: "runs", always: true}
early: {
	string
	#up: [
		{do: "fetch-container", ref: "busybox"},
		#Count,
		{do: "exec", args: ["sh", "-c", "echo value > /v"]},
		{do: "export", source: "/v"},
		{do: "exec", args: ["sh", "-c", "sleep 0.2; echo more > /w"]},
	]
}
late: {
	number
	#up: [
		{do: "load", from: early},
		{do: "exec", args: ["sh", "-c", "test '\(early)' && wc -l < /n/runs > /count"], mount: "/n": cache: "runs"},
		{do: "export", source: "/count", format: "number"},
	]
}
`

// What one pass has run the next does not run again, be it told never to use
// the cache.
func TestPassesRunOnce(t *testing.T) {
	for _, noCache := range []bool{false, true} {
		t.Run(fmt.Sprintf("no-cache=%v", noCache), func(t *testing.T) {
			b := newBench(t)
			for run := 1; run <= 2; run++ {
				var again atomic.Int32
				s := b.wait(b.startPasses(counted, "late", noCache, &again))
				b.wantStatus(s, job.StatusDone)
				if got := fmt.Sprint(s.Exports[len(s.Exports)-1].Value); got != fmt.Sprint(run) {
					t.Errorf("after run %d the op has run %s times", run, got)
				}
			}
		})
	}
}

const sideBySide = `
#C: {do: "exec", args: [...string], mount: "/c": cache: "signal"}
base: #up: [{do: "fetch-container", ref: "busybox"}]
quick: {string, #up: [{do: "load", from: base}, {do: "write-file", dest: "/v", content: "go"}, {do: "export", source: "/v"}]}
after: #up: [{do: "load", from: base}, #C & {args: ["sh", "-c", "touch /c/\(quick)"]}]
slow: {string, #up: [
	{do: "load", from: base},
	#C & {args: ["sh", "-c", "until test -e /c/go; do sleep 0.02; done; echo slow > /v"]},
	{do: "export", source: "/v"},
]}
main: {string, #up: [
	{do: "load", from: after},
	{do: "exec", args: ["sh", "-c", "echo '\(slow)' > /v"]},
	{do: "export", source: "/v"},
]}
`

// A value is used as soon as it is read, whatever else is still to be read:
// here the slow export cannot end before an op has run that needs the quick one.
func TestPassesSideBySide(t *testing.T) {
	b := newBench(t)
	var again atomic.Int32
	s := b.wait(b.startPasses(sideBySide, "main", false, &again))
	b.wantStatus(s, job.StatusDone)
	if got := strings.TrimSpace(fmt.Sprint(s.Exports[len(s.Exports)-1].Value)); got != "slow" {
		t.Errorf("main is %q", got)
	}
}

// A failure in any pass ends the job, names its op, and leaves nothing running.
func TestPassesFail(t *testing.T) {
	for name, text := range map[string]string{
		"before the export": `a: {string, #up: [{do: "fetch-container", ref: "busybox"}, {do: "exec", args: ["false"]}, {do: "export", source: "/x"}]}
		main: #up: [{do: "fetch-container", ref: "busybox"}, {do: "exec", args: ["echo", a]}]`,
		"after the export": `a: {string, #up: [{do: "fetch-container", ref: "busybox"}, {do: "exec", args: ["touch", "/x"]}, {do: "export", source: "/x"}, {do: "exec", args: ["false"]}]}
		main: #up: [{do: "fetch-container", ref: "busybox"}, {do: "exec", args: ["echo", a]}]`,
		"no file": `a: {string, #up: [{do: "fetch-container", ref: "busybox"}, {do: "export", source: "/x"}]}
		main: #up: [{do: "fetch-container", ref: "busybox"}, {do: "exec", args: ["echo", a]}]`,
		"in the last pass": `a: {string, #up: [{do: "fetch-container", ref: "busybox"}, {do: "exec", args: ["touch", "/x"]}, {do: "export", source: "/x"}]}
		main: #up: [{do: "fetch-container", ref: "busybox"}, {do: "exec", args: ["false", a]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			var again atomic.Int32
			s := b.wait(b.startPasses(text, "main", false, &again))
			b.wantStatus(s, job.StatusFailed)
			if s.Count(job.StatusFailed) != 1 && len(s.Problems) == 0 {
				t.Errorf("nothing says what failed: %s %v", s.Error, ops(s))
			}
			if s.Count(job.StatusRunning)+s.Count(job.StatusPending) > 0 {
				t.Errorf("still open: %v", ops(s))
			}
		})
	}
}
