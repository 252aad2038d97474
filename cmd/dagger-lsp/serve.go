package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/lsp"
	"github.com/dagger/dagger-lsp/runtime/worker"
)

type serveFlags struct {
	stdio     bool
	listen    string
	untrusted bool
}

// serveCommand is the root command's body; it has no name of its own.
func (a *app) serveCommand() *cobra.Command {
	var flags serveFlags
	cmd := &cobra.Command{
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	f.BoolVar(&flags.stdio, "stdio", false, "serve on standard input and output; the default")
	f.StringVar(&flags.listen, "listen", "", "serve editors at `address`: unix:PATH or a loopback HOST:PORT")
	f.BoolVar(&flags.untrusted, "untrusted", false, "run nothing, whatever the editor says")
	return cmd
}

func (a *app) serve(ctx context.Context, flags serveFlags) error {
	pool := worker.New(a.workerOptions())
	eng := a.engine()
	server := lsp.New(lsp.Options{
		Log: a.log(), Evaluator: pool, Engine: runner{a, eng},
		Version: programVersion(), Untrusted: flags.untrusted, ParentAlive: parentAlive(flags),
	})
	var err error
	if flags.listen != "" {
		err = a.listen(ctx, server, flags.listen)
	} else {
		err = server.Serve(ctx, stdio{a.stdin, a.stdout})
	}
	err = errors.Join(err, eng.Close(), pool.Close())
	if errors.Is(err, lsp.ErrNoShutdown) {
		return &exitError{code: exitProblems}
	}
	return err
}

// runner is the engine as the server wants to see it.
type runner struct {
	app    *app
	engine *engine.Engine
}

// Start starts a job of the engine.
func (r runner) Start(ctx context.Context, req lsp.Request) lsp.Job {
	run := engine.Request{Plan: req.Plan, Target: req.Target, Workspace: req.Workspace, NoCache: req.NoCache}
	if err := r.app.give(&run, handleFlags{req.Secrets, req.Streams}); err != nil {
		// A setting that cannot be read gives nothing: the job says what it lacks.
		r.app.log().Warn("read the settings of secrets", zap.Error(err))
	}
	return r.engine.Start(ctx, run)
}

// parentAlive tells the server whether its editor lives, where that is the
// process that started it.
func parentAlive(flags serveFlags) func(int) bool {
	if flags.listen != "" {
		return nil
	}
	return alive
}

// stdio joins the standard streams. Closing it ends a pending read.
type stdio struct {
	io.Reader
	io.Writer
}

// Close closes what can be closed of the two streams.
func (s stdio) Close() error {
	var errs []error
	for _, stream := range []any{s.Reader, s.Writer} {
		if c, ok := stream.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// listen serves any number of editors until ctx ends.
func (a *app) listen(ctx context.Context, server *lsp.Server, address string) error {
	l, err := listener(address)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stderr, "listening at", l.Addr())
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept an editor: %w", err)
		}
		sessions.Go(func() {
			if err := server.Serve(ctx, conn); err != nil {
				a.log().Warn("session ended", zap.Error(err))
			}
		})
	}
}

// listener refuses addresses that other machines could reach: whoever connects
// can run what the workspace says.
func listener(address string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return net.Listen("unix", strings.TrimPrefix(path, "//"))
	}
	address = strings.TrimPrefix(address, "tcp://")
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: want unix:PATH or HOST:PORT", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("--listen %s: %q is not a loopback address: the protocol has no passwords", address, host)
	}
	return net.Listen("tcp", address)
}
