package lsp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dagger/dagger-lsp/lsp/internal/editor"
	"github.com/dagger/dagger-lsp/runtime"
)

func framed(body string) string {
	return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// TestNonsense sends what no editor should, and asks for symbols after each:
// the server must still be there.
func TestNonsense(t *testing.T) {
	leakFree(t)
	dir := t.TempDir()
	uri := editor.FileURI(write(t, dir, "ci.cue", hello))
	e := serve(t, Options{Evaluator: inProcess{}})
	greet(t, e, "options that are no object", dir)
	check(t, e.Open(uri, 1, hello))
	for _, raw := range []string{
		framed("{"),
		framed(`{"jsonrpc":"2.0"}`),
		framed(`{"jsonrpc":"2.0","id":null,"method":"textDocument/hover"}`),
		framed(`{"jsonrpc":"2.0","id":"x","method":"textDocument/hover","params":[1,2]}`),
		framed(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":42}}`),
		framed(`{"jsonrpc":"2.0","method":"textDocument/didOpen"}`),
		framed(`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///nope","version":1},"contentChanges":[{"text":"x"}]}}`),
		framed(`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"` + uri + `","version":2},"contentChanges":[]}}`),
		framed(`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"` + uri + `","version":3},"contentChanges":[{"range":{"start":{"line":9999,"character":1},"end":{"line":0,"character":0}},"text":""}]}}`),
		framed(`{"jsonrpc":"2.0","method":"textDocument/didClose","params":{"textDocument":{"uri":"nonsense://%zz"}}}`),
		framed(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":{}}}`),
		framed(`{"jsonrpc":"2.0","method":"window/workDoneProgress/cancel","params":{"token":null}}`),
		framed(`{"jsonrpc":"2.0","method":"unknown/notification","params":{}}`),
		framed(`{"jsonrpc":"2.0","id":99,"result":{}}`),
		framed(`{"jsonrpc":"2.0","method":"workspace/didChangeConfiguration","params":{"settings":null}}`),
		"Content-Length: nope\r\n\r\n",
		"\x00\x01\x02\r\n\r\n",
	} {
		check(t, e.WriteRaw(raw))
		var symbols []editor.Symbol
		if err := e.Call("textDocument/documentSymbol", editor.Document(uri), &symbols); err != nil || len(symbols) != 1 {
			t.Fatalf("after %q: %d symbols, %v", raw, len(symbols), err)
		}
	}
	check(t, e.Open("untitled:Untitled-1", 1, hello))
	var lenses []editor.Lens
	check(t, e.Call("textDocument/codeLens", editor.Document("untitled:Untitled-1"), &lenses))
	if len(lenses) != 3 {
		t.Errorf("%d lenses in an unsaved document", len(lenses))
	}
	var re *editor.ResponseError
	if err := e.Call("initialize", map[string]any{"capabilities": map[string]any{}}, nil); !errors.As(err, &re) || re.Code != -32600 {
		t.Errorf("second initialize: %v", err)
	}
	check(t, e.Leave())
}

// TestLifeCycle keeps to the protocol's order.
func TestLifeCycle(t *testing.T) {
	e, result := connect(t, Options{})
	var re *editor.ResponseError
	if err := e.Call("textDocument/codeLens", editor.Document("file:///x.cue"), nil); !errors.As(err, &re) || re.Code != -32002 {
		t.Errorf("before initialize: %v", err)
	}
	greet(t, e, nil)
	check(t, e.Call("shutdown", nil, nil))
	if err := e.Call("textDocument/codeLens", editor.Document("file:///x.cue"), nil); !errors.As(err, &re) || re.Code != -32600 {
		t.Errorf("after shutdown: %v", err)
	}
	check(t, e.Notify("exit", nil))
	check(t, <-result)
	e.Close()

	e, result = connect(t, Options{})
	greet(t, e, nil)
	check(t, e.Notify("exit", nil))
	if err := <-result; !errors.Is(err, ErrNoShutdown) {
		t.Errorf("exit without shutdown: %v", err)
	}
	e.Close()
	goleak.VerifyNone(t)
}

// forever evaluates until it is cancelled.
type forever struct{ begun chan struct{} }

func (f forever) Evaluate(ctx context.Context, _ runtime.Source) (*runtime.Plan, error) {
	f.begun <- struct{}{}
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// TestVanish ends the session while an evaluation is under way and a request
// waits for it, in each of the ways a session can end.
func TestVanish(t *testing.T) {
	for name, vanish := range map[string]func(context.CancelFunc, *editor.Editor){
		"client":  func(_ context.CancelFunc, e *editor.Editor) { e.Close() },
		"context": func(cancel context.CancelFunc, _ *editor.Editor) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			f := forever{make(chan struct{})}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			there, here := net.Pipe()
			result := make(chan error, 1)
			go func() { result <- New(Options{Evaluator: f}).Serve(ctx, there) }()
			e := editor.New(here)
			greet(t, e, nil)
			check(t, e.Open("file:///nowhere/ci.cue", 1, hello))
			<-f.begun
			_, _, err := e.Go("cuellb/settled", editor.Document("file:///nowhere/ci.cue"))
			check(t, err)
			vanish(cancel, e)
			check(t, <-result)
			e.Close()
		})
	}
}

// TestParentGone ends the session when the process the editor named is gone.
func TestParentGone(t *testing.T) {
	defer goleak.VerifyNone(t)
	e, result := connect(t, Options{ParentAlive: func(pid int) bool { return pid != 4711 }})
	check(t, e.Notify("nothing", nil))
	_, _, err := e.Go("initialize", map[string]any{"processId": 4711, "capabilities": map[string]any{}})
	check(t, err)
	check(t, <-result)
	e.Close()
}

// TestLatestWins types on while evaluations are under way: each is cancelled by
// the next key, and only the last one's result is shown.
func TestLatestWins(t *testing.T) {
	leakFree(t)
	f := forever{make(chan struct{}, 100)}
	e := serve(t, Options{Evaluator: f, Quiet: time.Nanosecond})
	greet(t, e, nil)
	const uri = "file:///nowhere/ci.cue"
	check(t, e.Open(uri, 1, hello))
	<-f.begun
	check(t, e.Change(uri, 2, nil, strings.Replace(hello, "exec", "exce", 1)))
	<-f.begun
	p, _, err := e.WaitDiagnostics(0, uri, func(p editor.Published) bool { return len(p.Diagnostics) == 1 })
	check(t, err)
	if *p.Version != 2 {
		t.Errorf("version %d", *p.Version)
	}
	check(t, e.Leave())
}

// TestSlowReader opens many documents and reads nothing: the server goes on
// taking messages, and ends all the same.
func TestSlowReader(t *testing.T) {
	for name, vanish := range map[string]func(context.CancelFunc, *editor.Editor){
		"client":  func(_ context.CancelFunc, e *editor.Editor) { e.Close() },
		"context": func(cancel context.CancelFunc, _ *editor.Editor) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			there, here := net.Pipe()
			result := make(chan error, 1)
			go func() { result <- New(Options{}).Serve(ctx, there) }()
			e := editor.New(&late{Conn: here, closed: make(chan struct{})})
			init := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}`
			check(t, e.WriteRaw(framed(init)))
			readOne(t, here)
			for i := range 200 {
				check(t, e.Open(fmt.Sprintf("file:///nowhere/%d/ci.cue", i), 1, "package ci\na: #up: [{do: \"x\"}]\n"))
			}
			vanish(cancel, e)
			check(t, <-result)
			if name != "client" {
				e.Close()
			}
		})
	}
}

// readOne takes one answer off the wire.
func readOne(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := c.Read(make([]byte, 1<<16))
	check(t, err)
}

// late is a connection that nobody reads.
type late struct {
	net.Conn
	closed chan struct{}
}

func (l *late) Read([]byte) (int, error) { <-l.closed; return 0, net.ErrClosed }

func (l *late) Close() error { close(l.closed); return l.Conn.Close() }

// TestFolders tells the workspace of a run by the folders of the moment.
func TestFolders(t *testing.T) {
	o := &owner{folders: []string{"/a", "/a/b"}}
	for path, want := range map[string]string{"/a/b/c/x.cue": "/a/b", "/a/x.cue": "/a", "/ab/x.cue": "/ab"} {
		if got := o.inFolder(path); got != want {
			t.Errorf("%s is in %s, want %s", path, got, want)
		}
	}
}

// TestWatchedFiles takes a file that changes outside the editor into account,
// and the didSave of one inside it.
func TestWatchedFiles(t *testing.T) {
	leakFree(t)
	dir := t.TempDir()
	main := editor.FileURI(write(t, dir, "ci.cue", "package ci\n\na: #up: [{do: \"load\", from: base}]\n"))
	e := serve(t, Options{Evaluator: inProcess{}})
	greet(t, e, nil, dir)
	check(t, e.Open(main, 1, "package ci\n\na: #up: [{do: \"load\", from: base}]\n"))
	_, next, err := e.WaitDiagnostics(0, main, func(p editor.Published) bool { return len(p.Diagnostics) == 1 })
	check(t, err)
	other := editor.FileURI(write(t, dir, "base.cue", "package ci\n\nbase: #up: [{do: \"fetch-container\", ref: \"x\"}]\n"))
	check(t, e.Notify("workspace/didChangeWatchedFiles", map[string]any{
		"changes": []any{map[string]any{"uri": other, "type": 1}},
	}))
	_, _, err = e.WaitDiagnostics(next, main, func(p editor.Published) bool { return len(p.Diagnostics) == 0 })
	check(t, err)
	check(t, e.Notify("textDocument/didSave", editor.Document(main)))
	check(t, e.Notify("workspace/didChangeWorkspaceFolders", map[string]any{"event": map[string]any{
		"added": []any{map[string]any{"uri": editor.FileURI("/new"), "name": "new"}}, "removed": []any{},
	}}))
	check(t, e.Leave())
}
