package lsp

import (
	"context"
	"runtime/debug"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.uber.org/zap"

	"github.com/dagger/dagger-lsp/engine/mask"
)

// owner is the state of a session. Only the goroutine in run touches it.
type owner struct {
	*session
	client  *client
	trusted bool
	// secrets and streams are the settings that say where they are.
	secrets, streams []string
	// folders are the workspace's folders, absolute.
	folders []string
	docs    map[string]*document
	// packages are those with an open document.
	packages map[packageKey]*pkg
	disk     *disk
	pub      *publisher
	jobs     map[string]*activeJob
	seq      uint64
	// warned keeps us from repeating that the evaluator does not start.
	warned bool
}

func newOwner(s *session) *owner {
	return &owner{
		session:  s,
		client:   &client{},
		trusted:  !s.opts.Untrusted,
		docs:     map[string]*document{},
		packages: map[packageKey]*pkg{},
		disk:     newDisk(),
		pub:      &publisher{out: s.out},
		jobs:     map[string]*activeJob{},
	}
}

// run consumes events until the session's context is done, then ends the jobs
// and evaluations it started.
func (o *owner) run() {
	for {
		select {
		case <-o.ctx.Done():
			o.close()
			return
		case e := <-o.events:
			o.consume(e)
		}
	}
}

// consume applies one event. A panic is a bug in one event's handling and must
// not take the editor's session with it.
func (o *owner) consume(e event) {
	defer func() {
		if r := recover(); r != nil {
			o.opts.Log.Error("panic in the owner", zap.String("panic", mask.Panic(r)), zap.ByteString("stack", debug.Stack()))
		}
	}()
	e.apply(o)
}

func (m message) apply(o *owner) {
	out := outcome{err: jsonrpc2.Errorf(jsonrpc2.InternalError, "%s: internal error", m.feature.method)}
	defer func() { m.done <- out }()
	if out.err = o.allowed(m.feature); out.err == nil {
		out.rest, out.err = m.do(o)
	}
}

// allowed keeps to the protocol's life cycle.
func (o *owner) allowed(f feature) error {
	switch {
	case o.shut.Load() && !f.late:
		return jsonrpc2.Errorf(jsonrpc2.InvalidRequest, "%s after shutdown", f.method)
	case !o.initialized() && !f.early:
		return jsonrpc2.Errorf(jsonrpc2.ServerNotInitialized, "%s before initialize", f.method)
	}
	return nil
}

func (o *owner) initialized() bool { return o.pub.client != nil }

// close ends what runs. Jobs are cancelled by the context they got; their
// goroutines are in the session's wait group.
func (o *owner) close() {
	for _, p := range o.packages {
		p.stop(errClientGone)
	}
	for _, j := range o.jobs {
		j.job.Cancel(errClientGone)
	}
}

// after posts e when d has passed, unless the returned timer is stopped.
func (o *owner) after(d time.Duration, e event) *time.Timer {
	return time.AfterFunc(d, func() { o.post(e) })
}

// background runs f on a goroutine of the session's; it must end with ctx.
func (o *owner) background(f func(ctx context.Context)) {
	ctx := o.ctx
	o.wg.Go(func() { f(ctx) })
}
