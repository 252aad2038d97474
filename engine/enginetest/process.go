//go:build linux

package enginetest

import (
	"errors"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dagger/dagger-lsp/engine/daemon"
)

// killTimeout is how long a process may take to end.
const killTimeout = 15 * time.Second

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

// Kill sends sig and waits until the process is gone.
func Kill(tb testing.TB, pid int, sig syscall.Signal) {
	tb.Helper()
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		tb.Errorf("kill %d: %v", pid, err)
		return
	}
	Eventually(tb, killTimeout, "process to end", func() bool { return !Alive(pid) })
}

// Alive reports whether a process runs; a zombie does not.
func Alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", itoa(pid), "stat"))
	if err != nil {
		return false
	}
	// The state follows the command's name, which may hold anything.
	for i := len(stat) - 1; i > 0; i-- {
		if stat[i] == ')' {
			return i+2 < len(stat) && stat[i+2] != 'Z' && stat[i+2] != 'X'
		}
	}
	return true
}

// Eventually waits until cond holds, looking often.
func Eventually(tb testing.TB, within time.Duration, what string, cond func() bool) {
	tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	over := time.NewTimer(within)
	defer over.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-over.C:
			tb.Errorf("waited %s for %s", within, what)
			return
		}
	}
}

// tempDir is short, because a unix socket's path must be, and is removed after
// the daemon in it has ended.
func tempDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "dlsp")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("remove the test daemon's root: %v", err)
		}
	})
	return dir
}

// Runtime finds the OCI runtime: that of `make runc` before one on PATH.
func Runtime(tb testing.TB) string {
	tb.Helper()
	dirs := append([]string{filepath.Join(moduleRoot(tb), "bin")}, filepath.SplitList(os.Getenv("PATH"))...)
	path, err := daemon.FindRuntime(dirs...)
	if err != nil {
		tb.Skipf("SKIPPED: %v", err)
	}
	return path
}

// moduleRoot is the directory of go.mod above the test's.
func moduleRoot(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	tb.Fatal("no go.mod above the test's directory")
	return ""
}

// PID is the daemon that runs with o.
func PID(tb testing.TB, o daemon.Options) int {
	tb.Helper()
	pid, err := daemon.PID(tb.Context(), o.Socket)
	if err != nil {
		tb.Fatal(err)
	}
	return pid
}

// Mounts are this machine's mounts under a directory.
func Mounts(tb testing.TB, dir string) []string {
	tb.Helper()
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		tb.Fatal(err)
	}
	var under []string
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], dir) {
			under = append(under, f[1])
		}
	}
	return under
}
