//go:build linux

package lsp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/lsp/internal/editor"
)

const secretive = `package ci

token: string @dagger(secret)

_shout: {
	do: "exec"
	args: [...]
	mount: "/token": secret: token
}

fails: #up: [
	{do: "fetch-container", ref: "busybox"},
	_shout & {args: ["sh", "-c", "echo is $(cat /token); base64 /token; cat /token >&2; exit 3"]},
]

exported: {
	string
	#up: [
		{do: "fetch-container", ref: "busybox"},
		_shout & {args: ["sh", "-c", "cp /token /out"]},
		{do: "export", source: "/out"},
	]
}
`

// secretEngine gives the canary where a setting names it.
type secretEngine struct {
	*engine.Engine
	canary enginetest.Canary
}

func (s secretEngine) Start(ctx context.Context, req Request) Job {
	return s.Engine.Start(ctx, engine.Request{
		Plan: req.Plan, Target: req.Target, Workspace: req.Workspace, Secrets: namedSecrets{req.Secrets, s.canary},
	})
}

type namedSecrets struct {
	settings []string
	canary   enginetest.Canary
}

func (n namedSecrets) Secret(_ context.Context, path string) ([]byte, error) {
	if !slices.Contains(n.settings, path+"=env:CANARY") {
		return nil, engine.ErrNoSecret
	}
	return []byte(n.canary.Text), nil
}

// recorder keeps all that the editor gets.
type recorder struct {
	io.ReadWriteCloser
	mu  sync.Mutex
	got bytes.Buffer
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.ReadWriteCloser.Read(p)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got.Write(p[:n])
	return n, err
}

// TestCanaryInTraffic runs what prints and exports a secret through the server,
// and looks for it in every byte that the editor got and in the server's log.
func TestCanaryInTraffic(t *testing.T) {
	leakFree(t)
	canary := enginetest.NewCanary(t)
	daemon := enginetest.Start(t, enginetest.Config{})
	eng := engine.New(engine.Options{Images: enginetest.Store(t), Connect: solve.Options{Address: daemon.Addr}})
	var logged bytes.Buffer
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.AddSync(&logged), zap.DebugLevel))
	there, here := net.Pipe()
	traffic := &recorder{ReadWriteCloser: here}
	served := make(chan error, 1)
	go func() {
		served <- New(Options{Log: log, Engine: secretEngine{eng, canary}, Evaluator: realEvaluator(t)}).Serve(context.Background(), there)
	}()
	d := deskOf(t, editor.New(traffic), map[string]any{"secrets": []string{"token=env:CANARY"}, "jobState": true}, secretive)
	var run struct{ Job string }
	check(t, d.click("▶ Run", "fails", &run))
	p, _, err := d.e.WaitDiagnostics(d.next, d.uri, func(p editor.Published) bool { return len(p.Diagnostics) > 0 })
	check(t, err)
	if got := p.Diagnostics[0].Message; !strings.Contains(got, "is ***") {
		t.Errorf("the diagnostic has no masked output: %s", got)
	}
	d.message("exit code 3")
	check(t, d.click("▶ Run", "exported", &run))
	d.message("the file holds the secret token")
	d.e.Close()
	if err := <-served; err != nil && !errors.Is(err, ErrNoShutdown) {
		t.Errorf("serve: %v", err)
	}
	check(t, eng.Close())
	if traffic.got.Len() < 1000 {
		t.Errorf("only %d bytes of traffic", traffic.got.Len())
	}
	canary.Absent(t, "what the editor got", traffic.got.Bytes())
	canary.Absent(t, "the server's log", logged.Bytes())
}
