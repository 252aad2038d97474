package lsp

import (
	"bytes"
	"encoding/json"
	"slices"

	"go.lsp.dev/protocol"

	"github.com/dagger/dagger-lsp/analysis"
	"github.com/dagger/dagger-lsp/runtime"
)

// diagnosticSource is what editors show as the origin of our diagnostics.
const diagnosticSource = "cuellb"

// publisher knows what the editor shows, and sends only what differs. A file
// may be in several packages: the editor gets the union.
type publisher struct {
	out *outbox
	// client is nil before initialize.
	client *client
	// sets are the diagnostics by package and path, shown the encoded form
	// of what the editor got last, by path.
	sets  map[packageKey]map[string][]runtime.Problem
	shown map[string][]byte
}

// publish shows the problems of p's snapshot and of its jobs.
func (o *owner) publish(p *pkg) {
	next := *p.snap
	next.jobs = slices.Clone(p.jobs)
	p.snap = &next
	byFile := map[string][]runtime.Problem{}
	for _, d := range o.docs {
		if d.pkg == p.key {
			byFile[d.path] = nil // shown even if clean
		}
	}
	all := next.problems
	for _, j := range p.jobs {
		all = append(all[:len(all):len(all)], j.problem)
	}
	for _, pr := range analysis.Merge(all) {
		if pr.Range.IsZero() {
			pr.Range.File = o.anyFile(p)
		}
		byFile[pr.Range.File] = append(byFile[pr.Range.File], pr)
	}
	o.pub.set(next.view, p.key, byFile)
}

// anyFile is where problems of a package as a whole go: its first open file.
func (o *owner) anyFile(p *pkg) string {
	first := ""
	for path, d := range o.docs {
		if d.pkg == p.key && (first == "" || path < first) {
			first = path
		}
	}
	return first
}

// set replaces a package's problems and publishes the files whose set changed.
func (b *publisher) set(v view, key packageKey, byFile map[string][]runtime.Problem) {
	if b.sets == nil {
		b.sets, b.shown = map[packageKey]map[string][]runtime.Problem{}, map[string][]byte{}
	}
	affected := map[string]bool{}
	for path := range b.sets[key] {
		affected[path] = true
	}
	for path := range byFile {
		affected[path] = true
	}
	if b.sets[key] = byFile; byFile == nil {
		delete(b.sets, key)
	}
	for path := range affected {
		b.update(v, path)
	}
}

// update publishes path if what the editor shows for it is not what it should.
func (b *publisher) update(v view, path string) {
	wanted := false
	var problems []runtime.Problem
	for _, files := range b.sets {
		ps, ok := files[path]
		wanted = wanted || ok
		problems = append(problems, ps...)
	}
	diagnostics := make([]protocol.Diagnostic, 0, len(problems))
	for _, p := range analysis.Merge(problems) {
		diagnostics = append(diagnostics, v.diagnostic(p))
	}
	encoded, err := protocol.Marshal(protocol.PublishDiagnosticsParams{Diagnostics: diagnostics})
	before, known := b.shown[path]
	if err != nil || (known && bytes.Equal(before, encoded)) || (!known && !wanted) {
		return
	}
	if b.shown[path] = encoded; !wanted {
		delete(b.shown, path)
	}
	b.send(v, path, diagnostics)
}

func (b *publisher) send(v view, path string, diagnostics []protocol.Diagnostic) {
	params := &protocol.PublishDiagnosticsParams{URI: v.uri(path), Diagnostics: diagnostics}
	if d, ok := v.docs[path]; ok {
		params.Version = protocol.NewOptional(d.version)
	}
	b.out.send(outgoing{
		method: protocol.MethodTextDocumentPublishDiagnostics, params: params,
		replaces: "diagnostics " + path,
	})
}

// diagnosticData travels with a diagnostic to the editor's code action request.
type diagnosticData struct {
	Component  string `json:"component,omitempty"`
	Hint       string `json:"hint,omitempty"`
	Suggestion string `json:"suggestion,omitempty"`
}

// diagnostic puts a problem in the editor's terms.
func (v view) diagnostic(p runtime.Problem) protocol.Diagnostic {
	msg := p.Message
	if p.Hint != "" {
		msg += "\n" + p.Hint
	}
	d := protocol.Diagnostic{
		Range:    v.lsp(p.Range),
		Severity: protocol.DiagnosticSeverity(p.Severity),
		Code:     protocol.String(p.Code),
		Source:   protocol.NewOptional(diagnosticSource),
		Message:  protocol.String(msg),
	}
	if data := (diagnosticData{p.Component, p.Hint, p.Suggestion}); data != (diagnosticData{}) {
		d.Data, _ = json.Marshal(data) // three strings always encode
	}
	if v.client.relatedInformation() {
		for _, r := range p.Related {
			d.RelatedInformation = append(d.RelatedInformation, protocol.DiagnosticRelatedInformation{
				Location: protocol.Location{URI: v.uri(r.Range.File), Range: v.lsp(r.Range)},
				Message:  r.Message,
			})
		}
	}
	return d
}
