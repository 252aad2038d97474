package lsp

import (
	"encoding/json"
	"testing"

	golsp "github.com/sourcegraph/go-lsp"

	"github.com/dagger/dagger-lsp/lsp/internal/editor"
)

// strict decodes with types that somebody else wrote for an older LSP.
func strict(t *testing.T, raw json.RawMessage, v any) {
	t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		t.Errorf("decode %s: %v", raw, err)
	}
}

// TestIndependentDecoder reads what an editor of an older LSP gets with the
// types of github.com/sourcegraph/go-lsp.
func TestIndependentDecoder(t *testing.T) {
	dir := t.TempDir()
	text := "package ci\n\n\"😀\": #up: [{do: \"fetch-container\", ref: \"x\"}, {do: \"exce\"}]\n"
	uri := editor.FileURI(write(t, dir, "ci.cue", text))
	e := serve(t, Options{Evaluator: realEvaluator(t), Version: "1.2.3"})

	var init golsp.InitializeResult
	check(t, e.Call("initialize", golsp.InitializeParams{RootURI: golsp.DocumentURI(editor.FileURI(dir))}, &init))
	caps := init.Capabilities
	sync := caps.TextDocumentSync
	if sync == nil || sync.Options == nil || sync.Options.Change != golsp.TDSKIncremental || !sync.Options.OpenClose {
		t.Errorf("text document sync: %+v", sync)
	}
	if !caps.HoverProvider || !caps.DocumentSymbolProvider || !caps.CodeActionProvider || caps.CodeLensProvider == nil ||
		caps.ExecuteCommandProvider == nil || len(caps.ExecuteCommandProvider.Commands) != 5 {
		t.Errorf("capabilities: %+v", caps)
	}
	check(t, e.Notify("initialized", struct{}{}))
	check(t, e.Notify("textDocument/didOpen", golsp.DidOpenTextDocumentParams{
		TextDocument: golsp.TextDocumentItem{URI: golsp.DocumentURI(uri), LanguageID: "cue", Version: 7, Text: text},
	}))
	_, err := e.Settled(uri)
	check(t, err)

	var published golsp.PublishDiagnosticsParams
	for _, m := range e.Got("textDocument/publishDiagnostics") {
		strict(t, m.Params, &published)
	}
	want := golsp.Range{Start: golsp.Position{Line: 2, Character: 52}, End: golsp.Position{Line: 2, Character: 58}}
	if ds := published.Diagnostics; len(ds) != 1 || ds[0].Code != "unknown-op" || ds[0].Range != want || ds[0].Severity != golsp.Error {
		t.Errorf("diagnostics: %+v", ds)
	}

	doc := golsp.TextDocumentIdentifier{URI: golsp.DocumentURI(uri)}
	var raw json.RawMessage
	check(t, e.Call("textDocument/codeLens", golsp.CodeLensParams{TextDocument: doc}, &raw))
	var lenses []golsp.CodeLens
	strict(t, raw, &lenses)
	label := golsp.Range{Start: golsp.Position{Line: 2}, End: golsp.Position{Line: 2, Character: 4}}
	if len(lenses) != 3 || lenses[0].Command.Command != "cuellb.run" || lenses[0].Range != label {
		t.Errorf("lenses: %+v", lenses)
	}

	check(t, e.Call("textDocument/documentSymbol", golsp.DocumentSymbolParams{TextDocument: doc}, &raw))
	var symbols []golsp.SymbolInformation
	strict(t, raw, &symbols)
	if len(symbols) != 3 || symbols[1].ContainerName == "" || symbols[0].Location.URI != golsp.DocumentURI(uri) {
		t.Errorf("symbols: %+v", symbols)
	}

	at := golsp.TextDocumentPositionParams{TextDocument: doc, Position: golsp.Position{Line: 2, Character: 14}}
	check(t, e.Call("textDocument/hover", at, &raw))
	var hover golsp.Hover
	strict(t, raw, &hover)
	if len(hover.Contents) != 1 || hover.Contents[0].Value == "" {
		t.Errorf("hover: %+v", hover)
	}

	check(t, e.Call("textDocument/codeAction", golsp.CodeActionParams{TextDocument: doc, Range: label}, &raw))
	var actions []golsp.Command
	strict(t, raw, &actions)
	if len(actions) != 3 || actions[2].Command != "cuellb.graph" {
		t.Errorf("actions: %+v", actions)
	}
	check(t, e.Leave())
}
