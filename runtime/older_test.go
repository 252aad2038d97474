package runtime_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/casetest"
)

// TestOlder reads and migrates every archive of testdata/older.
//
// Its files are a package written for an older version of the language. It must
// be read without errors. want/plan holds the components and what their ops say,
// want/problems what is said beside the hints at older spellings, and
// want/migrated/FILE what a file is written like today. Migrated, the package
// means the same, and nothing is left to migrate.
func TestOlder(t *testing.T) {
	casetest.Play(t, "../testdata/older/*.txtar", *update, testOlder)
}

func testOlder(c *casetest.Case) {
	src := runtime.Source{Dir: c.Dir}
	plan := runtime.Evaluate(src)
	before := c.Relative(meaning(plan))
	c.Golden("plan", before)
	var other []runtime.Problem
	for _, p := range plan.Problems {
		if p.Code != runtime.CodeOlderSpelling {
			other = append(other, p)
		}
	}
	if runtime.HasErrors(other) {
		c.Errorf("errors: %+v", other)
	}
	c.Golden("problems", problemsText(c, other))
	checkSyntaxTier(c.T, runtime.Syntax(src), plan)
	changed := runtime.Migrate(src)
	for _, path := range slices.Sorted(maps.Keys(changed)) {
		c.Golden("migrated/"+filepath.ToSlash(c.Relative(path)), string(changed[path]))
	}
	src.Overlay = changed
	if again := runtime.Migrate(src); len(again) > 0 {
		c.Errorf("migrating again changes %v", slices.Collect(maps.Keys(again)))
	}
	after := runtime.Evaluate(src)
	if d := cmp.Diff(before, c.Relative(meaning(after))); d != "" {
		c.Errorf("the migrated package means something else (-before +after):\n%s", d)
	}
	if runtime.HasErrors(after.Problems) {
		c.Errorf("migrated: %+v", after.Problems)
	}
}

// meaning is what a plan means, without positions.
func meaning(p *runtime.Plan) string {
	var b strings.Builder
	for _, c := range p.Components {
		fmt.Fprintf(&b, "%s", c.Path)
		if c.Template {
			b.WriteString(" (template)")
		}
		if c.Alias != "" {
			fmt.Fprintf(&b, " = %s", c.Alias)
		}
		b.WriteString("\n")
		for _, op := range c.Ops {
			value := strings.ReplaceAll(fmt.Sprintf("open %v", op.Open), ".input", ".from")
			if op.Spec != nil {
				data, _ := json.Marshal(op.Spec) // made from JSON
				value = string(data)
			}
			fmt.Fprintf(&b, "\t%s %s\n", op.Do, value)
		}
	}
	return b.String()
}
