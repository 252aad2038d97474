package runtime_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/casetest"
)

// TestCatalog evaluates and lowers every archive of testdata/catalog, as
// TestOps does those of testdata/ops.
func TestCatalog(t *testing.T) {
	casetest.Play(t, "../testdata/catalog/*.txtar", *update, testOps)
}

// TestCatalogOldConfigs holds that each folder of testdata/catalog-old loads with
// nothing worse than hints.
func TestCatalogOldConfigs(t *testing.T) {
	casetest.Play(t, "../testdata/catalog-old/*.txtar", *update, func(c *casetest.Case) {
		dirs, err := filepath.Glob(filepath.Join(c.Dir, "*"))
		if err != nil || len(dirs) == 0 {
			c.Fatal("no configs", err)
		}
		for _, dir := range dirs {
			plan := runtime.Evaluate(runtime.Source{Dir: dir})
			for _, p := range plan.Problems {
				if p.Severity == runtime.SeverityError {
					c.Errorf("%s: %s [%s]", p.Range, p.Message, p.Code)
				}
			}
			if len(plan.Targets()) == 0 && filepath.Base(dir) != "io" {
				c.Errorf("%s: no components", dir)
			}
		}
	})
}

// TestCatalogChain holds that containers made of each other stay cheap: their
// number of uses grows, not the time of each.
func TestCatalogChain(t *testing.T) {
	const uses = 40
	var b strings.Builder
	b.WriteString("package ci\nimport (\"dagger.io/dagger/op\", \"dagger.io/os\")\nc0: #up: [op.#FetchContainer & {ref: \"a\"}]\nc1: c0\n")
	for i := 2; i < uses; i++ {
		fmt.Fprintf(&b, "c%d: os.#Container & {image: c%d, copy: \"/x\": from: c%d, mount: \"/y\": from: c%d, command: \"x\"}\n", i, i-1, i-2, i-1)
	}
	dir := t.TempDir()
	src := runtime.Source{Dir: dir, Overlay: map[string][]byte{filepath.Join(dir, "ci.cue"): []byte(b.String())}}
	start := time.Now()
	plan := runtime.Evaluate(src)
	if took := time.Since(start); took > 5*time.Second { // exponential, it would take hours
		t.Errorf("%d containers take %s", uses, took)
	} else {
		t.Logf("%d containers take %s", uses, took)
	}
	if len(plan.Problems) > 0 || len(plan.Closure("c39")) != uses-1 {
		t.Errorf("%d components, problems: %v", len(plan.Closure("c39")), plan.Problems)
	}
}
