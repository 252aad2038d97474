package daemon

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// runcState is where OCI runtimes keep the state of running containers.
const runcState = "/run/runc"

// enterNamespaces finishes the namespaces the server was started in.
func enterNamespaces(o Options) error {
	if os.Getpid() != 1 {
		return errors.New("the server stage is started by the daemon itself, not by hand")
	}
	// Slave, not private: what the user unmounts must not stay pinned here.
	if err := unix.Mount("", "/", "", unix.MS_SLAVE|unix.MS_REC, ""); err != nil {
		return mountError("detach from the machine's mounts", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return mountError("mount /proc", err)
	}
	// The state of containers must not outlive the containers either.
	if err := os.MkdirAll(runcState, 0o700); err != nil {
		return fmt.Errorf("create %s: %w", runcState, err)
	}
	if err := unix.Mount("tmpfs", runcState, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0700"); err != nil {
		return mountError("mount "+runcState, err)
	}
	if o.Offline {
		return loopbackUp()
	}
	return nil
}

func mountError(op string, err error) error {
	return &UnavailableError{
		Reason: op,
		Hint:   "it needs CAP_SYS_ADMIN: inside a container, run that one privileged",
		Cause:  err,
	}
}

// loopbackUp switches on the loopback of a new network namespace.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a socket for the loopback: %w", err)
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("name the loopback: %w", err)
	}
	req.SetUint16(syscall.IFF_UP | syscall.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		return fmt.Errorf("switch on the loopback: %w", err)
	}
	return nil
}
