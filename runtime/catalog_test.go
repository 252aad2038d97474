package runtime_test

import (
	"testing"

	"github.com/dagger/dagger-lsp/runtime/casetest"
)

// TestCatalog evaluates and lowers every archive of testdata/catalog, as
// TestOps does those of testdata/ops.
func TestCatalog(t *testing.T) {
	casetest.Play(t, "../testdata/catalog/*.txtar", *update, testOps)
}
