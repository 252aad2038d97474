package runtime

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
)

// packageText is a package as files: read, parsed tolerantly, not evaluated.
type packageText struct {
	src  Source
	root string // module root; the package's folder where there is no module
	name string // package name; "" for files without a clause
	// explicit is set when the files must be named one by one to CUE, which
	// takes a folder only by package name.
	explicit bool
	// embedded packages come with the program: their paths are not on disk.
	embedded bool
	files    []*packageFile
}

// packageFile is one parsed file. tree is never nil; err holds what the parser
// could not make sense of.
type packageFile struct {
	path string
	text []byte
	tree *ast.File
	err  error
	// broken are the top-level fields that the parser could not read. In the
	// tree each stands with the value "_".
	broken []*ast.Field
	// older are the hints at older spellings, which the tree no longer has.
	older []Problem
}

// Pin returns src with the text of the plan's files, as they are now, so that
// evaluating it again gives the same plan whatever happens to the disk.
func (p *Plan) Pin(src Source) Source {
	src.Overlay = maps.Clone(src.Overlay)
	if src.Overlay == nil {
		src.Overlay = map[string][]byte{}
	}
	files := slices.Clone(p.Files)
	for _, c := range p.Components {
		files = append(files, c.Range.File)
	}
	for _, path := range files {
		if _, ok := src.Overlay[path]; ok || path == "" {
			continue
		}
		if text, err := os.ReadFile(path); err == nil {
			src.Overlay[path] = text
		}
	}
	return src
}

// readPackage reads the files that make up src: those of its folder with the
// same package clause, and, as CUE does, of the folders above up to the
// module's root.
func readPackage(src Source) (*packageText, []Problem) {
	p := &packageText{src: src, root: moduleRoot(src)}
	all, problems := readDir(src, src.Dir)
	p.name, p.explicit = choosePackage(src, all)
	if others := otherPackages(all, p.name); src.Package == "" && src.File == "" && len(others) > 0 {
		problems = append(problems, Problem{
			Code: CodeLoad, Severity: SeverityError, Range: fileRange(all[0].path),
			Message: fmt.Sprintf("the folder holds several packages: %s, %s", p.name, strings.Join(others, ", ")),
			Hint:    "keep one package in a folder, or name a file of the one you mean",
		})
	}
	for _, f := range all {
		if p.explicit && src.File != "" && f.path != src.File {
			continue
		}
		if f.tree.PackageName() == p.name {
			p.files = append(p.files, f)
		}
	}
	if p.name != "" {
		p.files = append(p.files, readAncestors(src, p.root, p.name)...)
	}
	if len(p.files) == 0 {
		problems = append(problems, Problem{
			Code: CodeLoad, Severity: SeverityError, Range: fileRange(src.Dir),
			Message: "no CUE files in " + src.Dir,
			Hint:    "name a folder that holds .cue files",
		})
	}
	return p, problems
}

// Packages lists the packages of a folder, each as a source of its own: one for
// each package clause, and one for each file without a clause beside them. A
// folder with one package gives src itself.
func Packages(src Source) []Source {
	if src.File != "" || src.Package != "" {
		return []Source{src}
	}
	files, _ := readDir(src, src.Dir) // who evaluates it says what cannot be read
	name, _ := choosePackage(src, files)
	others := otherPackages(files, name)
	if name == "" || len(others) == 0 && !slices.ContainsFunc(files, (*packageFile).hasNoClause) {
		return []Source{src}
	}
	var out []Source
	for _, name := range append([]string{name}, others...) {
		one := src
		one.Package = name
		out = append(out, one)
	}
	for _, f := range files {
		if f.hasNoClause() {
			one := src
			one.File = f.path
			out = append(out, one)
		}
	}
	return out
}

// PackagesBelow lists the packages of a folder and of those below it; not what is
// in cue.mod, or in folders whose names hide them.
func PackagesBelow(src Source) ([]Source, error) {
	if src.File != "" {
		return []Source{src}, nil
	}
	var out []Source
	err := filepath.WalkDir(src.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		name := d.Name()
		if path != src.Dir && (name == "cue.mod" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
			return filepath.SkipDir
		}
		one := src
		one.Dir = path
		if holdsCUE(src, path) {
			out = append(out, Packages(one)...)
		}
		return nil
	})
	return out, err
}

func (f *packageFile) hasNoClause() bool { return f.tree.PackageName() == "" }

func readAncestors(src Source, root, name string) []*packageFile {
	var out []*packageFile
	for dir := src.Dir; dir != root && strings.HasPrefix(dir, root); {
		dir = filepath.Dir(dir)
		above, _ := readDir(src, dir) // unreadable folders above are CUE's to report
		for _, f := range above {
			if f.tree.PackageName() == name {
				out = append(out, f)
			}
		}
	}
	return out
}

func choosePackage(src Source, files []*packageFile) (name string, explicit bool) {
	if src.File != "" {
		for _, f := range files {
			if f.path == src.File {
				name = f.tree.PackageName()
				return name, name == ""
			}
		}
	}
	if src.Package != "" {
		return src.Package, false
	}
	for _, f := range files {
		if n := f.tree.PackageName(); n != "" {
			return n, false
		}
	}
	return "", true
}

func otherPackages(files []*packageFile, name string) []string {
	var out []string
	for _, f := range files {
		n := f.tree.PackageName()
		if n != "" && n != name && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// readDir reads the CUE files of dir, overlay first, in name order.
func readDir(src Source, dir string) ([]*packageFile, []Problem) {
	var problems []Problem
	paths := map[string]bool{}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		problems = append(problems, loadProblem(dir, err))
	}
	for _, e := range entries {
		if !e.IsDir() {
			paths[filepath.Join(dir, e.Name())] = true
		}
	}
	for p := range src.Overlay {
		if filepath.Dir(p) == dir {
			paths[p] = true
		}
	}
	var out []*packageFile
	for p := range paths {
		if !isPackageFile(filepath.Base(p)) && p != src.File {
			continue
		}
		f, err := readFile(src, p)
		if err != nil {
			problems = append(problems, loadProblem(p, err))
			continue
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *packageFile) int { return cmp.Compare(a.path, b.path) })
	return out, problems
}

// isPackageFile follows CUE's own rule of which names belong to a package.
func isPackageFile(name string) bool {
	return strings.HasSuffix(name, ".cue") &&
		!strings.HasPrefix(name, "_") && !strings.HasPrefix(name, ".") &&
		!strings.HasSuffix(name, "_test.cue") && !strings.HasSuffix(name, "_tool.cue")
}

func readFile(src Source, path string) (*packageFile, error) {
	text, ok := src.Overlay[path]
	if !ok {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	return parseFile(path, text), nil
}

// moduleRoot is the nearest folder above with a cue.mod, or the package's own.
func moduleRoot(src Source) string {
	for dir := src.Dir; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(filepath.Join(dir, "cue.mod")); err == nil && info.IsDir() {
			return dir
		}
		if _, ok := src.Overlay[filepath.Join(dir, "cue.mod", "module.cue")]; ok {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return src.Dir
		}
	}
}

func loadProblem(path string, err error) Problem {
	return Problem{
		Code: CodeLoad, Severity: SeverityError, Range: fileRange(path),
		Message: err.Error(),
	}
}

// fileRange is the start of a file, for what concerns all of it.
func fileRange(path string) Range { return Range{File: path} }
