package checks

import (
	"fmt"
	"path"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

var relativePath = Check{
	Code:     "relative-path",
	Severity: runtime.SeverityWarning,
	Doc: "A destination inside the container is a relative path: where it lies depends on the " +
		"working directory that the image happens to set. Write it from `/`.",
	Run: func(p *runtime.Plan, _ Facts) []runtime.Problem {
		var out []runtime.Problem
		own(p, func(c *runtime.Component, op *runtime.Op) {
			field, value := destination(op.Spec)
			if field == "" || value == "" || path.IsAbs(value) {
				return
			}
			out = append(out, runtime.Problem{
				Range:     op.FieldRange(field),
				Message:   fmt.Sprintf("%s %q is relative to whatever working directory the image sets", field, value),
				Hint:      fmt.Sprintf("write %q", path.Join("/", value)),
				Component: c.Path,
			})
		})
		return out
	},
}

// destination returns the field of an op that says where it writes.
func destination(s ops.Spec) (field, value string) {
	switch s := s.(type) {
	case *ops.Copy:
		return "dest", s.Dest
	case *ops.WriteFile:
		return "dest", s.Dest
	}
	return "", ""
}
