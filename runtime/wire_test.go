package runtime_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/casetest"
)

// A plan is the same after its way through the worker's pipe: of every case,
// those included in which several components are made from one text.
func TestWire(t *testing.T) {
	casetest.Play(t, "../testdata/ops/*.txtar", false, func(c *casetest.Case) {
		src := runtime.Source{Dir: c.Dir}
		data, err := runtime.EncodePlan(runtime.Evaluate(src))
		if err != nil {
			c.Fatal(err)
		}
		got, err := runtime.DecodePlan(data)
		if err != nil {
			c.Fatal(err)
		}
		want := runtime.Evaluate(src)
		if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(runtime.Plan{}), cmpopts.EquateEmpty()); d != "" {
			c.Errorf("the plan has changed on its way (-sent +received):\n%s", d)
		}
	})
}
