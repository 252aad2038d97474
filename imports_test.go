// Package daggerlsp_test keeps the rule of who may import whom.
//
// It parses the import lines itself instead of asking `go list`, because the
// test cache would not notice what that child process has read.
package daggerlsp_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

const module = "github.com/dagger/dagger-lsp/"

// rooms maps each room to the rooms it may import beside itself.
var rooms = map[string][]string{
	"runtime":  {},
	"analysis": {"runtime"},
	"engine":   {"runtime"},
	"lsp":      {"runtime", "analysis", "engine"},
	"cmd":      {"runtime", "analysis", "engine", "lsp"},
}

// reserved maps an import to the only folder that may have it.
var reserved = map[string]string{
	"github.com/moby/buildkit/client": "engine/solve",
	"github.com/spf13/cobra":          "cmd",
	"github.com/adrg/xdg":             "cmd",
}

// outside are the functions that read what only cmd may read. A flag.FlagSet
// that cmd hands over and parses is fine; the process's own command line is not.
var outside = map[string][]string{
	"os":   {"Args", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Getwd", "Chdir", "UserHomeDir", "UserCacheDir", "UserConfigDir"},
	"flag": {"CommandLine", "Parse", "Arg", "Args", "Bool", "BoolVar", "String", "StringVar", "Int", "IntVar", "Duration", "DurationVar", "Var", "Func"},
}

func TestImports(t *testing.T) {
	broken, err := violations(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Error(b)
	}
}

// TestEveryRuleFires runs the rules on a tree that breaks each of them, where
// a comment "// want TEXT" in a file tells the one complaint expected there.
func TestEveryRuleFires(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/imports/violations.txtar")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := txtar.Write(archive, root); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range archive.Files {
		if _, text, ok := strings.Cut(string(f.Data), "// want "); ok {
			line, _, _ := strings.Cut(text, "\n")
			want = append(want, f.Name+": "+line)
		}
	}
	got, err := violations(root)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// violations checks every Go file below root, other modules and testdata aside.
func violations(root string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && skipped(path, d.Name()) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, b := range check(filepath.ToSlash(rel), file) {
			out = append(out, filepath.ToSlash(rel)+": "+b)
		}
		return nil
	})
	return out, err
}

func skipped(path, name string) bool {
	if name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") {
		return true
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}

func check(path string, file *ast.File) []string {
	var out []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			out = append(out, err.Error())
			continue
		}
		out = append(out, checkRoom(path, imported)...)
		out = append(out, checkReserved(path, imported)...)
	}
	return append(out, checkOutside(path, file)...)
}

func checkRoom(path, imported string) []string {
	target, ours := strings.CutPrefix(imported, module)
	if !ours {
		return nil
	}
	from, _, _ := strings.Cut(path, "/")
	to, _, _ := strings.Cut(target, "/")
	allowed, known := rooms[from]
	if !known || from == to || slices.Contains(allowed, to) {
		return nil
	}
	return []string{fmt.Sprintf("%s may not import %s", from, to)}
}

func checkReserved(path, imported string) []string {
	home, ok := reserved[imported]
	if !ok || within(path, home) || isTest(path) {
		return nil
	}
	return []string{fmt.Sprintf("only %s may import %s", home, imported)}
}

// checkOutside finds uses of the environment, the command line and the working
// directory.
func checkOutside(path string, file *ast.File) []string {
	if within(path, "cmd") || isTest(path) {
		return nil
	}
	imported := importNames(file)
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		name, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		if pkg := imported[name.Name]; slices.Contains(outside[pkg], sel.Sel.Name) {
			out = append(out, fmt.Sprintf("only cmd may use %s.%s", pkg, sel.Sel.Name))
		}
		return true
	})
	return out
}

// importNames maps the names under which file knows the packages of outside
// to their paths.
func importNames(file *ast.File) map[string]string {
	out := map[string]string{}
	for _, spec := range file.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		if _, ok := outside[path]; !ok {
			continue
		}
		name := path
		if spec.Name != nil {
			name = spec.Name.Name
		}
		out[name] = path
	}
	return out
}

func within(path, folder string) bool { return strings.HasPrefix(path, folder+"/") }

// isTest tells tests, which have flags (-update), clients and temporary homes,
// and what several of them share.
func isTest(path string) bool {
	return strings.HasSuffix(path, "_test.go") || within(path, "engine/enginetest") || within(path, "runtime/casetest")
}
