package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dagger/dagger-lsp/runtime"
)

// The test binary is its own evaluation child.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "eval-worker" {
		if err := Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func newPool(t *testing.T, opt Options) *Pool {
	t.Helper()
	opt.Command = []string{os.Args[0], "eval-worker"}
	p := New(opt)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func source(t *testing.T, text string) runtime.Source {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ci.cue"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return runtime.Source{Dir: dir}
}

const good = `package ci
base: #up: [{do: "fetch-container", ref: "alpine"}, {do: "exec", args: ["true"]}]
`

// forever doubles a list at each of many steps.
const forever = `package ci
base: #up: [{do: "fetch-container", ref: "alpine"}]
x0: [1, 2]
` + `x1: [for a in x0 for b in x0 for c in x0 for d in x0 for e in x0 for f in x0 for g in x0 {a}]
x2: [for a in x1 for b in x1 for c in x1 for d in x1 {a}]
`

func TestEvaluate(t *testing.T) {
	p := newPool(t, Options{})
	for range 3 { // the second and third use the first's child
		plan, err := p.Evaluate(t.Context(), source(t, good))
		if err != nil {
			t.Fatal(err)
		}
		if len(plan.Problems) != 0 || !plan.Evaluated || plan.Component("base").Ops[1].Spec == nil {
			t.Errorf("plan = %+v", plan)
		}
	}
}

// hungry doubles a struct at each of forty steps.
func hungry() string {
	var b strings.Builder
	b.WriteString("package ci\nbase: #up: [{do: \"fetch-container\", ref: \"alpine\"}]\nx0: {a: 1}\n")
	for i := range 40 {
		fmt.Fprintf(&b, "x%d: {a: x%d & {k%d: 1}, b: x%d & {l%d: 1}}\n", i+1, i, i, i, i)
	}
	return b.String()
}

func TestTimeBudget(t *testing.T) {
	p := newPool(t, Options{Budget: 300 * time.Millisecond, MemoryBytes: 8 << 30})
	plan, err := p.Evaluate(t.Context(), source(t, forever))
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, plan, runtime.CodeEvalTimeout)
	if plan.Component("base") == nil {
		t.Error("what syntax gives is lost")
	}
	if _, err := p.Evaluate(t.Context(), source(t, good)); err != nil {
		t.Errorf("after a killed child: %v", err)
	}
}

func TestMemoryLimit(t *testing.T) {
	p := newPool(t, Options{Budget: time.Minute, MemoryBytes: 100 << 20})
	plan, err := p.Evaluate(t.Context(), source(t, hungry()))
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, plan, runtime.CodeEvalMemory)
}

func wantProblem(t *testing.T, plan *runtime.Plan, code runtime.Code) {
	t.Helper()
	for _, p := range plan.Problems {
		if p.Code == code && strings.HasSuffix(p.Range.File, "ci.cue") && p.Hint != "" {
			return
		}
	}
	t.Errorf("no %s in %+v", code, plan.Problems)
}

var errNewer = errors.New("newer text")

func TestCancelKillsTheChild(t *testing.T) {
	p := newPool(t, Options{Budget: time.Minute, MemoryBytes: 8 << 30})
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := p.Evaluate(ctx, source(t, forever))
		done <- err
	}()
	time.AfterFunc(200*time.Millisecond, func() { cancel(errNewer) })
	select {
	case err := <-done:
		if !errors.Is(err, errNewer) {
			t.Errorf("err = %v, want the cause", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the evaluation goes on")
	}
}

// A child whose parent vanishes ends, even in the middle of an evaluation that
// would never end.
func TestChildEndsWithItsParent(t *testing.T) {
	c, err := startChild([]string{os.Args[0], "eval-worker"})
	if err != nil {
		t.Fatal(err)
	}
	src := source(t, forever)
	request := fmt.Sprintf(`{"source":{"dir":%q},"memoryBytes":%d}`, src.Dir, int64(8)<<30)
	if err := writeFrame(c.in, []byte(request)); err != nil {
		t.Fatal(err)
	}
	if err := c.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("child: %v", err)
	}
}
