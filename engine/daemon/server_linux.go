package daemon

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/containerd/containerd/v2/defaults"
	"github.com/moby/buildkit/util/grpcerrors"
	"github.com/sirupsen/logrus"
	fscopy "github.com/tonistiigi/fsutil/copy"
	"google.golang.org/grpc"
)

// lockTimeout is how long a new server waits for the one before it to end.
const lockTimeout = 15 * time.Second

// serve runs the server inside its namespaces and calls ready once it answers.
func serve(ctx context.Context, o Options, ready func()) error {
	if err := enterNamespaces(o); err != nil {
		return err
	}
	unlock, err := lockRoot(ctx, o)
	if err != nil {
		return err
	}
	defer unlock()
	logrus.SetFormatter(&logrus.TextFormatter{FullTimestamp: true, DisableColors: true})
	if err := sweep(o); err != nil {
		return err
	}
	defer removeCgroups(o.Root)
	l, err := listen(o.Socket)
	if err != nil {
		return err
	}
	defer l.Close()
	// Snapshots carry the modes that images say, so BuildKit wants no umask.
	syscall.Umask(0)
	fscopy.UmaskIsZero = true

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ctl, err := newController(ctx, o)
	if err != nil {
		return fmt.Errorf("set up BuildKit: %w", err)
	}
	defer ctl.Close()
	srv := newGRPC(o)
	ctl.Register(srv)
	il := newIdleListener(l, o.Idle)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(il) }()
	ready()
	select {
	case <-ctx.Done():
	case <-il.idle:
	case err := <-served:
		return fmt.Errorf("serve %s: %w", o.Socket, err)
	}
	cancel()
	stop(srv)
	return <-served
}

func lockRoot(ctx context.Context, o Options) (func(), error) {
	if err := os.MkdirAll(o.Root, 0o700); err != nil {
		return nil, fmt.Errorf("create the daemon's root: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lockTimeout,
		fmt.Errorf("another daemon uses %s", o.Root))
	defer cancel()
	return lock(ctx, filepath.Join(o.Root, lockName))
}

// listen replaces the socket of a daemon that is gone: the lock proves it.
func listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create the socket's directory: %w", err)
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("remove the stale socket: %w", err)
	}
	// Only the owner may connect: the socket is as good as root.
	old := syscall.Umask(0o177)
	defer syscall.Umask(old)
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// newGRPC has the interceptors that carry typed errors, and room for large
// definitions.
func newGRPC(o Options) *grpc.Server {
	return grpc.NewServer(
		grpc.ChainUnaryInterceptor(countUnary(o.OnCall), grpcerrors.UnaryServerInterceptor),
		grpc.ChainStreamInterceptor(countStream(o.OnCall), grpcerrors.StreamServerInterceptor),
		grpc.MaxRecvMsgSize(defaults.DefaultMaxRecvMsgSize),
		grpc.MaxSendMsgSize(defaults.DefaultMaxSendMsgSize),
		grpc.WaitForHandlers(true),
	)
}

func countUnary(on func(string)) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
		if on != nil {
			on(info.FullMethod)
		}
		return h(ctx, req)
	}
}

func countStream(on func(string)) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, h grpc.StreamHandler) error {
		if on != nil {
			on(info.FullMethod)
		}
		return h(srv, ss)
	}
}

// stop cancels what runs and waits for it, within reason: when this process
// ends, the kernel ends the containers.
func stop(srv *grpc.Server) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Stop()
	}()
	t := time.NewTimer(stopTimeout)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}
