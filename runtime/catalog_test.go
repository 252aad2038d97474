package runtime_test

import (
	"path/filepath"
	"testing"

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
