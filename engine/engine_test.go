//go:build linux

package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/image"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// bench is an engine on a real daemon, and the plan of some CUE text.
type bench struct {
	*testing.T
	dir    string
	server *enginetest.Server
	images *image.Store
	engine *engine.Engine
}

// newBench fails the test if anything of the engine outlives it.
func newBench(t *testing.T) *bench {
	t.Helper()
	opt := goleak.IgnoreCurrent()
	b := &bench{T: t, dir: t.TempDir(), server: enginetest.Start(t, enginetest.Config{}), images: enginetest.Store(t)}
	b.engine = engine.New(engine.Options{Images: b.images, Connect: solve.Options{Address: b.server.Addr}})
	t.Cleanup(func() {
		if err := b.engine.Close(); err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t, opt)
	})
	return b
}

// plan evaluates CUE text in the bench's directory.
func (b *bench) plan(text string) *runtime.Plan {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, "ci.cue"), []byte("package ci\n"+text), 0o644); err != nil {
		b.Fatal(err)
	}
	return runtime.Evaluate(runtime.Source{Dir: b.dir})
}

func (b *bench) start(text, target string) *engine.Job {
	b.Helper()
	return b.engine.Start(b.Context(), engine.Request{Plan: b.plan(text), Target: target, Workspace: b.dir})
}

func (b *bench) wait(j *engine.Job) job.State {
	b.Helper()
	s, err := j.Wait(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func (b *bench) run(text, target string) job.State {
	b.Helper()
	return b.wait(b.start(text, target))
}

// ops is each op with its status, for comparing.
func ops(s job.State) map[string]job.Status {
	m := map[string]job.Status{}
	for _, o := range s.Ops {
		m[o.ID.String()] = o.Status
	}
	return m
}

func (b *bench) wantStatus(s job.State, want job.Status) {
	b.Helper()
	if s.Status != want {
		b.Fatalf("job is %s, want %s: %s\n%+v\n%s", s.Status, want, s.Error, s.Problems, b.server.Log())
	}
}

const chain = `
base: #up: [
	{do: "fetch-container", ref: "alpine:3.20"},
	{do: "exec", args: ["sh", "-c", "echo hello > /greeting"]},
]
build: #up: [
	{do: "load", from: base},
	{do: "exec", args: ["sh", "-c", "cat /greeting; cp /greeting /out"]},
]
version: {
	string
	#up: [
		{do: "load", from: build},
		{do: "export", source: "/out"},
	]
}
`

// A run is one build and one solve on the daemon; the second is all cached.
func TestRun(t *testing.T) {
	b := newBench(t)
	s := b.run(chain, "version")
	b.wantStatus(s, job.StatusDone)
	want := map[string]job.Status{
		"base[0]": job.StatusDone, "base[1]": job.StatusDone, "build[0]": job.StatusDone,
		"build[1]": job.StatusDone, "version[0]": job.StatusDone, "version[1]": job.StatusDone,
	}
	if diff := cmp.Diff(want, ops(s)); diff != "" {
		t.Errorf("ops (-want +got):\n%s", diff)
	}
	if builds, solves := b.server.Solves(t); builds != 1 || solves != 1 {
		t.Errorf("the daemon saw %d builds and %d solves, want 1 and 1", builds, solves)
	}
	if len(s.Exports) != 1 || s.Exports[0].Value != "hello\n" {
		t.Errorf("exports: %+v", s.Exports)
	}
	if o, _ := s.Op(runtime.OpID{Component: "build", Index: 1}); !cmp.Equal(o.LogTail, []string{"hello"}) {
		t.Errorf("log of build[1]: %q", o.LogTail)
	}
	again := b.run(chain, "version")
	b.wantStatus(again, job.StatusDone)
	for id, st := range ops(again) {
		if st != job.StatusCached && st != job.StatusDone {
			t.Errorf("%s is %s the second time", id, st)
		}
	}
	t.Log(ops(again))
	if builds, solves := b.server.Solves(t); builds != 2 || solves != 2 {
		t.Errorf("after the second run: %d builds, %d solves", builds, solves)
	}
}

// Events come in order and replay to the same state.
func TestEvents(t *testing.T) {
	b := newBench(t)
	j := b.start(chain, "version")
	var seen []string
	var last job.State
	j.Subscribe(func(s job.State, e job.Event) {
		seen = append(seen, fmt.Sprintf("%s %v %s %s", e.Kind, e.Op, strings.Join(e.Lines, "|"), e.Error))
		last = s
	})
	s := b.wait(j)
	b.wantStatus(s, job.StatusDone)
	j.Subscribe(func(s job.State, e job.Event) {})
	if err := b.engine.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, last); diff != "" {
		t.Errorf("watcher's last state differs (-job +watcher):\n%s", diff)
	}
	t.Log(strings.Join(seen, "\n"))
}

// A failing op has its exit code and last output; what came after is skipped.
func TestFail(t *testing.T) {
	b := newBench(t)
	s := b.run(`
a: #up: [
	{do: "fetch-container", ref: "alpine"},
	{do: "exec", args: ["sh", "-c", "echo oh no >&2; exit 3"]},
	{do: "exec", args: ["true"]},
]`, "a")
	b.wantStatus(s, job.StatusFailed)
	o, _ := s.Op(runtime.OpID{Component: "a", Index: 1})
	if o.Status != job.StatusFailed || o.ExitCode == nil || *o.ExitCode != 3 || !cmp.Equal(o.LogTail, []string{"oh no"}) {
		t.Errorf("failing op: %+v", o)
	}
	if s.Error != "a[1] failed with exit code 3" {
		t.Errorf("error: %q", s.Error)
	}
	if ops(s)["a[2]"] != job.StatusSkipped {
		t.Errorf("ops: %v", ops(s))
	}
}

// Problems end a job before a daemon is started or asked.
func TestProblems(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ci.cue"), []byte(`
a: #up: [{do: "exce"}]
b: #up: [{do: "local", dir: "./nowhere"}]
`), 0o644); err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Options{Connect: solve.Options{Address: "unix:///nonexistent"}})
	defer e.Close()
	p := runtime.Evaluate(runtime.Source{Dir: dir})
	for target, code := range map[string]runtime.Code{
		"a": runtime.CodeUnknownOp, "b": runtime.CodeBadValue, "c": runtime.CodeUnknownTarget,
	} {
		s, err := e.Start(t.Context(), engine.Request{Plan: p, Target: target, Workspace: dir}).Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Status != job.StatusFailed || len(s.Problems) == 0 || s.Problems[0].Code != code {
			t.Errorf("%s: %s, %+v, want problem %s", target, s.Status, s.Problems, code)
		}
	}
}

// An image that is nowhere is a problem at its op, which says where it was
// looked for.
func TestImageNotFound(t *testing.T) {
	b := newBench(t)
	s := b.run(`a: #up: [{do: "fetch-container", ref: "nowhere.invalid/x:1"}]`, "a")
	b.wantStatus(s, job.StatusFailed)
	if len(s.Problems) != 1 || s.Problems[0].Code != runtime.CodeImageNotFound || s.Problems[0].Range.IsZero() {
		t.Fatalf("problems: %+v", s.Problems)
	}
	t.Log(s.Problems[0].Message)
}

// A directory of the workspace is read, without its .dagger folder.
func TestLocal(t *testing.T) {
	b := newBench(t)
	for _, f := range []string{"src/a.txt", "src/.dagger/secret"} {
		path := filepath.Join(b.dir, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := b.run(`
src: #up: [{do: "local", dir: "./src"}]
list: {
	string
	#up: [
		{do: "fetch-container", ref: "alpine"},
		{do: "copy", from: src, dest: "/src"},
		{do: "exec", args: ["sh", "-c", "cd /src; find . -type f > /list"]},
		{do: "export", source: "/list"},
	]
}`, "list")
	b.wantStatus(s, job.StatusDone)
	if len(s.Exports) != 1 || s.Exports[0].Value != "./a.txt\n" {
		t.Errorf("exports: %+v", s.Exports)
	}
}

// Two workspaces whose packages and components have the same names keep their
// files and caches apart, also while both run on one daemon.
func TestWorkspacesApart(t *testing.T) {
	b := newBench(t)
	const text = `package ci
src: #up: [{do: "local", dir: "src"}]
main: {
	string
	#up: [
		{do: "fetch-container", ref: "busybox"},
		{do: "exec", args: ["sh", "-c", "cat /src/name >> /cache/log; cp /cache/log /out"], mount: {"/src": from: src, "/cache": "cache"}},
		{do: "export", source: "/out"},
	]
}
slow: #up: [
	{do: "load", from: main},
	{do: "exec", args: ["sleep", "1000"]},
]
`
	request := func(name, target string) engine.Request {
		dir := t.TempDir()
		for file, data := range map[string]string{"ci.cue": text, "src/name": name} {
			path := filepath.Join(dir, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return engine.Request{Plan: runtime.Evaluate(runtime.Source{Dir: dir}), Target: target, Workspace: dir}
	}
	first := b.engine.Start(t.Context(), request("first", "slow"))
	sleeping := make(chan struct{})
	var once sync.Once
	first.Subscribe(func(s job.State, _ job.Event) {
		if o, _ := s.Op(runtime.OpID{Component: "slow", Index: 1}); o.Status == job.StatusRunning {
			once.Do(func() { close(sleeping) })
		}
	})
	select {
	case <-sleeping:
	case <-first.Done():
		t.Fatalf("the first job ended: %+v", first.State())
	}
	second := b.wait(b.engine.Start(t.Context(), request("second", "main")))
	b.wantStatus(second, job.StatusDone)
	if got := second.Exports[0].Value; got != "second" {
		t.Errorf("the second workspace read %q", got)
	}
	first.Cancel(nil)
	<-first.Done()
}
