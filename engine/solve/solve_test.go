//go:build linux

package solve_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/daemon"
	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/image"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

// evaluate is the plan of some CUE text.
func evaluate(t *testing.T, text string) *runtime.Plan {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ci.cue"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return runtime.Evaluate(runtime.Source{Dir: dir})
}

// run runs a target of some CUE text on a daemon.
func run(t *testing.T, addr string, images *image.Store, text, target string) job.State {
	t.Helper()
	e := engine.New(engine.Options{Images: images, Connect: solve.Options{Address: addr}})
	defer e.Close()
	p := evaluate(t, text)
	s, err := e.Start(t.Context(), engine.Request{Plan: p, Target: target, Workspace: p.Dir}).Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// An image that the store lacks comes from the registry, by the daemon's own
// access to it, with its environment.
func TestRegistry(t *testing.T) {
	s := enginetest.Start(t, enginetest.Config{Registry: true})
	images := enginetest.Store(t)
	ref := enginetest.RegistryHost + "/team/app:1"
	push(t, s.Addr, images, ref)
	got := run(t, s.Addr, image.Open(t.TempDir()), `
a: {
	string
	#up: [
		{do: "fetch-container", ref: "`+ref+`"},
		{do: "exec", args: ["sh", "-c", "cat /pushed > /out"]},
		{do: "export", source: "/out"},
	]
}`, "a")
	if got.Status != job.StatusDone || len(got.Exports) != 1 || got.Exports[0].Value != "yes\n" {
		t.Errorf("%s: %s %+v %+v", got.Status, got.Error, got.Problems, got.Exports)
	}
}

// push puts an image into the registry beside a daemon.
func push(t *testing.T, addr string, images *image.Store, ref string) {
	t.Helper()
	c, err := client.New(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := &rig{images: images, client: c}
	if b.base, err = images.ResolveImage(t.Context(), "busybox", platform); err != nil {
		t.Fatal(err)
	}
	def, err := b.source().Run(llb.Args([]string{"sh", "-c", "echo yes > /pushed"})).Root().Marshal(t.Context(), llb.LinuxAmd64)
	if err != nil {
		t.Fatal(err)
	}
	o := b.opt()
	o.Exports = []client.ExportEntry{{Type: client.ExporterImage, Attrs: map[string]string{"name": ref, "push": "true"}}}
	if _, err := c.Solve(t.Context(), def, o, nil); err != nil {
		t.Fatal(err)
	}
}

// Steps of a daemon without a network have a loopback and nothing else.
func TestNoNetwork(t *testing.T) {
	o := enginetest.Options(t, enginetest.Config{})
	o.Network = daemon.NetworkNone
	addr, err := daemon.Ensure(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	got := run(t, addr, enginetest.Store(t), `
a: {
	string
	#up: [
		{do: "fetch-container", ref: "alpine"},
		{do: "exec", args: ["sh", "-c", "ls /sys/class/net > /out; readlink /proc/self/ns/net >> /out"]},
		{do: "export", source: "/out"},
	]
}`, "a")
	if got.Status != job.StatusDone {
		t.Fatalf("%s: %s", got.Status, got.Error)
	}
	server, err := os.Readlink(filepath.Join("/proc", itoa(enginetest.PID(t, o)), "ns/net"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Exports[0].Value == "lo\n"+server+"\n" {
		t.Errorf("the step is in the daemon's network: %q", got.Exports[0].Value)
	}
}

// Output is not clipped at the 2 MiB that BuildKit allows a step by default.
func TestLongLog(t *testing.T) {
	const lines = 100_000
	s := enginetest.Start(t, enginetest.Config{})
	e := engine.New(engine.Options{Images: enginetest.Store(t), Connect: solve.Options{Address: s.Addr}})
	p := evaluate(t, `a: #up: [
	{do: "fetch-container", ref: "alpine"},
	{do: "exec", args: ["sh", "-c", "yes 'a line of some thirty-one letters' | head -n 100000"]},
]`)
	j := e.Start(t.Context(), engine.Request{Plan: p, Target: "a", Workspace: p.Dir})
	n := 0
	j.Subscribe(func(_ job.State, ev job.Event) { n += len(ev.Lines) })
	if st, err := j.Wait(t.Context()); err != nil || st.Status != job.StatusDone {
		t.Fatalf("%s: %s (%v)", st.Status, st.Error, err)
	}
	// Close waits for the watcher.
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if n != lines {
		t.Errorf("got %d lines, want %d", n, lines)
	}
}

// The first BuildKit there is wins, in the order that Options gives.
func TestPick(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	all := solve.Options{
		Address: "tcp://a:1", EnvAddress: "ssh://b", LocalSockets: []string{"/nonexistent", socket},
	}
	for _, want := range []string{"tcp://a:1", "ssh://b", "unix://" + socket, ""} {
		got, err := all.Pick(context.Background())
		if got.Addr != want {
			t.Errorf("got %q (%v), want %q", got.Addr, err, want)
		}
		var u *solve.UnreachableError
		if want == "" && (!errors.As(err, &u) || u.Hint == "") {
			t.Errorf("got %v, want an UnreachableError with a hint", err)
		}
		switch {
		case all.Address != "":
			all.Address = ""
		case all.EnvAddress != "":
			all.EnvAddress = ""
		default:
			all.LocalSockets = nil
		}
	}
}

// Probe tells what the daemon can do.
func TestProbe(t *testing.T) {
	s := enginetest.Start(t, enginetest.Config{})
	choice, workers, err := solve.Options{Address: s.Addr}.Probe(t.Context())
	if err != nil || choice.Addr != s.Addr || len(workers) != 1 || len(workers[0].Platforms) == 0 {
		t.Errorf("%+v %+v %v", choice, workers, err)
	}
}

// platform is what the tests' images are for: the machine's.
var platform = ocispecs.Platform{}

func itoa(n int) string { return strconv.Itoa(n) }
