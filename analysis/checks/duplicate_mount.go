package checks

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

var duplicateMount = Check{
	Code:     "duplicate-mount",
	Severity: runtime.SeverityError,
	Doc: "Two mounts of one exec name the same directory in different spellings (`/src` and " +
		"`/src/`). Only one of them can be there. Remove one.",
	Run: func(p *runtime.Plan, _ Facts) []runtime.Problem {
		var out []runtime.Problem
		own(p, func(c *runtime.Component, op *runtime.Op) {
			if e, ok := op.Spec.(*ops.Exec); ok {
				out = append(out, duplicateMounts(c, op, e)...)
			}
		})
		return out
	},
}

func duplicateMounts(c *runtime.Component, op *runtime.Op, e *ops.Exec) []runtime.Problem {
	var out []runtime.Problem
	first := map[string]string{}
	for _, at := range slices.Sorted(maps.Keys(e.Mount)) {
		clean := path.Clean(at)
		if other, ok := first[clean]; ok {
			out = append(out, runtime.Problem{
				Range:     op.FieldRange("mount." + at),
				Message:   fmt.Sprintf("%s is mounted twice: also as %s", clean, other),
				Hint:      "remove one of the two",
				Component: c.Path,
				Related:   []runtime.Related{{Range: op.FieldRange("mount." + other), Message: "the other mount"}},
			})
			continue
		}
		first[clean] = at
	}
	return out
}
