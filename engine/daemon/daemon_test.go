//go:build linux

package daemon_test

import (
	"context"
	"errors"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dagger/dagger-lsp/engine/daemon"
	"github.com/dagger/dagger-lsp/engine/enginetest"
)

// clientMarker makes the test binary a client that keeps a connection open
// until it is killed.
const clientMarker = "daemon-test-client"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == clientMarker {
		c, err := net.Dial("unix", os.Args[2])
		if err != nil {
			os.Exit(1)
		}
		_, _ = os.Stdout.WriteString("connected\n")
		_, _ = c.Read(make([]byte, 1))
		select {}
	}
	enginetest.Main(m)
}

// A daemon is ready in well under a second, and a second Ensure finds it.
func TestEnsure(t *testing.T) {
	begin := time.Now()
	s := enginetest.Start(t, enginetest.Config{})
	took := time.Since(begin)
	t.Logf("ready in %s", took)
	if took > 2*time.Second {
		t.Errorf("took %s to be ready", took)
	}
	begin = time.Now()
	if _, err := daemon.Ensure(t.Context(), s.Options); err != nil {
		t.Fatal(err)
	}
	t.Logf("found in %s", time.Since(begin))
	if pid := enginetest.PID(t, s.Options); pid != s.PID {
		t.Errorf("got process %d, want %d", pid, s.PID)
	}
	if st, err := os.Stat(s.Options.Socket); err != nil || st.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may use the socket: %v (%v)", st.Mode(), err)
	}
}

// Clients that race for a daemon get the same one.
func TestRace(t *testing.T) {
	o := enginetest.Options(t, enginetest.Config{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := daemon.Ensure(t.Context(), o); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	first := enginetest.PID(t, o)
	if _, err := daemon.Ensure(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if n := servers(t, o.Root); n != 1 {
		t.Errorf("%d servers run", n)
	}
	if pid := enginetest.PID(t, o); pid != first {
		t.Errorf("process %d took over from %d", pid, first)
	}
}

// servers counts the server processes of a root.
func servers(t *testing.T, root string) int {
	t.Helper()
	n := 0
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		b, _ := os.ReadFile(p)
		if strings.Contains(string(b), "--root="+root) && strings.Contains(string(b), "--stage=serve") {
			n++
		}
	}
	return n
}

// The server is a child of init, in a session of its own.
func TestDetached(t *testing.T) {
	s := enginetest.Start(t, enginetest.Config{})
	pgid, err := syscall.Getpgid(s.PID)
	if err != nil || pgid == syscall.Getpgrp() {
		t.Errorf("process group %d (%v), ours is %d", pgid, err, syscall.Getpgrp())
	}
	b, err := os.ReadFile(filepath.Join("/proc", itoa(s.PID), "status"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "\nPPid:\t"+itoa(os.Getpid())+"\n") {
		t.Error("the server is our child: it would be a zombie of the editor")
	}
}

// A socket that nobody serves, and one that somebody was killed over, are
// replaced, and the state is used again.
func TestKilled(t *testing.T) {
	s := enginetest.Start(t, enginetest.Config{})
	enginetest.Kill(t, s.PID, syscall.SIGKILL)
	if _, err := os.Stat(s.Options.Socket); err != nil {
		t.Fatalf("the killed daemon left no socket: %v", err)
	}
	if m := enginetest.Mounts(t, s.Options.Root); len(m) > 0 {
		t.Errorf("mounts are left: %v", m)
	}
	again := enginetest.Start(t, enginetest.Config{Root: s.Options.Root})
	if again.PID == s.PID {
		t.Error("the daemon has not been started anew")
	}
}

// A daemon asked to end goes quickly and leaves nothing mounted.
func TestTerminate(t *testing.T) {
	s := enginetest.Start(t, enginetest.Config{})
	begin := time.Now()
	enginetest.Kill(t, s.PID, syscall.SIGTERM)
	t.Logf("ended in %s", time.Since(begin))
	if m := enginetest.Mounts(t, s.Options.Root); len(m) > 0 {
		t.Errorf("mounts are left: %v", m)
	}
}

// The daemon ends when it has had no connection for a while, and not before;
// a client that was killed counts as gone.
func TestIdle(t *testing.T) {
	const idle = 300 * time.Millisecond
	s := enginetest.Start(t, enginetest.Config{Idle: idle})
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	client := exec.CommandContext(t.Context(), exe, clientMarker, s.Options.Socket)
	out, err := client.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	over := time.NewTimer(3 * idle)
	<-over.C
	if !enginetest.Alive(s.PID) {
		t.Fatal("the daemon ended with a client connected")
	}
	if err := client.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = client.Wait()
	enginetest.Eventually(t, 10*time.Second, "the idle daemon to end", func() bool { return !enginetest.Alive(s.PID) })
	if _, err := daemon.Ensure(t.Context(), s.Options); err != nil {
		t.Errorf("start again after an idle end: %v", err)
	}
}

// A second daemon on the same root, started by hand, gives up in words.
func TestStartFails(t *testing.T) {
	o := enginetest.Options(t, enginetest.Config{})
	o.Socket = filepath.Join(o.Root, "file", "sock")
	if err := os.WriteFile(filepath.Join(o.Root, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := daemon.Ensure(t.Context(), o)
	var u *daemon.UnavailableError
	if !errors.As(err, &u) || !strings.Contains(u.Reason, "socket's directory") {
		t.Errorf("got %v", err)
	}
}

// A daemon whose command does not exist, or ends at once, is an error that
// names the log.
func TestCommandFails(t *testing.T) {
	o := enginetest.Options(t, enginetest.Config{})
	for _, argv := range [][]string{{"/nonexistent"}, {"/bin/true"}, {"/bin/false"}} {
		o.Command = argv
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if _, err := daemon.Ensure(ctx, o); err == nil || !strings.Contains(err.Error(), o.LogPath()) {
			t.Errorf("%v: %v", argv, err)
		}
		cancel()
	}
}

func TestCheck(t *testing.T) {
	o := enginetest.Options(t, enginetest.Config{})
	for name, change := range map[string]func(*daemon.Options){
		"runtime": func(o *daemon.Options) { o.Runtime = "/nonexistent/runc" },
		"socket":  func(o *daemon.Options) { o.Socket = "/" + strings.Repeat("x", 120) },
	} {
		bad := o
		change(&bad)
		_, err := daemon.Ensure(t.Context(), bad)
		var u *daemon.UnavailableError
		if !errors.As(err, &u) || u.Hint == "" {
			t.Errorf("%s: got %v, want an UnavailableError with a hint", name, err)
		}
	}
}

func TestFindRuntime(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	_, err := daemon.FindRuntime(a, "", b)
	var u *daemon.UnavailableError
	if !errors.As(err, &u) || u.Hint == "" {
		t.Errorf("got %v", err)
	}
	for path, mode := range map[string]os.FileMode{a + "/runc": 0o644, b + "/crun": 0o755, b + "/runc": 0o755} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := daemon.FindRuntime(a, b); err != nil || got != b+"/runc" {
		t.Errorf("got %s (%v)", got, err)
	}
}

// The flags carry the options across.
func TestFlags(t *testing.T) {
	var got daemon.Options
	fs := flag.NewFlagSet("daemon", flag.ContinueOnError)
	daemon.Flags(fs, &got)
	err := fs.Parse([]string{
		"--root=/r", "--socket=/s", "--oci-runtime=/runc", "--idle=5m", "--network=none", "--offline",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := daemon.Options{
		Root: "/r", Socket: "/s", Runtime: "/runc", Idle: 5 * time.Minute,
		Network: daemon.NetworkNone, Offline: true,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(daemon.Options{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
