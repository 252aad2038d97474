//go:build linux

package daemon_test

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/dagger/dagger-lsp/engine/daemon"
	"github.com/dagger/dagger-lsp/engine/enginetest"
)

// Run by hand the daemon stays in the foreground, and a signal ends it and the
// server it started.
func TestForeground(t *testing.T) {
	o := enginetest.Options(t, enginetest.Config{})
	argv := append(o.Command, "--root="+o.Root, "--oci-runtime="+o.Runtime, "--offline")
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	enginetest.Eventually(t, 10*time.Second, "the daemon to answer", func() bool {
		return daemon.Ping(t.Context(), o.Socket) == nil
	})
	server := enginetest.PID(t, o)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if enginetest.Alive(server) {
		t.Error("the server still runs")
	}
}

// A foreground daemon that is killed takes its server along.
func TestForegroundKilled(t *testing.T) {
	o := enginetest.Options(t, enginetest.Config{})
	argv := append(o.Command, "--root="+o.Root, "--oci-runtime="+o.Runtime, "--offline")
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	enginetest.Eventually(t, 10*time.Second, "the daemon to answer", func() bool {
		return daemon.Ping(t.Context(), o.Socket) == nil
	})
	server := enginetest.PID(t, o)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	enginetest.Eventually(t, 15*time.Second, "the server to end", func() bool { return !enginetest.Alive(server) })
}
