package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/lsp/internal/editor"
)

// realEngine is the engine that users get, as cmd hands it over.
type realEngine struct{ *engine.Engine }

func (r realEngine) Start(ctx context.Context, req Request) Job {
	return r.Engine.Start(ctx, engine.Request{Plan: req.Plan, Target: req.Target, Workspace: req.Workspace, NoCache: req.NoCache})
}

// newEngine is an engine on a daemon of its own, without a network.
func newEngine(tb testing.TB, address string) Engine {
	tb.Helper()
	e := engine.New(engine.Options{Images: enginetest.Store(tb), Connect: solve.Options{Address: address}})
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return realEngine{e}
}

// desk is an editor with one document at a server with the real engine.
type desk struct {
	testing.TB
	e       *editor.Editor
	uri     string
	version int
	next    int
}

func newDesk(t testing.TB, opts Options, options any, text string) *desk {
	t.Helper()
	opts.Evaluator = realEvaluator(t)
	return deskOf(t, serve(t, opts), options, text)
}

// deskOf opens a text in an editor.
func deskOf(t testing.TB, e *editor.Editor, options any, text string) *desk {
	t.Helper()
	dir := t.TempDir()
	d := &desk{TB: t, e: e, uri: editor.FileURI(write(t, dir, "ci.cue", text)), version: 1}
	greet(t, d.e, options, dir)
	check(t, d.e.Open(d.uri, 1, text))
	_, err := d.e.Settled(d.uri)
	check(t, err)
	d.next = d.e.Mark()
	return d
}

// click executes the lens with a title above a component.
func (d *desk) click(title, component string, result any) error {
	d.Helper()
	var lenses []editor.Lens
	check(d, d.e.Call("textDocument/codeLens", editor.Document(d.uri), &lenses))
	for _, l := range lenses {
		if l.Command.Title == title && strings.Contains(string(l.Command.Arguments[0]), `"component":"`+component+`"`) {
			return d.execute(l.Command.Command, l.Command.Arguments[0], result)
		}
	}
	d.Fatalf("no lens %q above %s", title, component)
	return nil
}

func (d *desk) execute(command string, argument, result any) error {
	return d.e.Call("workspace/executeCommand", map[string]any{"command": command, "arguments": []any{argument}}, result)
}

// message waits for a window/showMessage that contains s.
func (d *desk) message(s string) string {
	d.Helper()
	m, next, err := d.e.Wait(d.next, func(m editor.Message) bool {
		return m.Method == "window/showMessage"
	})
	check(d, err)
	d.next = next
	var p struct{ Message string }
	check(d, json.Unmarshal(m.Params, &p))
	if !strings.Contains(p.Message, s) {
		d.Fatalf("message %q does not contain %q", p.Message, s)
	}
	return p.Message
}

const failing = `package ci

base: #up: [{do: "fetch-container", ref: "busybox"}]

good: #up: [
	{do: "load", from: base},
	{do: "exec", args: ["sh", "-c", "echo fine > /out"]},
]

bad: #up: [
	{do: "load", from: good},
	{do: "exec", args: ["sh", "-c", "echo first; echo the reason >&2; exit 3"]},
]

version: {
	string
	#up: [{do: "load", from: good}, {do: "export", source: "/out"}]
}
`

// TestRunLens runs lenses on a real daemon: a failing op becomes a diagnostic
// at its place with its exit code and last lines, which moves with its text and
// goes when its component is touched.
func TestRunLens(t *testing.T) {
	leakFree(t)
	server := enginetest.Start(t, enginetest.Config{})
	d := newDesk(t, Options{Engine: newEngine(t, server.Addr)}, nil, failing)

	var run struct{ Job string }
	check(t, d.click("▶ Run", "version", &run))
	if run.Job == "" {
		t.Error("no job id")
	}
	d.message("version = fine")
	if builds, solves := server.Solves(t); builds != 1 || solves != 1 {
		t.Errorf("%d builds with %d solves for one run", builds, solves)
	}

	check(t, d.click("▶ Run", "bad", &run))
	p, next, err := d.e.WaitDiagnostics(d.next, d.uri, func(p editor.Published) bool { return len(p.Diagnostics) > 0 })
	check(t, err)
	at := find(t, failing, `{do: "exec", args: ["sh", "-c", "echo first; echo the reason >&2; exit 3"]}`)
	if got := p.Diagnostics[0]; got.Code != "op-failed" || got.Range != at ||
		!strings.Contains(got.Message, "exit code 3") || !strings.Contains(got.Message, "\nfirst") || !strings.Contains(got.Message, "\nthe reason") {
		t.Errorf("got %+v, want it at %+v", got, at)
	}
	d.message("exit code 3")
	d.next = next

	// A line above moves it.
	check(t, d.e.Change(d.uri, 2, &editor.Range{}, "// a comment\n"))
	p, next, err = d.e.WaitDiagnostics(d.next, d.uri, func(p editor.Published) bool { return true })
	check(t, err)
	if len(p.Diagnostics) != 1 || p.Diagnostics[0].Range.Start.Line != at.Start.Line+1 {
		t.Errorf("after an insertion above: %+v", p)
	}
	// A change in its component clears it.
	in := editor.Position{Line: at.Start.Line, Character: 5}
	check(t, d.e.Change(d.uri, 3, &editor.Range{Start: in, End: in}, " "))
	_, _, err = d.e.WaitDiagnostics(next, d.uri, func(p editor.Published) bool { return len(p.Diagnostics) == 0 })
	check(t, err)
	check(t, d.e.Leave())
}

// TestRunProgressAndCancel cancels a job by its progress token. The editor is
// told that it is cancelled when the container is gone.
func TestRunProgressAndCancel(t *testing.T) {
	leakFree(t)
	server := enginetest.Start(t, enginetest.Config{})
	d := newDesk(t, Options{Engine: newEngine(t, server.Addr)}, map[string]any{"jobState": true}, `package ci
slow: #up: [
	{do: "fetch-container", ref: "busybox"},
	{do: "exec", args: ["sleep", "1000"]},
]
`)
	var run struct{ Job string }
	check(t, d.click("▶ Run", "slow", &run))
	token := "cuellb/" + run.Job
	start := d.next // progress and messages are sent side by side: neither waits for the other
	progress := func(kind string) editor.Message {
		m, _, err := d.e.Wait(start, func(m editor.Message) bool {
			return m.Method == "$/progress" && strings.Contains(string(m.Params), `"`+kind+`"`) && strings.Contains(string(m.Params), token)
		})
		check(t, err)
		return m
	}
	progress("begin")
	_, _, err := d.e.Wait(d.next, func(m editor.Message) bool {
		return m.Method == "cuellb/jobState" && strings.Contains(string(m.Params), `"summary":"exec sleep 1000"`) &&
			strings.Count(string(m.Params), `"status":"running"`) == 2
	})
	check(t, err)
	check(t, d.e.Notify("window/workDoneProgress/cancel", map[string]any{"token": token}))
	d.message("slow: canceled")
	if m := progress("end"); !strings.Contains(string(m.Params), "canceled") {
		t.Errorf("end says %s", m.Params)
	}
	check(t, d.e.Leave())
}

// TestLeaveWhileRunning says goodbye with a job under way: shutdown answers
// when the job is gone.
func TestLeaveWhileRunning(t *testing.T) {
	leakFree(t)
	server := enginetest.Start(t, enginetest.Config{})
	d := newDesk(t, Options{Engine: newEngine(t, server.Addr)}, nil, `package ci
slow: #up: [
	{do: "fetch-container", ref: "busybox"},
	{do: "exec", args: ["sleep", "1000"]},
]
`)
	check(t, d.click("▶ Run", "slow", nil))
	check(t, d.e.Leave())
}

// TestRunWithoutBuildKit shows that everything but running works without one,
// and that running says why it does not.
func TestRunWithoutBuildKit(t *testing.T) {
	leakFree(t)
	d := newDesk(t, Options{Engine: newEngine(t, "unix:///nowhere/buildkitd.sock")}, nil, failing)
	var text string
	check(t, d.click("Plan", "bad", &text))
	if !strings.Contains(text, "exec sh -c echo first") {
		t.Errorf("plan: %s", text)
	}
	check(t, d.click("Graph", "bad", &text))
	if !strings.Contains(text, "good") {
		t.Errorf("graph: %s", text)
	}
	check(t, d.click("▶ Run", "bad", nil))
	t.Log(d.message("/nowhere/buildkitd.sock"))
	check(t, d.e.Leave())
}

func TestRunIsRefused(t *testing.T) {
	code := func(err error) int {
		var re *editor.ResponseError
		if !errors.As(err, &re) {
			t.Fatalf("got %v, want an error response", err)
		}
		t.Log(re)
		return re.Code
	}
	t.Run("untrusted", func(t *testing.T) {
		d := newDesk(t, Options{Engine: newEngine(t, "unix:///nowhere")}, map[string]any{"trusted": false}, failing)
		if got := code(d.click("▶ Run", "good", nil)); got != -32803 {
			t.Errorf("code %d", got)
		}
		check(t, d.e.Notify("workspace/didChangeConfiguration", map[string]any{
			"settings": map[string]any{"cuellb": map[string]any{"trusted": true}},
		}))
		check(t, d.click("▶ Run", "good", nil))
		check(t, d.e.Leave())
	})
	t.Run("never trusted", func(t *testing.T) {
		d := newDesk(t, Options{Engine: newEngine(t, "unix:///nowhere"), Untrusted: true}, map[string]any{"trusted": true}, failing)
		code(d.click("▶ Run", "good", nil))
		check(t, d.e.Leave())
	})
	t.Run("stale", func(t *testing.T) {
		d := newDesk(t, Options{Engine: newEngine(t, "unix:///nowhere")}, nil, failing)
		check(t, d.e.Change(d.uri, 2, &editor.Range{}, "// new\n"))
		err := d.execute("cuellb.run", map[string]any{"uri": d.uri, "component": "good", "version": 1}, nil)
		if got := code(err); got != -32801 || !strings.Contains(err.Error(), "version 1, now 2") {
			t.Errorf("code %d", got)
		}
		check(t, d.e.Leave())
	})
	t.Run("unknown", func(t *testing.T) {
		d := newDesk(t, Options{Engine: newEngine(t, "unix:///nowhere")}, nil, failing)
		code(d.execute("cuellb.run", map[string]any{"uri": d.uri, "component": "nope"}, nil))
		code(d.execute("cuellb.nope", nil, nil))
		code(d.execute("cuellb.run", 42, nil))
		check(t, d.e.Leave())
	})
}
