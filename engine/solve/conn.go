// Package solve runs a job on a BuildKit: it picks the BuildKit, keeps one
// connection to it, and solves each job in one gateway session: once, or in
// passes where it needs values that only a run gives. It is the only package that
// imports BuildKit's client.
//
// A job is lowered inside the session, because only there image references can
// be resolved with the daemon's own access to registries; directories are
// served from the session too, as the lowered job names them.
package solve

import (
	"context"
	"errors"
	"sync"

	"github.com/moby/buildkit/client"
)

// Conn is a connection to a BuildKit, made when first used and made anew when
// it is lost. It is safe for concurrent use.
type Conn struct {
	opt Options

	// mu guards live; it is held while connecting, so that jobs that start
	// together share one client.
	mu   sync.Mutex
	live *live
}

// live is one client and the BuildKit it talks to.
type live struct {
	*client.Client
	Choice
}

// NewConn returns a connection that is not made yet.
func NewConn(o Options) *Conn { return &Conn{opt: o} }

// Close ends the connection.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live == nil {
		return nil
	}
	l := c.live
	c.live = nil
	return l.Close()
}

// get returns the client, connecting if need be.
func (c *Conn) get(ctx context.Context) (*live, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live != nil {
		return c.live, nil
	}
	choice, err := c.opt.Pick(ctx)
	if err != nil {
		return nil, err
	}
	cl, err := c.opt.dial(ctx, choice.Addr)
	if err != nil {
		return nil, &UnreachableError{Choice: choice, Cause: err}
	}
	c.live = &live{Client: cl, Choice: choice}
	return c.live, nil
}

// drop forgets a client whose BuildKit is gone.
func (c *Conn) drop(l *live) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live != l {
		return
	}
	c.live = nil
	_ = l.Close()
}

// answers asks whether the BuildKit is still there.
func (l *live) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	_, err := l.ListWorkers(ctx)
	return err == nil
}

// Run solves one job. A connection that turns out dead before anything began
// is made anew, once.
func (c *Conn) Run(ctx context.Context, req Request) (*Result, error) {
	for try := 0; ; try++ {
		l, err := c.get(ctx)
		if err != nil {
			return nil, err
		}
		s := &session{req: req, vertices: newVertices(), logins: newLogins(req.Login, req.Docker)}
		err = s.build(ctx, l)
		switch {
		case err == nil:
			return &s.result, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case s.began.Load():
			return nil, c.explain(ctx, l, err)
		case l.answers(ctx):
			return nil, err
		}
		c.drop(l)
		if try > 0 {
			return nil, &UnreachableError{Choice: l.Choice, Cause: err, Hint: "is it running? try: dagger-lsp doctor"}
		}
	}
}

// explain types the error of a session that had begun: an error of our own, a
// failed vertex, a lost daemon, or whatever it is.
func (c *Conn) explain(ctx context.Context, l *live, err error) error {
	var own *inSessionError
	if errors.As(err, &own) {
		return own.error
	}
	var action *ActionError
	if errors.As(err, &action) && l.answers(ctx) {
		return action
	}
	f, failed := failure(err)
	if failed && f.ExitCode != nil {
		return f
	}
	if !l.answers(ctx) {
		c.drop(l)
		return &LostError{Choice: l.Choice, Cause: err}
	}
	if failed {
		return f
	}
	return err
}
