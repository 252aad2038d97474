package runtime

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/mod/module"
)

// languageVersion is what a module without one is read as: the oldest that
// today's CUE has.
const languageVersion = "v0.8.0"

// placeholderModule is the name of a module without one, or whose name today's
// CUE does not take.
const placeholderModule = "local.invalid/plan"

// moduleText is the module file of a package. Modules from before there were
// language versions, without a name, or with a name of one word load as they
// are: CUE is shown another file, and the imports with it.
type moduleText struct {
	root string
	path string
	// written is the module's path as its file says it, without major version;
	// used is what CUE is told. Both are empty for a file that does not parse.
	written, used string
	// text replaces the file; empty where it can stay.
	text string
	// unversioned is set for a file that says no language version; end is where
	// one can be added.
	unversioned bool
	end         Position
}

func readModule(src Source, root string) moduleText {
	m := moduleText{root: root, path: filepath.Join(root, "cue.mod", "module.cue")}
	data, ok := src.Overlay[m.path]
	if !ok {
		var err error
		data, err = os.ReadFile(m.path) // no file is an empty one
		ok = err == nil
	}
	file, err := parser.ParseFile(m.path, data)
	if err != nil {
		return m // CUE reports it
	}
	versioned := false
	for _, f := range topFields(file) {
		switch name, _, _ := ast.LabelName(f.Label); name {
		case "module":
			m.written, _ = stringLit(f.Value)
		case "language":
			versioned = true
		}
	}
	m.unversioned, m.end = ok && !versioned, endOf(data)
	m.used = m.written
	if !validModule(m.written) {
		m.used = placeholderModule
	}
	if !versioned || m.used != m.written {
		m.text = fmt.Sprintf("module: %q\nlanguage: version: %q\n", m.used, languageVersion)
	}
	m.written, _, _ = strings.Cut(m.written, "@")
	m.used, _, _ = strings.Cut(m.used, "@")
	return m
}

// endOf is the position behind a text.
func endOf(text []byte) Position {
	last := bytes.LastIndexByte(text, '\n') + 1
	return Position{Line: bytes.Count(text, []byte("\n")), Column: len(text) - last}
}

// older is the hint at a module file from before there were language versions.
func (m moduleText) older() []Problem {
	if !m.unversioned {
		return nil
	}
	line := fmt.Sprintf("language: version: %q", languageVersion)
	edit := Edit{Range: Range{File: m.path, Start: m.end, End: m.end}, NewText: line + "\n"}
	if m.end.Column > 0 {
		edit.NewText = "\n" + edit.NewText
	}
	return []Problem{olderProblem(fileRange(m.path), "a module without a language version", line, edit)}
}

func validModule(path string) bool {
	if base, _, ok := strings.Cut(path, "@"); ok {
		return module.CheckPath(path) == nil || module.CheckPathWithoutVersion(base) == nil
	}
	return module.CheckPathWithoutVersion(path) == nil
}

// dirs are the folders that hold a package: one of the module itself, or those
// of the legacy cue.mod folders, which CUE joins.
func (m moduleText) dirs(path string) []string {
	if rest, ok := below(path, m.written); ok {
		return []string{filepath.Join(m.root, filepath.FromSlash(rest))}
	}
	var out []string
	for _, kind := range []string{"pkg", "gen", "usr"} {
		out = append(out, filepath.Join(m.root, "cue.mod", kind, filepath.FromSlash(path)))
	}
	return out
}

// below is what stands after base in an import path of the same module.
func below(path, base string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, base)
	return rest, ok && base != "" && (rest == "" || rest[0] == '/')
}

// rename makes the imports of a file name the module as CUE is told.
func (m moduleText) rename(f *packageFile) {
	if m.used == m.written {
		return
	}
	for spec := range f.tree.ImportSpecs() {
		path, ok := stringLit(spec.Path)
		if rest, in := below(path, m.written); ok && in {
			lit := *spec.Path
			lit.Value = strconv.Quote(m.used + rest)
			spec.Path = &lit
		}
	}
}

// original is an instance's import path as the files write it.
func (m moduleText) original(path string) string {
	path, _, _ = strings.Cut(path, ":")
	path, _, _ = strings.Cut(path, "@")
	if rest, ok := below(path, m.used); ok {
		return m.written + rest
	}
	return path
}
