package runtime

import (
	"maps"
	"strings"

	"cuelang.org/go/cue/ast"
)

// readImports reads the packages that this one imports from its own module, and
// those from there, so that their references are stubbed too and their ops have
// positions. Other modules' packages are left to CUE.
func (ix *index) readImports() {
	queue := []*index{ix}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, f := range from.pkg.files {
			for spec := range f.tree.ImportSpecs() {
				if sub := ix.readImport(importPath(spec)); sub != nil {
					queue = append(queue, sub)
				}
			}
		}
	}
}

func (ix *index) readImport(path string) *index {
	if path == "" || ix.seen[path] {
		return nil
	}
	ix.seen[path] = true
	if sub, ok := ix.readEmbedded(path); ok {
		return sub
	}
	pkg := &packageText{src: ix.pkg.src, root: ix.pkg.root, name: baseName(path)}
	for _, dir := range ix.module.dirs(path) {
		if !holdsCUE(ix.pkg.src, dir) {
			continue
		}
		src := ix.pkg.src
		src.Dir, src.File, src.Package = dir, "", ""
		part, problems := readPackage(src)
		if len(problems) > 0 {
			return nil // CUE says what is wrong with it
		}
		pkg.src.Dir = dir
		pkg.files = append(pkg.files, part.files...)
	}
	if len(pkg.files) == 0 {
		return nil
	}
	return ix.addImport(path, pkg)
}

// addImport indexes an imported package beside this one.
func (ix *index) addImport(path string, pkg *packageText) *index {
	sub := &index{
		pkg: pkg, top: map[string]bool{}, fields: ix.fields, byPos: ix.byPos, lists: ix.lists,
		refsByID: ix.refsByID, prefix: path + ":", imports: ix.imports,
	}
	ix.imports[path] = sub
	sub.build()
	for _, r := range sub.refs {
		if r.static && r.pkg == "" {
			r.pkg = path
		}
	}
	return sub
}

// all yields the package and those of its imports that were read as text.
func (ix *index) all(yield func(*index) bool) {
	if !yield(ix) {
		return
	}
	for sub := range maps.Values(ix.imports) {
		if !yield(sub) {
			return
		}
	}
}

func (ix *index) isBroken(path string) bool {
	head, _, _ := strings.Cut(path, ".")
	for _, f := range ix.pkg.files {
		for _, b := range f.broken {
			if name, _, _ := ast.LabelName(b.Label); name == head {
				return true
			}
		}
	}
	return false
}
