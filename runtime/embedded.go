package runtime

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/dagger/dagger-lsp/runtime/catalog"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// The packages that come with the program stand, for CUE, in the module's own
// cue.mod/pkg. A copy that the project carries there wins, but for the ops and
// the types: what an old copy says of them no longer holds.

// llbPackage is what the op package was called in 2021-03.
const llbPackage = "dagger.io/llb"

// opPackages are the import paths whose definitions are ops: the op package of
// each era, and the types package, which once held the ops too.
var opPackages = func() []string {
	out := []string{llbPackage}
	for _, prefix := range catalog.Prefixes() {
		out = append(out, prefix+"/dagger/op", prefix+"/dagger")
	}
	return out
}()

func holdsOps(path string) bool { return slices.Contains(opPackages, path) }

// embeddedPackage is a package that comes with the program, under one of its
// import paths.
type embeddedPackage struct {
	path, prefix string
	files        map[string]string
}

// embedded finds the package of an import path.
func embedded(path string) (embeddedPackage, bool) {
	if path == llbPackage {
		return embeddedPackage{path: path}, true
	}
	for _, prefix := range catalog.Prefixes() {
		rest, ok := strings.CutPrefix(path, prefix+"/")
		if !ok {
			continue
		}
		if rest == "dagger/op" {
			return embeddedPackage{path: path, prefix: prefix}, true
		}
		if p, ok := catalog.Packages()[rest]; ok {
			return embeddedPackage{path: path, prefix: prefix, files: p.Files}, true
		}
	}
	return embeddedPackage{}, false
}

// readEmbedded adds the package of an import path to what CUE will see. It
// returns nil where there is none, or where nothing in it needs an index.
func (ix *index) readEmbedded(path string) (sub *index, found bool) {
	e, ok := embedded(path)
	if !ok {
		return nil, false
	}
	dirs := ix.module.dirs(path)
	if !holdsOps(path) && slices.ContainsFunc(dirs, func(dir string) bool { return holdsCUE(ix.pkg.src, dir) }) {
		return nil, false
	}
	for _, dir := range dirs {
		ix.hidden = append(ix.hidden, cueFilesOf(ix.pkg.src, dir)...)
	}
	if holdsOps(path) {
		ix.schemas[path] = dirs[0]
	}
	pkg := &packageText{src: ix.pkg.src, root: ix.pkg.root, name: baseName(path), embedded: true}
	pkg.src.Dir = dirs[0]
	for name, text := range e.files {
		f := parseFile(filepath.Join(dirs[0], name), []byte(text))
		ix.keepPrefix(f, e.prefix)
		pkg.files = append(pkg.files, f)
	}
	slices.SortFunc(pkg.files, func(a, b *packageFile) int { return strings.Compare(a.path, b.path) })
	if len(pkg.files) == 0 {
		return nil, true
	}
	return ix.addImport(path, pkg), true
}

// schemaFiles are the texts of the ops, by path, under each of the import paths
// that name them. A types package has them only where someone takes an op from
// it: twice the ops is twice the time.
func (ix *index) schemaFiles() map[string]string {
	out := map[string]string{}
	for path, dir := range ix.schemas {
		clause := "package " + baseName(path) + "\n"
		for name, text := range ops.PackageFiles() {
			if name == ops.TypesFile || baseName(path) != typesPackage || ix.takesOps(path) {
				out[filepath.Join(dir, name)] = strings.Replace(text, "package op\n", clause, 1)
			}
		}
	}
	return out
}

// typesPackage is the name of the package of #Artifact and its like.
const typesPackage = "dagger"

// takesOps reports that a file names an op of the package at an import path.
func (ix *index) takesOps(path string) bool {
	takes := false
	for sub := range ix.all {
		for _, f := range sub.pkg.files {
			if !imports(f, path) {
				continue
			}
			ast.Walk(f.tree, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					do, _ := sub.opDefinition(sel)
					takes = takes || do != ""
				}
				return !takes
			}, nil)
		}
	}
	return takes
}

func imports(f *packageFile, path string) bool {
	for spec := range f.tree.ImportSpecs() {
		if importPath(spec) == path {
			return true
		}
	}
	return false
}

// undefined are the definitions that a file takes from the ops and the types and
// that are not there. CUE would wait for them.
func undefined(f *packageFile) []Problem {
	var out []Problem
	ast.Walk(f.tree, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		id, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		if spec, ok := id.Node.(*ast.ImportSpec); ok && holdsOps(importPath(spec)) {
			if known := definitionsOf(importPath(spec)); !slices.Contains(known, selectorName(sel)) {
				out = append(out, undefinedProblem(id.Name, sel, known))
			}
		}
		return true
	}, nil)
	return out
}

func undefinedProblem(pkg string, sel *ast.SelectorExpr, known []string) Problem {
	p := Problem{
		Code: CodeUnknownOp, Severity: SeverityError, Range: span(sel.Sel),
		Message: fmt.Sprintf("package %s has no %s", pkg, selectorName(sel)),
		Hint:    "it has " + strings.Join(known, ", "),
	}
	if s := closest(selectorName(sel), known); s != "" {
		p.Suggestion, p.Hint = s, "did you mean "+s+"?"
	}
	return p
}

// definitionsOf names what the package at an import path of holdsOps defines.
func definitionsOf(path string) []string {
	if baseName(path) == typesPackage {
		return typeDefinitions()
	}
	return opDefinitions()
}

var opDefinitions = sync.OnceValue(func() []string {
	var out []string
	for _, k := range ops.All() {
		out = append(out, k.Definition)
	}
	return append(out, anyOp, "#Script")
})

var typeDefinitions = sync.OnceValue(func() []string {
	out := slices.Clone(opDefinitions())
	for _, text := range catalog.Packages()[typesPackage].Files {
		for _, f := range topFields(parseFile(typesPackage, []byte(text)).tree) {
			out = append(out, labelOf(f))
		}
	}
	return out
})

// keepPrefix lets the files of an embedded package import others under the
// prefix it was itself imported by, so that a config loads one copy of each;
// not if the project has its own of that.
func (ix *index) keepPrefix(f *packageFile, prefix string) {
	for spec := range f.tree.ImportSpecs() {
		rest, ok := strings.CutPrefix(importPath(spec), catalog.Prefixes()[0]+"/")
		if !ok {
			continue
		}
		path := prefix + "/" + rest
		vendored := slices.ContainsFunc(ix.module.dirs(path), func(dir string) bool {
			return holdsCUE(ix.pkg.src, dir)
		})
		if !vendored || holdsOps(path) {
			spec.Path = &ast.BasicLit{Kind: token.STRING, ValuePos: spec.Path.Pos(), Value: strconv.Quote(path)}
		}
	}
}

// isEmbedded reports that a path is one of the program's own files.
func (ix *index) isEmbedded(path string) bool {
	for _, sub := range ix.imports {
		if sub.pkg.embedded && strings.HasPrefix(path, sub.pkg.src.Dir+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// baseName is the package name that an import path implies.
func baseName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

func holdsCUE(src Source, dir string) bool { return len(cueFilesOf(src, dir)) > 0 }

// cueFilesOf lists the paths of a folder's CUE files.
func cueFilesOf(src Source, dir string) []string {
	var out []string
	entries, _ := os.ReadDir(dir) // a folder that is not there has none
	for _, e := range entries {
		if isPackageFile(e.Name()) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	for path := range src.Overlay {
		if filepath.Dir(path) == dir && isPackageFile(filepath.Base(path)) {
			out = append(out, path)
		}
	}
	return out
}
