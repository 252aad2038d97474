package lsp

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.uber.org/zap"

	"github.com/dagger/dagger-lsp/engine/mask"
)

// answer is what is left of a request once the owner has seen it. It runs
// concurrently with later messages; nil means that there is nothing left.
type answer func(context.Context) (any, error)

// feature is one thing an editor can ask for or tell.
type feature struct {
	// method is the LSP method; our own begin with "cuellb/".
	method string
	// announce adds to the server's capabilities; nil for what needs none.
	announce func(*protocol.ServerCapabilities, *client)
	// early marks what is allowed before initialize, late what is allowed
	// after shutdown.
	early, late bool
	// decode reads the parameters and returns what the owner is to do.
	decode func(params []byte) (func(*owner) (answer, error), error)
}

// request makes feature.decode from what the owner does with the parameters.
func request[P any](prepare func(*owner, *P) (answer, error)) func([]byte) (func(*owner) (answer, error), error) {
	return func(raw []byte) (func(*owner) (answer, error), error) {
		params := new(P)
		if len(raw) > 0 {
			if err := protocol.Unmarshal(raw, params); err != nil {
				return nil, jsonrpc2.Errorf(jsonrpc2.InvalidParams, "decode parameters: %v", err)
			}
		}
		return func(o *owner) (answer, error) { return prepare(o, params) }, nil
	}
}

// notification is request for what has no answer.
func notification[P any](apply func(*owner, *P)) func([]byte) (func(*owner) (answer, error), error) {
	return request(func(o *owner, p *P) (answer, error) {
		apply(o, p)
		return nil, nil //nolint:nilnil // nothing is left to do
	})
}

// handle takes one message. It runs on the connection's reader, so messages
// come in order; it lets the reader go on before it computes an answer.
func (s *session) handle(ctx context.Context, req *jsonrpc2.Request) (result any, err error) {
	method, call := string([]byte(req.Method())), req.IsCall()
	defer func() {
		if r := recover(); r != nil {
			s.opts.Log.Error("panic", zap.String("method", method), zap.String("panic", mask.Panic(r)), zap.ByteString("stack", debug.Stack()))
			result, err = nil, jsonrpc2.Errorf(jsonrpc2.InternalError, "%s: internal error: %v", method, r)
		}
		if !call {
			// An error from a notification would end the connection.
			if err != nil {
				s.opts.Log.Debug("notification failed", zap.String("method", method), zap.Error(err))
			}
			result, err = nil, nil
		}
	}()
	f, ok := s.table[method]
	if !ok {
		return nil, jsonrpc2.Errorf(jsonrpc2.MethodNotFound, "method %q is not supported", method)
	}
	do, err := f.decode(req.Params())
	if err != nil {
		return nil, err
	}
	rest, err := s.ask(f, do)
	if err != nil || rest == nil || !call {
		return nil, err
	}
	ctx, done := s.pending.add(ctx, req.ID())
	defer done()
	jsonrpc2.Async(ctx)
	result, err = rest(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, protocol.ErrRequestCancelled
	}
	return result, err
}

// ask has the owner handle a message, and waits until it has.
func (s *session) ask(f feature, do func(*owner) (answer, error)) (answer, error) {
	m := message{feature: f, do: do, done: make(chan outcome, 1)}
	if !s.post(m) {
		return nil, jsonrpc2.Errorf(jsonrpc2.InternalError, "the server is shutting down")
	}
	out := <-m.done
	return out.rest, out.err
}

// pending are the calls under way, for $/cancelRequest.
type pending struct {
	mu     sync.Mutex
	cancel map[jsonrpc2.ID]context.CancelFunc
}

func (p *pending) add(ctx context.Context, id jsonrpc2.ID) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel == nil {
		p.cancel = map[jsonrpc2.ID]context.CancelFunc{}
	}
	p.cancel[id] = cancel
	return ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.cancel, id)
		cancel()
	}
}

func (p *pending) stop(id jsonrpc2.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cancel, ok := p.cancel[id]; ok {
		cancel()
	}
}

// invalid is an error the editor's user can act upon.
func invalid(format string, args ...any) error {
	return jsonrpc2.NewError(jsonrpc2.InvalidParams, fmt.Sprintf(format, args...))
}
