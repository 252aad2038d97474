package runtime

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"

	"github.com/dagger/dagger-lsp/runtime/catalog"
)

// Some older spellings mean the same to the rest of the program as they stand:
// these are only pointed at.

// olderImports are the imports of packages of ours under the prefix of an older
// era. What a project has itself keeps its name.
func (ix *index) olderImports(f *packageFile) []Problem {
	var out []Problem
	for spec := range f.tree.ImportSpecs() {
		path := importPath(spec)
		today := todaysPath(path)
		if today == "" || ix.isVendored(path) {
			continue
		}
		at := span(spec.Path)
		text := strconv.Quote(today)
		if spec.Name == nil && baseName(today) != baseName(path) {
			text = baseName(path) + " " + text
		}
		out = append(out, olderProblem(at, path, text))
	}
	return out
}

// todaysPath is where a package of ours is imported from today; "" if path is
// not of an older era.
func todaysPath(path string) string {
	if path == llbPackage {
		return catalog.Prefixes()[0] + "/dagger/op"
	}
	for _, prefix := range catalog.Prefixes()[1:] {
		rest, ok := strings.CutPrefix(path, prefix+"/")
		if _, ours := embedded(path); ok && ours {
			return catalog.Prefixes()[0] + "/" + rest
		}
	}
	return ""
}

// isVendored reports that a package of ours is also the project's own, which
// then counts.
func (ix *index) isVendored(path string) bool {
	if _, own := below(path, ix.module.written); own {
		return true
	}
	return !holdsOps(path) && slices.ContainsFunc(ix.module.dirs(path), func(dir string) bool {
		return holdsCUE(ix.pkg.src, dir)
	})
}

// olderNames are the types that were called otherwise.
var olderNames = map[string]string{"#Dir": "#Artifact", "#Component": "#Artifact"}

func (ix *index) olderTypes(f *packageFile) []Problem {
	var out []Problem
	ast.Walk(f.tree, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		today := olderNames[selectorName(sel)]
		id, ok := sel.X.(*ast.Ident)
		if today == "" || !ok {
			return true
		}
		if spec, ok := id.Node.(*ast.ImportSpec); ok && holdsOps(importPath(spec)) {
			out = append(out, olderProblem(span(sel.Sel), fmt.Sprintf("%s.%s", id.Name, selectorName(sel)), today))
		}
		return true
	}, nil)
	return out
}

// olderMounts are the prototype's ways to say what an exec mounts.
func (el *element) olderMounts() []Problem {
	if el.do != "exec" {
		return nil
	}
	var out []Problem
	for _, lit := range el.lits {
		for entry := range mountEntries(lit) {
			if s, ok := stringLit(entry.Value); ok && s == "tmp" {
				out = append(out, olderProblem(span(entry.Value), `"tmp"`, `"tmpfs"`))
			}
			for _, form := range structLits(entry.Value) {
				for f := range fieldsOf(form) {
					if labelOf(f) == "input" {
						out = append(out, olderProblem(span(f.Label), "input", "from"))
					}
				}
			}
		}
	}
	return out
}

func mountEntries(lit *ast.StructLit) func(func(*ast.Field) bool) {
	return func(yield func(*ast.Field) bool) {
		for f := range fieldsOf(lit) {
			if labelOf(f) != "mount" {
				continue
			}
			for _, mounts := range structLits(f.Value) {
				for entry := range fieldsOf(mounts) {
					if !yield(entry) {
						return
					}
				}
			}
		}
	}
}

func fieldsOf(lit *ast.StructLit) func(func(*ast.Field) bool) {
	return func(yield func(*ast.Field) bool) {
		for _, d := range lit.Elts {
			if f, ok := d.(*ast.Field); ok && !yield(f) {
				return
			}
		}
	}
}
