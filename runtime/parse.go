package runtime

import (
	"bytes"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
)

// parseFile parses a file. Where it does not parse, the damage is kept to the
// top-level declaration it is in: CUE's parser loses its way at an unclosed
// brace and takes the rest of the file for the inside of it.
func parseFile(path string, text []byte) *packageFile {
	tree, err := parser.ParseFile(path, text, parser.ParseComments)
	f := &packageFile{path: path, text: text, tree: tree, err: err}
	if err != nil {
		f.recover()
	}
	if f.tree == nil {
		f.tree = &ast.File{Filename: path}
	}
	f.modernise()
	return f
}

// chunk is a top-level declaration: from a line that starts at column 0 to the
// next such line.
type chunk struct{ start, end, line int }

// recover parses the file's chunks one by one, reports the errors of those
// that fail, and keeps the rest.
func (f *packageFile) recover() {
	kept := bytes.Clone(f.text)
	var errs errors.Error
	var broken []*ast.Field
	for _, c := range chunks(f.text) {
		part := f.text[c.start:c.end]
		if _, err := parser.ParseFile(f.path, part); err == nil {
			continue
		}
		tree, err := parser.ParseFile(f.path, padded(part, c.line))
		errs = errors.Append(errs, errors.Promote(err, ""))
		if top := topFields(tree); len(top) > 0 {
			broken = append(broken, top[0]) // what follows it is really inside it
		}
		blank(kept[c.start:c.end])
	}
	tree, err := parser.ParseFile(f.path, kept, parser.ParseComments)
	if errs == nil || err != nil {
		return // the mistake spans chunks: the parser's own view is the best there is
	}
	f.tree, f.err = tree, errs
	f.addBroken(broken)
}

// addBroken declares the fields that did not parse, so that references to them
// do not look like mistakes too.
func (f *packageFile) addBroken(fields []*ast.Field) {
	declared := map[string]bool{}
	for _, d := range topFields(f.tree) {
		name, _, _ := ast.LabelName(d.Label)
		declared[name] = true
	}
	for _, b := range fields {
		name, isIdent, err := ast.LabelName(b.Label)
		if err != nil || !isIdent || declared[name] {
			continue
		}
		declared[name] = true
		top := &ast.Field{Label: b.Label, Value: &ast.Ident{Name: "_", NamePos: b.Label.Pos()}}
		f.broken = append(f.broken, top)
		f.tree.Decls = append(f.tree.Decls, top)
	}
}

func topFields(tree *ast.File) []*ast.Field {
	var out []*ast.Field
	if tree == nil {
		return nil
	}
	for _, d := range tree.Decls {
		if f, ok := d.(*ast.Field); ok {
			out = append(out, f)
		}
	}
	return out
}

func chunks(text []byte) []chunk {
	var out []chunk
	line, start := 0, 0
	for start < len(text) {
		end := len(text)
		if i := bytes.IndexByte(text[start:], '\n'); i >= 0 {
			end = start + i + 1
		}
		if n := len(out); n == 0 || startsDeclaration(text[start:end]) {
			out = append(out, chunk{start, end, line})
		} else {
			out[n-1].end = end
		}
		start, line = end, line+1
	}
	return out
}

func startsDeclaration(line []byte) bool {
	if len(line) == 0 {
		return false
	}
	c := line[0]
	return c == '_' || c == '#' || c == '"' || c == '@' ||
		'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}

// padded puts part on its line again; its columns are right as they are.
func padded(part []byte, line int) []byte {
	return append(bytes.Repeat([]byte("\n"), line), part...)
}

func blank(text []byte) {
	for i, c := range text {
		if c != '\n' {
			text[i] = ' '
		}
	}
}
