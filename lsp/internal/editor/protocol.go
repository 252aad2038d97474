package editor

import (
	"encoding/json"
	"path/filepath"
)

// Position is LSP's, as all types here: as far as tests read them.
type Position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

// Range is LSP's.
type Range struct {
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// Diagnostic is LSP's.
type Diagnostic struct {
	Range    Range  `json:"range"`
	Severity int    `json:"severity"`
	Code     string `json:"code"`
	Source   string `json:"source"`
	Message  string `json:"message"`
	Related  []struct {
		Location Location `json:"location"`
		Message  string   `json:"message"`
	} `json:"relatedInformation"`
	Data json.RawMessage `json:"data"`
}

// Location is LSP's.
type Location struct {
	URI   string `json:"uri"`
	Range Range  `json:"range"`
}

// Published is the parameters of publishDiagnostics.
type Published struct {
	URI         string       `json:"uri"`
	Version     *int         `json:"version"`
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// Command is LSP's.
type Command struct {
	Title     string            `json:"title"`
	Command   string            `json:"command"`
	Arguments []json.RawMessage `json:"arguments"`
}

// Lens is LSP's CodeLens.
type Lens struct {
	Range   Range   `json:"range"`
	Command Command `json:"command"`
}

// Symbol is LSP's DocumentSymbol.
type Symbol struct {
	Name      string   `json:"name"`
	Detail    string   `json:"detail"`
	Kind      int      `json:"kind"`
	Range     Range    `json:"range"`
	Selection Range    `json:"selectionRange"`
	Children  []Symbol `json:"children"`
}

// Action is LSP's CodeAction, with a plain Command's fields beside it.
type Action struct {
	Title   string          `json:"title"`
	Kind    string          `json:"kind"`
	Command json.RawMessage `json:"command"`
	Edit    *struct {
		Changes map[string][]TextEdit `json:"changes"`
	} `json:"edit"`
}

// TextEdit is LSP's.
type TextEdit struct {
	Range   Range  `json:"range"`
	NewText string `json:"newText"`
}

// Initialized is the result of initialize.
type Initialized struct {
	Capabilities map[string]json.RawMessage `json:"capabilities"`
	ServerInfo   struct{ Name, Version string }
}

// FileURI names a file.
func FileURI(path string) string { return "file://" + filepath.ToSlash(path) }

// Modern are the capabilities of an editor that knows everything.
func Modern(encodings ...string) map[string]any {
	return map[string]any{
		"general": map[string]any{"positionEncodings": encodings},
		"window":  map[string]any{"workDoneProgress": true},
		"workspace": map[string]any{
			"workspaceFolders":      true,
			"codeLens":              map[string]any{"refreshSupport": true},
			"didChangeWatchedFiles": map[string]any{"dynamicRegistration": true},
		},
		"textDocument": map[string]any{
			"publishDiagnostics": map[string]any{"relatedInformation": true, "versionSupport": true},
			"documentSymbol":     map[string]any{"hierarchicalDocumentSymbolSupport": true},
			"hover":              map[string]any{"contentFormat": []string{"markdown", "plaintext"}},
			"codeAction": map[string]any{"codeActionLiteralSupport": map[string]any{
				"codeActionKind": map[string]any{"valueSet": []string{"quickfix", "source"}},
			}},
		},
	}
}

// Initialize greets the server, as an editor with folders open.
func (e *Editor) Initialize(caps map[string]any, options any, folders ...string) (Initialized, error) {
	var out Initialized
	var list []map[string]string
	for _, f := range folders {
		list = append(list, map[string]string{"uri": FileURI(f), "name": filepath.Base(f)})
	}
	params := map[string]any{"processId": nil, "rootUri": nil, "capabilities": caps}
	if list != nil {
		params["workspaceFolders"] = list
	}
	if options != nil {
		params["initializationOptions"] = options
	}
	if err := e.Call("initialize", params, &out); err != nil {
		return out, err
	}
	return out, e.Notify("initialized", map[string]any{})
}

// Leave says goodbye as the protocol asks.
func (e *Editor) Leave() error {
	if err := e.Call("shutdown", nil, nil); err != nil {
		return err
	}
	err := e.Notify("exit", nil)
	<-e.done
	return err
}

// Open opens a document.
func (e *Editor) Open(uri string, version int, text string) error {
	return e.Notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{
		"uri": uri, "languageId": "cue", "version": version, "text": text,
	}})
}

// Change replaces a stretch of a document; a nil range replaces all.
func (e *Editor) Change(uri string, version int, r *Range, text string) error {
	change := map[string]any{"text": text}
	if r != nil {
		change["range"] = r
	}
	return e.Notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": uri, "version": version},
		"contentChanges": []any{change},
	})
}

// CloseDocument closes a document.
func (e *Editor) CloseDocument(uri string) error {
	return e.Notify("textDocument/didClose", Document(uri))
}

// Document is the parameter of requests about a whole document.
func Document(uri string) map[string]any {
	return map[string]any{"textDocument": map[string]string{"uri": uri}}
}

// Settled waits until the diagnostics of both tiers are out.
func (e *Editor) Settled(uri string) (evaluated bool, err error) {
	var result struct{ Evaluated bool }
	err = e.Call("cuellb/settled", Document(uri), &result)
	return result.Evaluated, err
}

// WaitDiagnostics waits, from the from-th message on, for diagnostics of uri
// that match accepts.
func (e *Editor) WaitDiagnostics(from int, uri string, match func(Published) bool) (Published, int, error) {
	var last Published
	_, next, err := e.Wait(from, func(m Message) bool {
		var p Published
		if m.Method != "textDocument/publishDiagnostics" || json.Unmarshal(m.Params, &p) != nil || p.URI != uri {
			return false
		}
		last = p
		return match(p)
	})
	return last, next, err
}

// Diagnostics returns what the server published last for uri, and whether it
// ever did.
func (e *Editor) Diagnostics(uri string) (Published, bool) {
	var last Published
	found := false
	for _, m := range e.Got("textDocument/publishDiagnostics") {
		var p Published
		if json.Unmarshal(m.Params, &p) == nil && p.URI == uri {
			last, found = p, true
		}
	}
	return last, found
}
