package lsp

import (
	"context"
	"slices"
	"sync"

	"go.lsp.dev/jsonrpc2"
	"go.uber.org/zap"
)

// outbox sends what the owner has to say to the editor, in order, so that the
// owner never waits for an editor that does not read.
type outbox struct {
	mu    sync.Mutex
	queue []outgoing
	wake  chan struct{}
}

// outgoing is a notification, or a call whose answer does not matter.
type outgoing struct {
	method string
	params any
	call   bool
	// replaces names what this message overtakes: an unsent one of the same
	// name is dropped. It bounds the queue for editors that read slowly.
	replaces string
	// sent, if set, makes this no message: it is closed when all before it
	// is on the wire.
	sent chan struct{}
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

func (b *outbox) send(m outgoing) {
	b.mu.Lock()
	if m.replaces != "" {
		b.queue = slices.DeleteFunc(b.queue, func(o outgoing) bool { return o.replaces == m.replaces })
	}
	b.queue = append(b.queue, m)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *outbox) notify(method string, params any) {
	b.send(outgoing{method: method, params: params})
}

// flushed is closed when everything said so far is on the wire.
func (b *outbox) flushed() <-chan struct{} {
	sent := make(chan struct{})
	b.send(outgoing{sent: sent})
	return sent
}

func (b *outbox) take() []outgoing {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queue
	b.queue = nil
	return q
}

// run sends until ctx is done.
func (b *outbox) run(ctx context.Context, conn jsonrpc2.Conn, log *zap.Logger) {
	var calls sync.WaitGroup
	defer calls.Wait()
	for {
		for _, m := range b.take() {
			if m.sent != nil {
				close(m.sent)
				continue
			}
			if m.call {
				calls.Go(func() { _, _ = conn.Call(ctx, m.method, m.params, nil) })
				continue
			}
			if err := conn.Notify(ctx, m.method, m.params); err != nil && ctx.Err() == nil {
				log.Debug("notify", zap.String("method", m.method), zap.Error(err))
			}
		}
		select {
		case <-b.wake:
		case <-ctx.Done():
			return
		}
	}
}
