package catalog_test

import (
	"regexp"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"github.com/dagger/dagger-lsp/runtime/catalog"
)

// TestPackages holds what every package needs: a version, files of one package
// clause that parse, and a doc comment on each definition.
func TestPackages(t *testing.T) {
	version := regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	for path, p := range catalog.Packages() {
		if !version.MatchString(p.Version) {
			t.Errorf("%s: VERSION is %q", path, p.Version)
		}
		for name, text := range p.Files {
			tree, err := parser.ParseFile(name, text, parser.ParseComments)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			for _, d := range tree.Decls {
				if f, ok := d.(*ast.Field); ok && len(ast.Comments(f)) == 0 {
					name, _, _ := ast.LabelName(f.Label)
					t.Errorf("%s: %s has no doc comment", path, name)
				}
			}
		}
	}
}
