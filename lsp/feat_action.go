package lsp

import (
	"context"
	"slices"
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"github.com/dagger/dagger-lsp/analysis"
	"github.com/dagger/dagger-lsp/runtime"
)

// kindRun is the kind of the actions that mirror lenses. It stands below
// "source", the protocol's kind for what is about more than the selection.
const kindRun protocol.CodeActionKind = "source.cuellb"

func codeActionFeature() feature {
	return feature{
		method: protocol.MethodTextDocumentCodeAction,
		announce: func(c *protocol.ServerCapabilities, cl *client) {
			if !cl.codeActionLiterals() {
				c.CodeActionProvider = protocol.Boolean(true)
				return
			}
			c.CodeActionProvider = &protocol.CodeActionOptions{
				CodeActionKinds: []protocol.CodeActionKind{protocol.CodeActionKindQuickFix, kindRun},
			}
		},
		decode: request(func(o *owner, p *protocol.CodeActionParams) (answer, error) {
			snap := o.snapshot(pathOf(p.TextDocument.URI))
			return func(context.Context) (any, error) { return codeActions(snap, p), nil }, nil
		}),
	}
}

// codeActions are fixes for problems, and every lens of the component at the
// cursor: some editors show no lenses.
func codeActions(s *Snapshot, p *protocol.CodeActionParams) any {
	path := pathOf(p.TextDocument.URI)
	at := s.runtime(path, p.Range)
	out := []protocol.CommandOrCodeAction{}
	if wanted(p.Context.Only, protocol.CodeActionKindQuickFix) && s.client.codeActionLiterals() {
		for _, f := range analysis.Fixes(s.problems, at) {
			out = append(out, s.fix(f))
		}
		text := func(path string) string { return s.text(path).String() }
		for _, f := range analysis.Migrations(s.source, s.problems, at, text) {
			out = append(out, s.fix(f))
		}
		if c := s.migrateWorkspace(path, at); c != nil {
			out = append(out, c)
		}
	}
	if !wanted(p.Context.Only, kindRun) {
		return out
	}
	for _, l := range analysis.LensesAt(s.plan, at) {
		cmd := s.command(l, path, l.Named())
		if !s.client.codeActionLiterals() {
			out = append(out, &cmd)
			continue
		}
		kind := kindRun
		out = append(out, &protocol.CodeAction{Title: cmd.Title, Kind: &kind, Command: cmd})
	}
	return out
}

func (s *Snapshot) fix(f analysis.Fix) *protocol.CodeAction {
	kind, preferred := protocol.CodeActionKindQuickFix, f.Preferred
	return &protocol.CodeAction{
		Title: f.Title, Kind: &kind, IsPreferred: &preferred,
		Diagnostics: []protocol.Diagnostic{s.diagnostic(f.Problem)},
		Edit:        s.workspaceEdit(f.Edits),
	}
}

func (v view) workspaceEdit(edits []runtime.Edit) *protocol.WorkspaceEdit {
	changes := map[uri.URI][]protocol.TextEdit{}
	for _, e := range edits {
		u := v.uri(e.Range.File)
		changes[u] = append(changes[u], protocol.TextEdit{Range: v.lsp(e.Range), NewText: e.NewText})
	}
	return &protocol.WorkspaceEdit{Changes: changes}
}

// wanted reports whether an editor that asks for the kinds in only wants kind.
// A kind stands for all below it.
func wanted(only []protocol.CodeActionKind, kind protocol.CodeActionKind) bool {
	return len(only) == 0 || slices.ContainsFunc(only, func(o protocol.CodeActionKind) bool {
		return o == "" || kind == o || strings.HasPrefix(string(kind), string(o)+".")
	})
}
