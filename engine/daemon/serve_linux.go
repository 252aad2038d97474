package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	goruntime "runtime"
	"syscall"
	"time"
)

const (
	// readyFD is where the server reports, by the order of exec.Cmd.ExtraFiles.
	readyFD = 3
	// stopTimeout bounds an orderly end; the kernel does the rest.
	stopTimeout = 10 * time.Second
)

// Serve runs a daemon until ctx is cancelled, a signal asks it to end, or it
// has been idle. It is the body of `dagger-lsp daemon` and changes
// process-wide state (umask, mounts, the default logger), so it must be alone
// in its process.
func Serve(ctx context.Context, o Options) error {
	o = o.withDefaults()
	switch o.stage {
	case stageLaunch:
		return launch(o)
	case stageServe:
		return reported(ctx, o)
	case stageForeground:
	}
	return foreground(ctx, o)
}

// serverCommand is the server's process: its own session, and namespaces
// that take its containers and mounts along when it ends.
func serverCommand(o Options, ready bool) (*os.Process, error) {
	tmp := filepath.Join(o.Root, tmpName)
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, fmt.Errorf("create the daemon's root: %w", err)
	}
	cmd := command(o, stageServe, ready)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr //nolint:forbidigo // the server logs where this process was told to
	// TMPDIR keeps temporary mount points under the root. The two limits
	// would clip a step's log at 2 MiB; BuildKit reads them once, at start.
	cmd.Env = append(cmd.Environ(), "TMPDIR="+tmp,
		"BUILDKIT_STEP_LOG_MAX_SIZE=-1", "BUILDKIT_STEP_LOG_MAX_SPEED=-1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
	}
	if o.Offline {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	}
	if ready {
		f := os.NewFile(readyFD, "ready")
		defer f.Close()
		cmd.ExtraFiles = []*os.File{f}
	} else {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the BuildKit server in its own namespaces: %w", err)
	}
	return cmd.Process, nil
}

// launch starts the server and leaves it to init.
func launch(o Options) error {
	p, err := serverCommand(o, true)
	if err != nil {
		return err
	}
	return p.Release()
}

// foreground runs the server as a child and ends it when ctx ends.
func foreground(ctx context.Context, o Options) error {
	if err := Check(o); err != nil {
		return err
	}
	// The parent-death signal follows the thread that started the child.
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	p, err := serverCommand(o, false)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Signal(syscall.SIGTERM) })
	defer stop()
	st, err := p.Wait()
	if err != nil {
		return fmt.Errorf("wait for the BuildKit server: %w", err)
	}
	if !st.Success() {
		return fmt.Errorf("the BuildKit server ended: %s", st)
	}
	return nil
}

// reported runs the server and tells whoever waits at the ready pipe how its
// start went.
func reported(ctx context.Context, o Options) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	started := false
	err := serve(ctx, o, func() {
		started = true
		say(o, report{})
	})
	if err != nil && !started {
		rep := report{Error: err.Error()}
		var u *UnavailableError
		if errors.As(err, &u) {
			rep = report{Error: u.Reason, Hint: u.Hint}
		}
		say(o, rep)
	}
	return err
}

func say(o Options, rep report) {
	if !o.ready {
		return
	}
	f := os.NewFile(readyFD, "ready")
	defer f.Close()
	// The reader may be gone; the daemon is of use to the next client.
	_ = json.NewEncoder(f).Encode(rep)
}
