//go:build linux

package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

// napText runs a command that a test can find in the process list.
func napText(seconds string) string {
	return `nap: #up: [
	{do: "fetch-container", ref: "alpine"},
	{do: "exec", args: ["sleep", "` + seconds + `"]},
	{do: "exec", args: ["true"]},
]`
}

// sleepers are the processes of `sleep seconds` on this machine.
func sleepers(seconds string) []string {
	var found []string
	cmdlines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range cmdlines {
		b, _ := os.ReadFile(path)
		if string(b) == "sleep\x00"+seconds+"\x00" {
			found = append(found, path)
		}
	}
	return found
}

// Cancel stops the container, and the job says so only then.
func TestCancel(t *testing.T) {
	b := newBench(t)
	const seconds = "86411"
	j := b.start(napText(seconds), "nap")
	enginetest.Eventually(t, 10*time.Second, "the container to run", func() bool { return len(sleepers(seconds)) > 0 })
	begin := time.Now()
	j.Cancel(errors.New("the user said so"))
	s := b.wait(j)
	t.Logf("canceled in %s", time.Since(begin))
	if left := sleepers(seconds); len(left) > 0 {
		t.Errorf("the job has ended and %v still run", left)
	}
	b.wantStatus(s, job.StatusCanceled)
	want := map[string]job.Status{"nap[0]": job.StatusDone, "nap[1]": job.StatusCanceled, "nap[2]": job.StatusSkipped}
	if diff := cmp.Diff(want, ops(s)); diff != "" {
		t.Errorf("ops (-want +got):\n%s", diff)
	}
	if s.Error != "canceled: the user said so" {
		t.Errorf("error: %q", s.Error)
	}
}

// A daemon killed in the middle of a job is a clear error, takes its
// containers along, and the next job works.
func TestDaemonKilled(t *testing.T) {
	o := enginetest.Options(t, enginetest.Config{})
	images := enginetest.Store(t)
	e := engine.New(engine.Options{Images: images, Connect: solve.Options{Embedded: &o}})
	t.Cleanup(func() { _ = e.Close() })
	b := &bench{T: t, dir: t.TempDir(), images: images, engine: e}

	const seconds = "86412"
	j := b.start(napText(seconds), "nap")
	enginetest.Eventually(t, 20*time.Second, "the container to run", func() bool { return len(sleepers(seconds)) > 0 })
	enginetest.Kill(t, enginetest.PID(t, o), syscall.SIGKILL)
	begin := time.Now()
	s := b.wait(j)
	t.Logf("noticed in %s: %s", time.Since(begin), s.Error)
	if s.Status != job.StatusFailed || !strings.Contains(s.Error, "went away during the job") || s.Hint == "" {
		t.Errorf("got %s: %q (%q)", s.Status, s.Error, s.Hint)
	}
	// The kernel ends a namespace's processes after its first one, not with it.
	enginetest.Eventually(t, 10*time.Second, "the daemon's containers to be gone", func() bool { return len(sleepers(seconds)) == 0 })
	if m := enginetest.Mounts(t, o.Root); len(m) > 0 {
		t.Errorf("mounts are left: %v", m)
	}
	again := b.run(chain, "version")
	if again.Status != job.StatusDone {
		t.Errorf("the next job: %s: %s", again.Status, again.Error)
	}
}

// Parallel failures: each op has its own error, and one that was only
// cancelled has not failed.
func TestParallelFailures(t *testing.T) {
	b := newBench(t)
	const seconds = "86413"
	s := b.run(`
_base: "alpine"
x: #up: [{do: "fetch-container", ref: _base}, {do: "exec", args: ["sh", "-c", "echo x; exit 4"]}]
y: #up: [{do: "fetch-container", ref: _base}, {do: "exec", args: ["sh", "-c", "exec sleep `+seconds+`"]}]
both: #up: [
	{do: "fetch-container", ref: _base},
	{do: "copy", from: x, dest: "/x"},
	{do: "copy", from: y, dest: "/y"},
]`, "both")
	b.wantStatus(s, job.StatusFailed)
	x, _ := s.Op(runtime.OpID{Component: "x", Index: 1})
	y, _ := s.Op(runtime.OpID{Component: "y", Index: 1})
	if x.Status != job.StatusFailed || x.ExitCode == nil || *x.ExitCode != 4 {
		t.Errorf("x: %+v", x)
	}
	if y.Status != job.StatusCanceled || y.Error != "" {
		t.Errorf("y: %+v", y)
	}
	if left := sleepers(seconds); len(left) > 0 {
		t.Errorf("%v still run", left)
	}
}

// A process killed for want of memory shows only as 137, and gets a hint.
func TestKilledHint(t *testing.T) {
	b := newBench(t)
	s := b.run(`a: #up: [
	{do: "fetch-container", ref: "alpine"},
	{do: "exec", args: ["sh", "-c", "sh -c 'kill -9 $$'; exit $?"]},
]`, "a")
	o, _ := s.Op(runtime.OpID{Component: "a", Index: 1})
	if o.Status != job.StatusFailed || o.ExitCode == nil || *o.ExitCode != 137 || o.Hint == "" {
		t.Errorf("op: %+v", o)
	}
}

// Nothing answers at the address the user set: the job says where it came
// from and what to do.
func TestUnreachable(t *testing.T) {
	b := &bench{T: t, dir: t.TempDir()}
	b.engine = engine.New(engine.Options{Connect: solve.Options{EnvAddress: "unix:///nonexistent.sock"}})
	defer b.engine.Close()
	begin := time.Now()
	s := b.run(napText("1"), "nap")
	if s.Status != job.StatusFailed || !strings.Contains(s.Error, "BUILDKIT_HOST") || s.Hint == "" {
		t.Errorf("got %s: %q (%q)", s.Status, s.Error, s.Hint)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("took %s to say so", took)
	}
}

// Same commands run again when asked to.
func TestNoCache(t *testing.T) {
	b := newBench(t)
	b.wantStatus(b.run(chain, "build"), job.StatusDone)
	j := b.engine.Start(t.Context(), engine.Request{Plan: b.plan(chain), Target: "build", Workspace: b.dir, NoCache: true})
	s := b.wait(j)
	b.wantStatus(s, job.StatusDone)
	for _, id := range []string{"base[1]", "build[1]"} {
		if st := ops(s)[id]; st != job.StatusDone {
			t.Errorf("%s is %s", id, st)
		}
	}
}

// Jobs share one connection and run at the same time.
func TestConcurrentJobs(t *testing.T) {
	b := newBench(t)
	p := b.plan(chain)
	var jobs []*engine.Job
	for range 5 {
		jobs = append(jobs, b.engine.Start(t.Context(), engine.Request{Plan: p, Target: "version", Workspace: b.dir}))
	}
	for _, j := range jobs {
		if s := b.wait(j); s.Status != job.StatusDone || len(s.Exports) != 1 {
			t.Errorf("%s: %s, %d exports", s.Status, s.Error, len(s.Exports))
		}
	}
	if builds, solves := b.server.Solves(t); builds != 5 || solves != 5 {
		t.Errorf("%d builds and %d solves, want 5 and 5", builds, solves)
	}
}

// Close cancels what runs.
func TestClose(t *testing.T) {
	b := newBench(t)
	const seconds = "86414"
	j := b.start(napText(seconds), "nap")
	enginetest.Eventually(t, 10*time.Second, "the container to run", func() bool { return len(sleepers(seconds)) > 0 })
	if err := b.engine.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-j.Done():
	default:
		t.Error("the engine is closed and the job is not done")
	}
	if left := sleepers(seconds); len(left) > 0 {
		t.Errorf("%v still run", left)
	}
}

// A result that cannot be decoded is a problem at its op.
func TestBadExport(t *testing.T) {
	b := newBench(t)
	s := b.run(`n: {
	number
	#up: [
		{do: "fetch-container", ref: "alpine"},
		{do: "exec", args: ["sh", "-c", "echo many > /n"]},
		{do: "export", source: "/n", format: "number"},
	]
}`, "n")
	b.wantStatus(s, job.StatusFailed)
	if len(s.Problems) != 1 || s.Problems[0].Code != runtime.CodeBadValue || !strings.Contains(s.Problems[0].Message, `"many" is not a number`) {
		t.Errorf("problems: %+v", s.Problems)
	}
}
