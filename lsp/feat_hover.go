package lsp

import (
	"context"

	"go.lsp.dev/protocol"

	"github.com/dagger/dagger-lsp/analysis"
)

func hoverFeature() feature {
	return feature{
		method: protocol.MethodTextDocumentHover,
		announce: func(c *protocol.ServerCapabilities, _ *client) {
			c.HoverProvider = protocol.Boolean(true)
		},
		decode: request(func(o *owner, p *protocol.HoverParams) (answer, error) {
			path := pathOf(p.TextDocument.URI)
			snap := o.snapshot(path)
			return func(context.Context) (any, error) { return hover(snap, path, p.Position), nil }, nil
		}),
	}
}

// hover speaks Markdown to editors that say they read it, and the older
// MarkedString to others, which is Markdown too but without saying so.
func hover(s *Snapshot, path string, at protocol.Position) any {
	pos := s.text(path).ToRuntime(s.client.encoding, position(at))
	h, ok := analysis.HoverAt(s.plan, path, pos)
	if !ok {
		return nil
	}
	rng := s.lsp(h.Range)
	out := &protocol.Hover{Range: &rng}
	if s.client.markdownHover() {
		out.Contents = &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: h.Markdown}
	} else {
		out.Contents = protocol.MarkedStringSlice{protocol.String(h.Markdown)}
	}
	return out
}
