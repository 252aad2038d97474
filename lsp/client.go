package lsp

import (
	"encoding/json"
	"slices"

	"go.lsp.dev/protocol"

	"github.com/dagger/dagger-lsp/lsp/internal/text"
)

// client is what the editor said about itself. Immutable after initialize.
type client struct {
	encoding text.Encoding
	caps     protocol.ClientCapabilities
	// jobState is set for editors that know our cuellb/jobState.
	jobState bool
}

// settings are our initializationOptions, and what stands below "cuellb" in
// workspace/didChangeConfiguration.
type settings struct {
	// Trusted tells whether the user trusts the workspace. Nothing said
	// means yes: editors without the notion of trust say nothing.
	Trusted *bool `json:"trusted"`
	// JobState asks for cuellb/jobState notifications.
	JobState bool `json:"jobState"`
	// Secrets say where secrets are, as PATH=env:NAME or PATH=file:FILE, and
	// Streams where sockets are: the same texts as the flags of run.
	Secrets []string `json:"secrets"`
	Streams []string `json:"streams"`
}

func newClient(p *protocol.InitializeParams, s settings) *client {
	return &client{
		encoding: negotiate(p.Capabilities.General),
		caps:     p.Capabilities,
		jobState: s.JobState,
	}
}

// negotiate takes UTF-8 where the editor offers it: it spares both a
// conversion. UTF-16 is what every editor knows.
func negotiate(g *protocol.GeneralClientCapabilities) text.Encoding {
	if g != nil && slices.Contains(g.PositionEncodings, protocol.PositionEncodingKindUTF8) {
		return text.UTF8
	}
	return text.UTF16
}

// readSettings takes what it understands: settings of other servers, null and
// nonsense are no reason to fail.
func readSettings(raw []byte) settings {
	var s settings
	_ = json.Unmarshal(raw, &s)
	return s
}

func isTrue(b *bool) bool { return b != nil && *b }

func (c *client) textDocument() protocol.TextDocumentClientCapabilities {
	if c.caps.TextDocument == nil {
		return protocol.TextDocumentClientCapabilities{}
	}
	return *c.caps.TextDocument
}

func (c *client) hierarchicalSymbols() bool {
	ds := c.textDocument().DocumentSymbol
	return ds != nil && isTrue(ds.HierarchicalDocumentSymbolSupport)
}

func (c *client) codeActionLiterals() bool {
	ca := c.textDocument().CodeAction
	return ca != nil && len(ca.CodeActionLiteralSupport.CodeActionKind.ValueSet) > 0
}

func (c *client) markdownHover() bool {
	h := c.textDocument().Hover
	return h != nil && slices.Contains(h.ContentFormat, protocol.MarkupKindMarkdown)
}

func (c *client) relatedInformation() bool {
	pd := c.textDocument().PublishDiagnostics
	return pd != nil && isTrue(pd.RelatedInformation)
}

func (c *client) progress() bool {
	return c.caps.Window != nil && isTrue(c.caps.Window.WorkDoneProgress)
}

func (c *client) lensRefresh() bool {
	w := c.caps.Workspace
	return w != nil && w.CodeLens != nil && isTrue(w.CodeLens.RefreshSupport)
}

func (c *client) watchRegistration() bool {
	w := c.caps.Workspace
	return w != nil && w.DidChangeWatchedFiles != nil && isTrue(w.DidChangeWatchedFiles.DynamicRegistration)
}
