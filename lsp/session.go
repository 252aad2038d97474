package lsp

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.lsp.dev/jsonrpc2"
)

// session is one editor's connection: what the goroutines of it share.
type session struct {
	ctx  context.Context //nolint:containedctx // the session is the context's scope; Serve owns both
	opts Options
	conn jsonrpc2.Conn
	out  *outbox
	// end makes the stream end after the message under way.
	end func()

	table   map[string]feature
	pending pending
	events  chan event
	// stopped is closed when the owner has stopped taking events.
	stopped    chan struct{}
	parentGone chan struct{}
	wg         sync.WaitGroup

	// exited and shut follow the protocol's life cycle; the owner writes them.
	exited, shut atomic.Bool
}

func newSession(ctx context.Context, opts Options, conn jsonrpc2.Conn, end func()) *session {
	s := &session{
		ctx: ctx, opts: opts, conn: conn, end: end,
		out:        newOutbox(),
		table:      map[string]feature{},
		events:     make(chan event),
		stopped:    make(chan struct{}),
		parentGone: make(chan struct{}),
	}
	for _, f := range features() {
		s.table[f.method] = f
	}
	o := newOwner(s)
	s.wg.Go(func() { s.out.run(ctx, conn, opts.Log) })
	s.wg.Go(func() { defer close(s.stopped); o.run() })
	return s
}

// wait returns when every goroutine of the session has ended.
func (s *session) wait() { s.wg.Wait() }

func (s *session) result() error {
	if s.exited.Load() && !s.shut.Load() {
		return ErrNoShutdown
	}
	return nil
}

// post hands an event to the owner. It reports false if the session is over.
func (s *session) post(e event) bool {
	select {
	case s.events <- e:
		return true
	case <-s.stopped:
		return false
	}
}

// watchParent reports when the process that started us is gone.
func (s *session) watchParent(pid int) {
	alive := s.opts.ParentAlive
	if alive == nil {
		return
	}
	s.wg.Go(func() {
		tick := time.NewTicker(parentInterval)
		defer tick.Stop()
		for alive(pid) {
			select {
			case <-tick.C:
			case <-s.ctx.Done():
				return
			}
		}
		close(s.parentGone)
	})
}
