package lsp

import (
	"os"

	"go.lsp.dev/protocol"

	"github.com/dagger/dagger-lsp/lsp/internal/text"
)

func didOpenFeature() feature {
	return feature{
		method: protocol.MethodTextDocumentDidOpen,
		announce: func(c *protocol.ServerCapabilities, _ *client) {
			yes, incremental := true, protocol.TextDocumentSyncKindIncremental
			c.TextDocumentSync = &protocol.TextDocumentSyncOptions{
				OpenClose: &yes, Change: &incremental, Save: &protocol.SaveOptions{}, // a bare true is newer than many editors
			}
		},
		decode: notification(didOpen),
	}
}

func didOpen(o *owner, p *protocol.DidOpenTextDocumentParams) {
	item := p.TextDocument
	d := newDocument(item.URI, item.Version, text.New(item.Text))
	d.saved = onDisk(d)
	o.replace(o.docs[d.path], d)
}

// onDisk reports whether the disk holds the same text.
func onDisk(d *document) bool {
	content, err := os.ReadFile(d.path)
	return err == nil && string(content) == d.text.String()
}

func didChangeFeature() feature {
	return feature{method: protocol.MethodTextDocumentDidChange, decode: notification(didChange)}
}

func didChange(o *owner, p *protocol.DidChangeTextDocumentParams) {
	before, ok := o.docs[pathOf(p.TextDocument.URI)]
	if !ok {
		return // never opened: there is nothing to change
	}
	t := before.text
	for _, cc := range p.ContentChanges {
		c := change(o.client.encoding, t, cc)
		next := t.Apply(c)
		for _, pk := range o.packages {
			pk.shift(before.path, c, t, next)
		}
		t = next
	}
	o.replace(before, before.with(p.TextDocument.Version, t))
}

// replace makes d the document's state and refreshes the packages it was and is
// in.
func (o *owner) replace(before, d *document) {
	o.docs[d.path] = d
	if before != nil && before.pkg != d.pkg {
		o.refresh(before.pkg)
	}
	o.refresh(d.pkg)
	o.refreshUsers(d.path, d.pkg)
}

func didSaveFeature() feature {
	return feature{method: protocol.MethodTextDocumentDidSave, decode: notification(didSave)}
}

// didSave notes that the disk caught up; the package's text did not change.
func didSave(o *owner, p *protocol.DidSaveTextDocumentParams) {
	if d, ok := o.docs[pathOf(p.TextDocument.URI)]; ok {
		n := *d
		n.saved = onDisk(d)
		o.docs[d.path] = &n
	}
}

func didCloseFeature() feature {
	return feature{method: protocol.MethodTextDocumentDidClose, decode: notification(didClose)}
}

func didClose(o *owner, p *protocol.DidCloseTextDocumentParams) {
	d, ok := o.docs[pathOf(p.TextDocument.URI)]
	if !ok {
		return
	}
	delete(o.docs, d.path)
	o.refresh(d.pkg)
	o.refreshUsers(d.path, d.pkg)
}
