package lsp

import (
	"context"
	"fmt"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"github.com/dagger/dagger-lsp/analysis"
)

// staleError says that a command was about a text that is gone.
type staleError struct {
	uri            uri.URI
	asked, current int32
}

func (e *staleError) Error() string {
	return fmt.Sprintf("%s changed since this was offered (version %d, now %d): run it again on the current text",
		e.uri, e.asked, e.current)
}

// Unwrap gives the protocol's code for it.
func (e *staleError) Unwrap() error { return protocol.ErrContentModified }

// codeRefused is our error for what the user's set-up does not allow.
const codeRefused jsonrpc2.Code = -32803 // LSP's RequestFailed

type runResult struct {
	Job string `json:"job"`
}

// runCommand starts a job for a component and answers with the job's id at
// once. How it goes comes as progress, diagnostics and messages.
func runCommand(o *owner, p *protocol.ExecuteCommandParams) (answer, error) {
	a, err := readArgument(p)
	if err != nil {
		return nil, err
	}
	if err := o.mayRun(); err != nil {
		return nil, err
	}
	snap, err := o.named(a)
	if err != nil {
		return nil, err
	}
	w := wantedJob{snap: snap, target: a.Component, token: p.WorkDoneToken, workspace: o.inFolder(pathOf(a.URI))}
	full := o.full(snap)
	return func(ctx context.Context) (any, error) {
		if w.plan, err = full(ctx); err != nil {
			return nil, fmt.Errorf("evaluate %s: %w", a.URI, err)
		}
		if c := w.plan.Component(w.target); c == nil || !analysis.Runnable(c) {
			return nil, noComponent(w.plan, w.target)
		}
		return o.session.start(ctx, w)
	}, nil
}

func (o *owner) mayRun() error {
	switch {
	case !o.trusted:
		return jsonrpc2.NewError(codeRefused, "this workspace is not trusted: nothing is run in it; trust it in the editor first")
	case o.opts.Engine == nil:
		return jsonrpc2.NewError(codeRefused, "this server was started without an engine: it cannot run anything")
	}
	return nil
}

// start has the owner start a job, and waits for its id.
func (s *session) start(ctx context.Context, w wantedJob) (any, error) {
	id := make(chan string, 1)
	w.id = id
	if !s.post(w) {
		return nil, errClientGone
	}
	select {
	case job := <-id:
		return &runResult{Job: job}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type cancelResult struct {
	Job      string `json:"job"`
	Canceled bool   `json:"canceled"`
}

// errUserCancel is the cause jobs are cancelled with.
var errUserCancel = fmt.Errorf("canceled in the editor: %w", context.Canceled)

// cancelCommand cancels a job, and answers when its containers are gone.
func cancelCommand(o *owner, p *protocol.ExecuteCommandParams) (answer, error) {
	a, err := readArgument(p)
	if err != nil {
		return nil, err
	}
	j, ok := o.jobs[a.Job]
	if !ok {
		return func(context.Context) (any, error) { return &cancelResult{Job: a.Job}, nil }, nil
	}
	j.job.Cancel(errUserCancel)
	return func(ctx context.Context) (any, error) {
		if err := wait(ctx, j.job.Done()); err != nil {
			return nil, err
		}
		return &cancelResult{Job: a.Job, Canceled: true}, nil
	}, nil
}

func progressCancelFeature() feature {
	return feature{method: protocol.MethodWindowWorkDoneProgressCancel, decode: notification(progressCancel)}
}

// progressCancel cancels the job that reports under a token.
func progressCancel(o *owner, p *protocol.WorkDoneProgressCancelParams) {
	for _, j := range o.jobs {
		if j.report.token != nil && j.report.token == p.Token {
			j.job.Cancel(errUserCancel)
		}
	}
}
