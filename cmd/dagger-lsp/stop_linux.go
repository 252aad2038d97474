package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/dagger/dagger-lsp/engine/daemon"
)

// stopDaemon ends the embedded daemon and returns when it is gone. It reports
// false if there was none.
func stopDaemon(ctx context.Context, o daemon.Options) (bool, error) {
	pid, err := daemon.PID(ctx, strings.TrimPrefix(o.Addr(), "unix://"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find the daemon: %w", err)
	}
	// A descriptor names this one process, even if its number is used again.
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open the daemon's process %d: %w", pid, err)
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, unix.SIGTERM, nil, 0); err != nil {
		return false, fmt.Errorf("end the daemon's process %d: %w", pid, err)
	}
	return true, waitGone(ctx, fd)
}

// waitGone waits for the process behind a pidfd, looking at ctx in between.
func waitGone(ctx context.Context, fd int) error {
	const slice = 100 // milliseconds
	for {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, slice)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait for the daemon: %w", err)
		}
		if n > 0 {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}
