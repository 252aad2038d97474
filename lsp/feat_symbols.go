package lsp

import (
	"context"
	"slices"

	"go.lsp.dev/protocol"

	"github.com/dagger/dagger-lsp/analysis"
)

func documentSymbolFeature() feature {
	return feature{
		method: protocol.MethodTextDocumentDocumentSymbol,
		announce: func(c *protocol.ServerCapabilities, _ *client) {
			c.DocumentSymbolProvider = protocol.Boolean(true)
		},
		decode: request(func(o *owner, p *protocol.DocumentSymbolParams) (answer, error) {
			path := pathOf(p.TextDocument.URI)
			snap := o.snapshot(path)
			return func(context.Context) (any, error) { return documentSymbols(snap, path), nil }, nil
		}),
	}
}

func documentSymbols(s *Snapshot, path string) any {
	symbols := analysis.Symbols(s.plan, path)
	if s.client.hierarchicalSymbols() {
		return protocol.DocumentSymbolSlice(s.nested(symbols))
	}
	return protocol.SymbolInformationSlice(s.flat(symbols, ""))
}

func (s *Snapshot) nested(symbols []analysis.Symbol) []protocol.DocumentSymbol {
	out := make([]protocol.DocumentSymbol, 0, len(symbols))
	for _, sym := range symbols {
		ds := protocol.DocumentSymbol{
			Name:           sym.Name,
			Kind:           symbolKind(sym),
			Range:          s.lsp(sym.Range),
			SelectionRange: s.lsp(sym.Selection),
		}
		if sym.Detail != "" {
			ds.Detail = &sym.Detail
		}
		if len(sym.Children) > 0 {
			ds.Children = s.nested(sym.Children)
		}
		out = append(out, ds)
	}
	return out
}

// flat is for editors that know no hierarchy: the container's name stands in.
func (s *Snapshot) flat(symbols []analysis.Symbol, container string) []protocol.SymbolInformation {
	out := []protocol.SymbolInformation{}
	for _, sym := range symbols {
		info := protocol.SymbolInformation{
			BaseSymbolInformation: protocol.BaseSymbolInformation{Name: sym.Name, Kind: symbolKind(sym)},
			Location:              protocol.Location{URI: s.uri(sym.Range.File), Range: s.lsp(sym.Range)},
		}
		if container != "" {
			info.ContainerName = &container
		}
		out = slices.Concat(append(out, info), s.flat(sym.Children, sym.Name))
	}
	return out
}

func symbolKind(s analysis.Symbol) protocol.SymbolKind {
	if s.Op != "" || s.Children == nil && s.Name == "(unknown op)" {
		return protocol.SymbolKindFunction
	}
	return protocol.SymbolKindModule
}
