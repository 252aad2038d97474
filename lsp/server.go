package lsp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.uber.org/zap"

	"github.com/dagger/dagger-lsp/lsp/internal/wire"
	"github.com/dagger/dagger-lsp/runtime"
)

// Evaluator runs CUE somewhere that can be killed. Its error is about
// cancellation or about not being able to start at all; what is wrong with the
// text is in the plan.
type Evaluator interface {
	Evaluate(ctx context.Context, src runtime.Source) (*runtime.Plan, error)
}

// Options is what a server needs from outside.
type Options struct {
	// Log defaults to none.
	Log *zap.Logger
	// Evaluator gives the second tier. Without one only syntax is checked.
	Evaluator Evaluator
	// Engine runs jobs. Without one everything but running works.
	Engine Engine
	// Version is told to the editor.
	Version string
	// Untrusted forbids running even where the editor allows it.
	Untrusted bool
	// Quiet is how long a package rests after a change before it is
	// evaluated; DefaultQuiet when zero.
	Quiet time.Duration
	// ParentAlive reports whether the process that started the server, as
	// the editor names it, lives. Nil does not watch it, which is right for
	// editors on other machines.
	ParentAlive func(pid int) bool
}

// DefaultQuiet is long enough to skip the middle of a burst of keys and short
// enough to go unnoticed.
const DefaultQuiet = 15 * time.Millisecond

// parentInterval is how often a parent process is looked for. Its end usually
// shows at once as the end of the stream.
const parentInterval = 3 * time.Second

// lastWords is how long the editor has to read what is under way when the
// session ends.
const lastWords = 2 * time.Second

// ErrNoShutdown says that the editor sent `exit` without `shutdown` before it:
// the protocol asks for exit status 1 then.
var ErrNoShutdown = errors.New("exit without shutdown")

// Server serves editors. It holds no state of its own: each Serve is one
// editor's session.
type Server struct {
	opts Options
}

// New makes a server.
func New(opts Options) *Server {
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	if opts.Quiet == 0 {
		opts.Quiet = DefaultQuiet
	}
	return &Server{opts: opts}
}

// Serve talks to the editor at the other end of rwc until it says `exit`, goes
// away, or ctx is cancelled. It closes rwc, and returns when the jobs it
// started have ended and nothing of the session is left. The end of the stream
// is no error.
func (s *Server) Serve(ctx context.Context, rwc io.ReadWriteCloser) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream := wire.NewStream(rwc)
	conn := jsonrpc2.NewConn(stream, jsonrpc2.WithCodec(wire.Codec{}))
	sess := newSession(ctx, s.opts, conn, stream.End)
	conn.Go(ctx, sess.handle)

	select {
	case <-stream.Closed():
		cancel(errClientGone)
	case <-ctx.Done():
	case <-sess.parentGone:
		cancel(errClientGone)
	}
	// An editor that reads nothing any more must not hold the session.
	cut := time.AfterFunc(lastWords, func() { _ = stream.Close() })
	defer cut.Stop()
	sess.wait()
	if err := conn.Close(); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		s.opts.Log.Debug("close the connection", zap.Error(err))
	}
	return sess.result()
}

var errClientGone = fmt.Errorf("the editor is gone: %w", context.Canceled)
