package lsp

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"github.com/dagger/dagger-lsp/lsp/internal/editor"
	"github.com/dagger/dagger-lsp/runtime"
)

// inProcess evaluates here: for tests of what is around the evaluator.
type inProcess struct{}

func (inProcess) Evaluate(ctx context.Context, src runtime.Source) (*runtime.Plan, error) {
	return runtime.Evaluate(src), context.Cause(ctx)
}

// leakFree fails the test if anything it starts from here on outlives it.
func leakFree(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// serve starts a server and an editor at the other end. The test fails if the
// server does not end.
func serve(t testing.TB, opts Options) *editor.Editor {
	t.Helper()
	e, result := connect(t, opts)
	t.Cleanup(func() {
		e.Close()
		if err := <-result; err != nil && !errors.Is(err, ErrNoShutdown) {
			t.Errorf("serve: %v", err)
		}
	})
	return e
}

func connect(t testing.TB, opts Options) (*editor.Editor, <-chan error) {
	t.Helper()
	if opts.Log == nil {
		opts.Log = zaptest.NewLogger(t)
	}
	there, here := net.Pipe()
	result := make(chan error, 1)
	go func() { result <- New(opts).Serve(context.Background(), there) }()
	return editor.New(here), result
}

// greet initializes e with everything a modern editor can do.
func greet(t testing.TB, e *editor.Editor, options any, folders ...string) {
	t.Helper()
	if _, err := e.Initialize(editor.Modern("utf-16"), options, folders...); err != nil {
		t.Fatal(err)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

const hello = `package ci

hello: #up: [
	{do: "fetch-container", ref: "alpine"},
	{do: "exec", args: ["echo", "hi"]},
]
`

func TestTwoTiersAndTheirEnd(t *testing.T) {
	leakFree(t)
	dir := t.TempDir()
	uri := editor.FileURI(write(t, dir, "ci.cue", hello))
	e := serve(t, Options{Evaluator: inProcess{}})
	greet(t, e, nil, dir)

	check(t, e.Open(uri, 1, strings.Replace(hello, `"exec"`, `"exce"`, 1)))
	p, next, err := e.WaitDiagnostics(0, uri, func(p editor.Published) bool { return len(p.Diagnostics) > 0 })
	check(t, err)
	if d := p.Diagnostics[0]; d.Code != "unknown-op" || d.Source != "cuellb" || *p.Version != 1 {
		t.Errorf("got %+v", p)
	}
	// A mistake only CUE sees.
	check(t, e.Change(uri, 2, nil, hello+"a: 1\na: 2\n"))
	p, next, err = e.WaitDiagnostics(next, uri, func(p editor.Published) bool { return len(p.Diagnostics) > 0 })
	check(t, err)
	if d := p.Diagnostics[0]; d.Code != "conflict" || *p.Version != 2 {
		t.Errorf("got %+v", p)
	}
	check(t, e.CloseDocument(uri))
	p, _, err = e.WaitDiagnostics(next, uri, func(p editor.Published) bool { return len(p.Diagnostics) == 0 })
	check(t, err)
	if p.Version != nil {
		t.Errorf("version %d for a closed document", *p.Version)
	}
	check(t, e.Leave())
}
