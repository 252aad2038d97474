package runtime_test

import (
	"fmt"
	"testing"

	"github.com/dagger/dagger-lsp/runtime"
)

// Lowering grows with the number of operations and no faster: an op of a
// thousand components costs what one of a hundred costs. Allocations stand for
// the work, because they are the same on every machine; BenchmarkLower has the
// times.
func TestLowerIsLinear(t *testing.T) {
	const opsEach, factor = 8, 1.5
	perOp := func(components int) (allocs float64) {
		p := runtime.Evaluate(diamondSource(components))
		target := fmt.Sprintf("c%d", components-1)
		allocs = testing.AllocsPerRun(1, func() {
			job, problems, err := p.Lower(t.Context(), target, runtime.LowerOptions{Images: fixedImage{}})
			if job == nil {
				t.Fatal(problems, err)
			}
			if len(job.Steps) != components*opsEach {
				t.Fatalf("%d steps", len(job.Steps))
			}
		})
		return allocs / float64(components*opsEach)
	}
	few, many := perOp(100), perOp(1000)
	t.Logf("allocations per op: %.0f of 100 components, %.0f of 1000", few, many)
	if many > factor*few {
		t.Errorf("an op of 1000 components takes %.0f allocations, of 100 %.0f: allowed is %.1f times", many, few, factor)
	}
}
