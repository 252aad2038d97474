package main

import (
	"context"
	"syscall"

	"github.com/dagger/dagger-lsp/engine/daemon"
)

// killAt kills the daemon of a root as the kernel does when memory is out.
func killAt(root string) error {
	pid, err := daemon.PID(context.Background(), root+"/buildkitd.sock")
	if err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}
