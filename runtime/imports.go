package runtime

import (
	"maps"
	"os"
	"path/filepath"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
)

// readImports reads the packages that this one imports from its own module, and
// those from there, so that their references are stubbed too and their ops have
// positions. Other modules' packages are left to CUE.
func (ix *index) readImports() {
	module := modulePath(ix.pkg.src, ix.pkg.root)
	queue := []*index{ix}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, f := range from.pkg.files {
			for spec := range f.tree.ImportSpecs() {
				if sub := ix.readImport(module, importPath(spec)); sub != nil {
					queue = append(queue, sub)
				}
			}
		}
	}
}

func (ix *index) readImport(module, path string) *index {
	dir := importDir(ix.pkg.root, module, path)
	if dir == "" || ix.imports[path] != nil {
		return nil
	}
	src := ix.pkg.src
	src.Dir, src.File, src.Package = dir, "", ""
	pkg, problems := readPackage(src)
	if len(pkg.files) == 0 || len(problems) > 0 {
		return nil // CUE says what is wrong with it
	}
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

// importDir is the folder of a package of the module itself, or of the legacy
// cue.mod folders; "" for anything else.
func importDir(root, module, path string) string {
	if path == "" || isOpPackage(path) {
		return ""
	}
	if rest, ok := strings.CutPrefix(path, module); ok && module != "" && (rest == "" || rest[0] == '/') {
		return filepath.Join(root, filepath.FromSlash(rest))
	}
	for _, kind := range []string{"pkg", "usr", "gen"} {
		dir := filepath.Join(root, "cue.mod", kind, filepath.FromSlash(path))
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
	}
	return ""
}

// modulePath reads the module's path, without its major version.
func modulePath(src Source, root string) string {
	path := filepath.Join(root, "cue.mod", "module.cue")
	data, ok := src.Overlay[path]
	if !ok {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return ""
		}
	}
	file, err := parser.ParseFile(path, data)
	if err != nil {
		return ""
	}
	for _, f := range topFields(file) {
		if name, _, _ := ast.LabelName(f.Label); name == "module" {
			module, _ := stringLit(f.Value)
			module, _, _ = strings.Cut(module, "@")
			return module
		}
	}
	return ""
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
