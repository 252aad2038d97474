package catalog_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/dagger/dagger-lsp/runtime/catalog"
)

var update = flag.Bool("update", false, "rewrite docs/catalog.md")

const docsPath = "../../docs/catalog.md"

// examples are the cases in testdata/catalog that show a package.
var examples = map[string]string{
	"alpine": "alpine", "bash": "scripts", "docker": "docker-build", "git": "git", "go": "go", "http": "http",
	"io": "io", "js/yarn": "yarn", "os": "os-container", "random": "random", "sh": "scripts",
}

// TestDocs keeps docs/catalog.md what the packages and the cases say.
func TestDocs(t *testing.T) {
	intro, err := os.ReadFile("intro.md")
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.NewBuffer(intro)
	paths := slices.Sorted(maps.Keys(catalog.Packages()))
	fmt.Fprintf(b, "\nThe catalog is at version %s.\n\n| package | version | definitions |\n|---|---|---|\n", catalog.Version)
	for _, path := range paths {
		p := readDocs(t, catalog.Packages()[path])
		fmt.Fprintf(b, "| [%s](#%s) | %s | %s |\n", path, anchor(path), p.version, strings.Join(p.names(), ", "))
	}
	for _, path := range paths {
		readDocs(t, catalog.Packages()[path]).write(t, b)
	}
	if *update {
		if err := os.WriteFile(docsPath, b.Bytes(), 0o644); err != nil { //nolint:gosec // a source file
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(have), b.String()); d != "" {
		t.Errorf("docs/catalog.md is stale, run make generate (-have +want):\n%s", d)
	}
}

func anchor(path string) string { return strings.ReplaceAll(path, "/", "") }

// packageDocs is what the text of a package says of it.
type packageDocs struct {
	path, version, doc string
	definitions        []*ast.Field
}

func readDocs(t *testing.T, p catalog.Package) packageDocs {
	t.Helper()
	d := packageDocs{path: p.Path, version: p.Version}
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		tree, err := parser.ParseFile(name, p.Files[name], parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		d.doc += comments(tree)
		for _, decl := range tree.Decls {
			switch n := decl.(type) {
			case *ast.Package:
				d.doc += comments(n)
			case *ast.Field:
				if strings.HasPrefix(label(n), "#") {
					d.definitions = append(d.definitions, n)
				}
			}
		}
	}
	if d.doc == "" {
		t.Errorf("%s: the package has no doc comment", p.Path)
	}
	return d
}

func (d packageDocs) names() []string {
	var out []string
	for _, f := range d.definitions {
		out = append(out, "`"+label(f)+"`")
	}
	return out
}

func (d packageDocs) write(t *testing.T, b *bytes.Buffer) {
	t.Helper()
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n```cue\nimport %q\n```\n", d.path, strings.TrimSpace(d.doc), catalog.Prefixes()[0]+"/"+d.path)
	for _, f := range d.definitions {
		fmt.Fprintf(b, "\n### %s.%s\n\n%s\n", filepath.Base(d.path), label(f), comments(f))
		var rows []string
		fieldRows(t, &rows, "", f.Value)
		if len(rows) > 0 {
			fmt.Fprintf(b, "\n| field | type | |\n|---|---|---|\n%s", strings.Join(rows, ""))
		}
	}
	if name := examples[d.path]; name != "" {
		writeExample(t, b, name)
	}
}

// fieldRows lists the fields of a definition, those of structs by dotted path.
func fieldRows(t *testing.T, rows *[]string, prefix string, value ast.Expr) {
	t.Helper()
	switch n := value.(type) {
	case *ast.BinaryExpr:
		fieldRows(t, rows, prefix, n.X)
		fieldRows(t, rows, prefix, n.Y)
	case *ast.StructLit:
		for _, decl := range n.Elts {
			f, ok := decl.(*ast.Field)
			if !ok || label(f) == "#up" || strings.HasPrefix(label(f), "_") {
				continue
			}
			if doc := comments(f); doc != "" {
				*rows = append(*rows, fmt.Sprintf("| `%s` | %s | %s |\n", prefix+label(f), typeOf(f.Value), strings.ReplaceAll(doc, "\n", " ")))
				fieldRows(t, rows, prefix+label(f)+".", f.Value)
			}
		}
	}
}

// typeOf is a field's type; a struct's fields have rows of their own.
func typeOf(value ast.Expr) string {
	lit, ok := value.(*ast.StructLit)
	if !ok {
		text, _ := format.Node(value)
		short := strings.Join(strings.Fields(string(text)), " ")
		if short == "_" {
			return "a component"
		}
		if strings.Contains(short, "{") || len(short) > 60 {
			return ""
		}
		return "`" + strings.ReplaceAll(short, "|", `\|`) + "`"
	}
	for _, decl := range lit.Elts {
		if f, ok := decl.(*ast.Field); ok {
			if pattern, ok := f.Label.(*ast.ListLit); ok {
				text, _ := format.Node(pattern)
				kind := typeOf(f.Value)
				if kind == "a component" {
					kind = "`_`"
				}
				return strings.TrimSuffix("`"+string(text)+":` "+kind, " ")
			}
		}
		if e, ok := decl.(*ast.EmbedDecl); ok {
			return typeOf(e.Expr)
		}
	}
	return ""
}

func writeExample(t *testing.T, b *bytes.Buffer, name string) {
	t.Helper()
	a, err := txtar.ParseFile("../../testdata/catalog/" + name + ".txtar")
	if err != nil {
		t.Fatalf("every package has a case: %v", err)
	}
	for _, f := range a.Files {
		if f.Name == "ci.cue" {
			fmt.Fprintf(b, "\n### Example\n\n%s\n\n```cue\n%s```\n", bytes.TrimSpace(a.Comment), f.Data)
		}
	}
}

func label(f *ast.Field) string {
	name, _, err := ast.LabelName(f.Label)
	if err != nil { // a pattern
		text, _ := format.Node(f.Label)
		return string(text)
	}
	return name
}

func comments(n ast.Node) string {
	var parts []string
	for _, g := range ast.Comments(n) {
		if g.Doc {
			parts = append(parts, strings.TrimSpace(g.Text()))
		}
	}
	return strings.Join(parts, "\n\n")
}
