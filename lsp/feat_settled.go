package lsp

import (
	"context"

	"go.lsp.dev/protocol"
)

// methodSettled answers when the diagnostics of both tiers are out for the text
// as it was when the request came. See docs/lsp-extensions.md.
const methodSettled = "cuellb/settled"

type settledParams struct {
	TextDocument protocol.TextDocumentIdentifier `json:"textDocument"`
}

type settledResult struct {
	// Evaluated is false if a newer text came first, or if the evaluator
	// does not work.
	Evaluated bool `json:"evaluated"`
}

func settledFeature() feature {
	return feature{method: methodSettled, decode: request(settled)}
}

func settled(o *owner, p *settledParams) (answer, error) {
	path := pathOf(p.TextDocument.URI)
	d, ok := o.docs[path]
	if !ok {
		return nil, invalid("%s is not open", p.TextDocument.URI)
	}
	pk := o.packages[d.pkg]
	snap := pk.snap
	done := make(chan struct{})
	pk.settled = append(pk.settled, done)
	if pk.judged == snap.seq {
		pk.settle()
	}
	return func(ctx context.Context) (any, error) {
		if err := wait(ctx, done); err != nil {
			return nil, err
		}
		evaluated, err := o.session.evaluated(path, snap.seq)
		if err != nil {
			return nil, err
		}
		return &settledResult{evaluated}, wait(ctx, o.out.flushed())
	}, nil
}

// evaluated reports whether path's package is still at seq, and evaluated.
func (s *session) evaluated(path string, seq uint64) (bool, error) {
	var now *Snapshot
	_, err := s.ask(settledFeature(), func(o *owner) (answer, error) {
		now = o.snapshot(path)
		return nil, nil //nolint:nilnil // only the snapshot is wanted
	})
	return err == nil && now.seq == seq && now.evaluated(), err
}

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
