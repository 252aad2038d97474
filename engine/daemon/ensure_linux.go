package daemon

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

const (
	// maxSocketPath is what sockaddr_un holds, less its final zero.
	maxSocketPath = 107
	// lockRetry is how often a lock is tried that another process holds.
	lockRetry = 10 * time.Millisecond
	// pingTimeout bounds the question whether a daemon is there: one that
	// accepts and does not answer counts as absent.
	pingTimeout = 2 * time.Second
	// startTimeout bounds a start; a cold disk takes a second, not twenty.
	startTimeout = 20 * time.Second
	// maxLog is the log's size above which a new daemon starts a new one.
	maxLog = 1 << 20
)

// Check says whether the daemon could run here, as an *UnavailableError.
func Check(o Options) error {
	o = o.withDefaults()
	switch {
	case os.Geteuid() != 0:
		return &UnavailableError{
			Reason: "it needs root",
			Hint:   "run as root, or set a BuildKit address, such as docker-container://buildkitd",
		}
	case len(o.Socket) > maxSocketPath:
		return &UnavailableError{
			Reason: fmt.Sprintf("the socket's path %s is longer than the %d bytes Linux allows", o.Socket, maxSocketPath),
			Hint:   "choose a shorter state directory",
		}
	}
	if o.Runtime == "" {
		return noRuntime()
	}
	if st, err := os.Stat(o.Runtime); err != nil || st.Mode()&0o111 == 0 {
		return &UnavailableError{
			Reason: fmt.Sprintf("the OCI runtime %q is not there", o.Runtime),
			Hint:   "run `make runc`, or install the package runc",
			Cause:  err,
		}
	}
	return nil
}

// Ensure returns the address of the daemon of o.Root, starting it if it does
// not run. Any number of processes may race: one daemon comes of it.
func Ensure(ctx context.Context, o Options) (string, error) {
	o = o.withDefaults()
	if Ping(ctx, o.Socket) == nil {
		return o.Addr(), nil
	}
	if err := Check(o); err != nil {
		return "", err
	}
	if err := os.MkdirAll(o.Root, 0o700); err != nil {
		return "", fmt.Errorf("create the daemon's root: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout,
		fmt.Errorf("the BuildKit daemon did not start within %s: see %s", startTimeout, o.LogPath()))
	defer cancel()
	unlock, err := lock(ctx, filepath.Join(o.Root, startLockName))
	if err != nil {
		return "", err
	}
	defer unlock()
	if Ping(ctx, o.Socket) == nil {
		return o.Addr(), nil
	}
	return o.Addr(), start(ctx, o)
}

// lock takes the file lock at path, waiting for its holder as long as ctx.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	l := flock.New(path, flock.SetPermissions(0o600))
	ok, err := l.TryLockContext(ctx, lockRetry)
	if err == nil && !ok {
		err = errors.New("held by another process")
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = l.Unlock() }, nil
}

// start runs the launcher and waits for the server's word on the ready pipe.
func start(ctx context.Context, o Options) error {
	log, err := openLog(o.LogPath())
	if err != nil {
		return err
	}
	defer log.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("open the ready pipe: %w", err)
	}
	defer r.Close()
	cmd := command(o, stageLaunch, true)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Run()
	_ = w.Close()
	if err != nil {
		return fmt.Errorf("start the BuildKit daemon: %w: see %s", err, o.LogPath())
	}
	return awaitReady(ctx, r, o.LogPath())
}

// command is this binary again, at another stage.
func command(o Options, s stage, ready bool) *exec.Cmd {
	argv := o.argv(s, ready)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/"
	return cmd
}

// report is the server's one line on the ready pipe.
type report struct {
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
}

// awaitReady reads the server's report. A closed pipe without one means that
// the server died before it could speak.
func awaitReady(ctx context.Context, r *os.File, logPath string) error {
	stop := context.AfterFunc(ctx, func() { _ = r.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	line, err := bufio.NewReader(r).ReadBytes('\n')
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return fmt.Errorf("wait for the BuildKit daemon: %w", cause)
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the BuildKit daemon ended before it was ready: see %s", logPath)
	}
	var rep report
	if err == nil {
		err = json.Unmarshal(line, &rep)
	}
	if err != nil {
		return fmt.Errorf("read the ready pipe of the BuildKit daemon: %w", err)
	}
	if rep.Error != "" {
		return &UnavailableError{Reason: rep.Error, Hint: rep.Hint}
	}
	return nil
}

// openLog opens the log for appending, after setting a large one aside.
func openLog(path string) (*os.File, error) {
	if st, err := os.Stat(path); err == nil && st.Size() > maxLog {
		_ = os.Rename(path, path+".old")
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the daemon's log: %w", err)
	}
	return f, nil
}
