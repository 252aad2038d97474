package daemon

import (
	"context"
	"fmt"
	"net"

	controlapi "github.com/moby/buildkit/api/services/control"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Ping asks the daemon at a unix socket for its workers. A socket accepts
// before the daemon is ready, so connecting alone proves nothing.
func Ping(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	// A connection first: gRPC would retry a socket that is not there.
	c, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("connect to the BuildKit daemon: %w", err)
	}
	_ = c.Close()
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connect to the BuildKit daemon: %w", err)
	}
	defer conn.Close()
	res, err := controlapi.NewControlClient(conn).ListWorkers(ctx, &controlapi.ListWorkersRequest{})
	if err != nil {
		return fmt.Errorf("ask the BuildKit daemon for its workers: %w", err)
	}
	if len(res.Record) == 0 {
		return fmt.Errorf("the BuildKit daemon at %s has no worker", socket)
	}
	return nil
}

// PID is the process that listens on a unix socket, as this process's PID
// namespace numbers it.
func PID(ctx context.Context, socket string) (int, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return 0, fmt.Errorf("connect to %s: %w", socket, err)
	}
	defer c.Close()
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("peer of %s: %w", socket, err)
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err == nil {
		err = credErr
	}
	if err != nil {
		return 0, fmt.Errorf("peer of %s: %w", socket, err)
	}
	return int(cred.Pid), nil
}
