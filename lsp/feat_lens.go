package lsp

import (
	"context"

	"go.lsp.dev/protocol"

	"github.com/dagger/dagger-lsp/analysis"
)

func codeLensFeature() feature {
	return feature{
		method: protocol.MethodTextDocumentCodeLens,
		announce: func(c *protocol.ServerCapabilities, _ *client) {
			c.CodeLensProvider = &protocol.CodeLensOptions{}
		},
		decode: request(func(o *owner, p *protocol.CodeLensParams) (answer, error) {
			path := pathOf(p.TextDocument.URI)
			snap := o.snapshot(path)
			return func(context.Context) (any, error) { return codeLenses(snap, path), nil }, nil
		}),
	}
}

func codeLenses(s *Snapshot, path string) any {
	out := []protocol.CodeLens{}
	for _, l := range analysis.Lenses(s.plan, path) {
		out = append(out, protocol.CodeLens{Range: s.lsp(l.Range), Command: s.command(l, path, l.Title())})
	}
	return out
}

// command is what a lens or its code action makes the editor send back: it
// names the exact version of the text that it was offered for.
func (s *Snapshot) command(l analysis.Lens, path, title string) protocol.Command {
	arg := commandArgument{URI: s.uri(path), Component: l.Component}
	if d, ok := s.docs[path]; ok {
		arg.Version = &d.version
	}
	return protocol.Command{
		Title:     title,
		Command:   "cuellb." + string(l.Verb),
		Arguments: []protocol.LSPAny{arg.encode()},
	}
}
