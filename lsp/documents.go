package lsp

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"cuelang.org/go/cue/parser"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"github.com/dagger/dagger-lsp/lsp/internal/text"
	"github.com/dagger/dagger-lsp/runtime"
)

// document is one state of a text the editor has open. Immutable.
type document struct {
	// uri is in the editor's own spelling.
	uri     uri.URI
	path    string
	version int32
	text    *text.Document
	// pkg is the package the text's clause puts it in.
	pkg packageKey
	// saved is what the disk holds as far as we know.
	saved bool
}

// packageKey names a CUE package: a folder and a clause, or one file without a
// clause.
type packageKey struct {
	dir, name, file string
}

// pathOf gives the file path of a document. Documents that are no files (not
// saved yet) get a path that no file has.
func pathOf(u uri.URI) string {
	if strings.HasPrefix(string(u), "file:") {
		return filepath.Clean(u.FsPath())
	}
	return filepath.Join("/", "untitled:", strings.NewReplacer("/", "_", ":", "_").Replace(string(u))+".cue")
}

func keyOf(path, content string) packageKey {
	key := packageKey{dir: filepath.Dir(path)}
	tree, _ := parser.ParseFile(path, content, parser.PackageClauseOnly)
	if tree != nil {
		key.name = tree.PackageName()
	}
	if key.name == "" || key.name == "_" {
		key.name, key.file = "", path
	}
	return key
}

func newDocument(u uri.URI, version int32, t *text.Document) *document {
	path := pathOf(u)
	return &document{uri: u, path: path, version: version, text: t, pkg: keyOf(path, t.String())}
}

// with is d after an edit.
func (d *document) with(version int32, t *text.Document) *document {
	n := *d
	n.version, n.text, n.saved = version, t, false
	n.pkg = keyOf(d.path, t.String())
	return &n
}

// change turns one content change into a replacement in t.
func change(enc text.Encoding, t *text.Document, c protocol.TextDocumentContentChangeEvent) text.Change {
	switch c := c.(type) {
	case *protocol.TextDocumentContentChangePartial:
		start, end := t.Offset(enc, position(c.Range.Start)), t.Offset(enc, position(c.Range.End))
		return text.Change{Start: start, End: max(start, end), Text: c.Text}
	case *protocol.TextDocumentContentChangeWholeDocument:
		return text.Change{Start: 0, End: t.Len(), Text: c.Text}
	}
	return text.Change{}
}

func position(p protocol.Position) text.Position {
	return text.Position{Line: p.Line, Character: p.Character}
}

// source is the package as the runtime reads it: the open texts that may
// matter to it over the disk.
func (o *owner) source(key packageKey) runtime.Source {
	src := runtime.Source{
		Dir: key.dir, Package: key.name, File: key.file, Overlay: map[string][]byte{},
		Offline: !o.trusted, // CUE may fetch modules that a package names
	}
	for path, d := range o.docs {
		if !d.saved || d.pkg == key {
			src.Overlay[path] = []byte(d.text.String())
		}
	}
	return src
}

// disk holds the texts of files that no editor has open, to convert positions
// in them. Safe for concurrent use.
type disk struct {
	mu    sync.Mutex
	files map[string]diskFile
}

type diskFile struct {
	modified time.Time
	size     int64
	text     *text.Document
}

func newDisk() *disk { return &disk{files: map[string]diskFile{}} }

// text returns the file's text, empty if it cannot be read.
func (d *disk) text(path string) *text.Document {
	info, err := os.Stat(path)
	if err != nil {
		return text.New("")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.files[path]
	if ok && f.modified.Equal(info.ModTime()) && f.size == info.Size() {
		return f.text
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return text.New("")
	}
	f = diskFile{modified: info.ModTime(), size: info.Size(), text: text.New(string(content))}
	d.files[path] = f
	return f.text
}

// view is the texts as of one moment: open documents over the disk.
type view struct {
	docs   map[string]*document
	disk   *disk
	client *client
}

func (o *owner) view() view {
	return view{docs: maps.Clone(o.docs), disk: o.disk, client: o.client}
}

func (v view) text(path string) *text.Document {
	if d, ok := v.docs[path]; ok {
		return d.text
	}
	return v.disk.text(path)
}

// uri is the editor's name for path.
func (v view) uri(path string) uri.URI {
	if d, ok := v.docs[path]; ok {
		return d.uri
	}
	return uri.File(path)
}

// lsp converts a range to the editor's terms.
func (v view) lsp(r runtime.Range) protocol.Range {
	t := v.text(r.File)
	return protocol.Range{
		Start: wirePosition(t.FromRuntime(v.client.encoding, r.Start)),
		End:   wirePosition(t.FromRuntime(v.client.encoding, r.End)),
	}
}

// runtime converts a range of the editor's.
func (v view) runtime(path string, r protocol.Range) runtime.Range {
	t := v.text(path)
	return runtime.Range{
		File:  path,
		Start: t.ToRuntime(v.client.encoding, position(r.Start)),
		End:   t.ToRuntime(v.client.encoding, position(r.End)),
	}
}

func wirePosition(p text.Position) protocol.Position {
	return protocol.Position{Line: p.Line, Character: p.Character}
}
