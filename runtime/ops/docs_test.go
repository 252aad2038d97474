package ops_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

var update = flag.Bool("update", false, "rewrite docs/ops.md")

const docsPath = "../../docs/ops.md"

// TestDocs keeps docs/ops.md what the schemas and the cases say.
func TestDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Operations\n\nMade from the schemas in `runtime/ops` and the cases in `testdata/ops` by `make generate`.\n\n")
	for _, k := range ops.All() {
		fmt.Fprintf(&b, "- [%s](#%s)\n", k.Do, k.Do)
	}
	for _, k := range ops.All() {
		writeOp(t, &b, k)
	}
	if *update {
		if err := os.WriteFile(docsPath, []byte(b.String()), 0o644); err != nil { //nolint:gosec // a source file
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(have), b.String()); d != "" {
		t.Errorf("docs/ops.md is stale, run make generate (-have +want):\n%s", d)
	}
}

func writeOp(t *testing.T, b *strings.Builder, k ops.Kind) {
	t.Helper()
	s := ops.Schemas()[k.Do]
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n", k.Do, s.Doc)
	fmt.Fprintf(b, "`{do: %q, …}` or `op.%s & {…}`\n\n", k.Do, k.Definition)
	b.WriteString("| field | type | |\n|---|---|---|\n")
	for _, f := range s.Fields {
		fmt.Fprintf(b, "| `%s`%s | %s | %s |\n", f.Name, required(f), typeOf(f), strings.Join(strings.Fields(f.Doc), " "))
	}
	comment, example := example(t, k.Do)
	fmt.Fprintf(b, "\n%s\n\n```cue\n%s```\n", comment, example)
}

func required(f ops.FieldSchema) string {
	if f.Required {
		return ", required"
	}
	return ""
}

func typeOf(f ops.FieldSchema) string {
	switch {
	case f.Component:
		return "a component"
	case f.Secret:
		return "a secret"
	case f.Stream:
		return "a stream"
	}
	return "`" + strings.ReplaceAll(f.Type, "|", `\|`) + "`"
}

// example is the op's case: what it shows, and its CUE text.
func example(t *testing.T, do string) (comment, text string) {
	t.Helper()
	a, err := txtar.ParseFile("../../testdata/ops/" + do + ".txtar")
	if err != nil {
		t.Fatalf("every op has a case: %v", err)
	}
	for _, f := range a.Files {
		if f.Name == "ci.cue" {
			return strings.TrimSpace(string(a.Comment)), string(f.Data)
		}
	}
	t.Fatalf("the case of %s has no ci.cue", do)
	return "", ""
}
