package lsp

import (
	"fmt"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/dagger/dagger-lsp/lsp/internal/editor"
	"github.com/dagger/dagger-lsp/runtime"
)

// diamond writes n components of eight ops, each using the previous two.
func diamond(n int) string {
	var b strings.Builder
	b.WriteString("package ci\n\n")
	for i := range n {
		fmt.Fprintf(&b, "c%d: #up: [\n", i)
		if i == 0 {
			b.WriteString("\t{do: \"fetch-container\", ref: \"alpine\"},\n")
		} else {
			fmt.Fprintf(&b, "\t{do: \"load\", from: c%d},\n", i-1)
		}
		for j := range 6 {
			fmt.Fprintf(&b, "\t{do: \"exec\", args: [\"step\", \"%d\", \"%d\"], env: N: \"%d\"},\n", i, j, j)
		}
		if i < 2 {
			b.WriteString("\t{do: \"mkdir\", path: \"/x\"},\n]\n")
		} else {
			fmt.Fprintf(&b, "\t{do: \"copy\", from: c%d, dest: \"/dep\"},\n]\n", i-2)
		}
	}
	return b.String()
}

// Goals of the benchmarks, from the key to the diagnostic in the editor.
const (
	syntaxGoal    = 20 * time.Millisecond
	evaluatorGoal = 100 * time.Millisecond
	evaluateGoal  = time.Second
	heapGoal      = 200 << 20
)

// keystrokes is how many keys a run of the latency benchmarks presses.
const keystrokes = 100

// typist presses keys in one document and measures until a diagnostic answers.
type typist struct {
	tb      testing.TB
	e       *editor.Editor
	uri     string
	version int
	next    int
}

func newTypist(tb testing.TB, text string) *typist {
	dir := tb.TempDir()
	t := &typist{tb: tb, uri: editor.FileURI(write(tb, dir, "ci.cue", text)), version: 1}
	t.e = serve(tb, Options{Evaluator: realEvaluator(tb), Log: zap.NewNop()})
	greet(tb, t.e, nil, dir)
	check(tb, t.e.Open(t.uri, 1, text))
	_, err := t.e.Settled(t.uri)
	check(tb, err)
	t.next = t.e.Mark()
	return t
}

// press replaces r by text and returns how long the editor waited until it was
// shown diagnostics in which count have code.
func (t *typist) press(r editor.Range, text, code string, count int) time.Duration {
	t.version++
	start := time.Now()
	check(t.tb, t.e.Change(t.uri, t.version, &r, text))
	_, next, err := t.e.WaitDiagnostics(t.next, t.uri, func(p editor.Published) bool {
		n := 0
		for _, d := range p.Diagnostics {
			if d.Code == code {
				n++
			}
		}
		return n == count
	})
	check(t.tb, err)
	t.next = next
	return time.Since(start)
}

// toggle presses keys that make a problem come and go.
func (t *typist) toggle(at editor.Range, wrong, right, code string) []time.Duration {
	over := func(s string) editor.Range {
		r := at
		r.End.Character = r.Start.Character + len(s)
		return r
	}
	var out []time.Duration
	for range keystrokes / 2 {
		out = append(out, t.press(over(right), wrong, code, 1))
		_, err := t.e.Settled(t.uri)
		check(t.tb, err)
		out = append(out, t.press(over(wrong), right, code, 0))
		_, err = t.e.Settled(t.uri)
		check(t.tb, err)
	}
	return out
}

func percentile(d []time.Duration, p int) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[min(len(d)-1, len(d)*p/100)]
}

func report(b *testing.B, d []time.Duration, goal time.Duration) {
	p50, p95 := percentile(d, 50), percentile(d, 95)
	b.ReportMetric(float64(p50.Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(p95.Microseconds())/1000, "p95-ms")
	b.ReportMetric(0, "ns/op")
	if p95 > goal {
		b.Logf("p95 is %v, the goal %v: is the machine busy?", p95, goal)
	}
}

// find returns where the first occurrence of s in text stands; ASCII only.
func find(tb testing.TB, text, s string) editor.Range {
	tb.Helper()
	i := strings.Index(text, s)
	if i < 0 {
		tb.Fatalf("no %q", s)
	}
	line := strings.Count(text[:i], "\n")
	col := i - strings.LastIndex(text[:i], "\n") - 1
	return editor.Range{
		Start: editor.Position{Line: line, Character: col},
		End:   editor.Position{Line: line, Character: col + len(s)},
	}
}

func BenchmarkKeyToSyntaxTier_100x8(b *testing.B) {
	text := diamond(100)
	t := newTypist(b, text)
	at := find(b, text, `{do: "copy", from: c50`)
	at.Start.Character += len(`{do: "`)
	var all []time.Duration
	for b.Loop() {
		all = append(all, t.toggle(at, "copz", "copy", "unknown-op")...)
	}
	report(b, all, syntaxGoal)
}

func BenchmarkKeyToEvaluatorTier_100x8(b *testing.B) {
	text := "package ci\n\nv: 1\nv: 1\n" + strings.TrimPrefix(diamond(100), "package ci\n")
	t := newTypist(b, text)
	at := find(b, text, "v: 1")
	at.Start.Character += len("v: ")
	var all []time.Duration
	for b.Loop() {
		all = append(all, t.toggle(at, "2", "1", "conflict")...)
	}
	report(b, all, evaluatorGoal)
}

func BenchmarkEvaluate_1000x8(b *testing.B) {
	dir := b.TempDir()
	path := write(b, dir, "ci.cue", diamond(1000))
	src := runtime.Source{Dir: dir, Package: "ci"}
	evaluator := realEvaluator(b)
	var all []time.Duration
	for b.Loop() {
		start := time.Now()
		plan, err := evaluator.Evaluate(b.Context(), src)
		check(b, err)
		if len(plan.Problems) > 0 || len(plan.Components) != 1000 {
			b.Fatalf("%s: %d components, %v", path, len(plan.Components), plan.Problems)
		}
		all = append(all, time.Since(start))
	}
	report(b, all, evaluateGoal)
}

// BenchmarkServerHeap_1000x8 types in a large package and measures what the
// server keeps, the evaluator's child aside.
func BenchmarkServerHeap_1000x8(b *testing.B) {
	text := diamond(1000)
	t := newTypist(b, text)
	at := find(b, text, `{do: "copy", from: c50`)
	at.Start.Character += len(`{do: "`)
	for b.Loop() {
		t.press(editor.Range{Start: at.Start, End: editor.Position{Line: at.Start.Line, Character: at.Start.Character + 4}}, "copz", "unknown-op", 1)
		t.press(editor.Range{Start: at.Start, End: editor.Position{Line: at.Start.Line, Character: at.Start.Character + 4}}, "copy", "unknown-op", 0)
		_, err := t.e.Settled(t.uri)
		check(b, err)
	}
	var before goruntime.MemStats
	goruntime.ReadMemStats(&before)
	goruntime.GC()
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "live-MB")
	b.ReportMetric(float64(before.HeapSys)/(1<<20), "heap-MB")
	if before.HeapSys > heapGoal {
		b.Errorf("the heap is %d MB, the goal %d MB", before.HeapSys>>20, heapGoal>>20)
	}
}
