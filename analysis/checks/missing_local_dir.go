package checks

import (
	"path/filepath"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

var missingLocalDir = Check{
	Code:     "missing-local-dir",
	Severity: runtime.SeverityWarning,
	Doc: "A `local` op reads a directory that does not exist. The run would fail. Paths are " +
		"relative to the folder of the CUE file's package.",
	Run: func(p *runtime.Plan, facts Facts) []runtime.Problem {
		var out []runtime.Problem
		eachLocal(p, func(c *runtime.Component, op *runtime.Op, written, dir string) {
			if facts.MissingDirs[dir] {
				out = append(out, runtime.Problem{
					Range:     op.FieldRange("dir"),
					Message:   "there is no directory " + written,
					Hint:      "create it, or correct the path: it is relative to the folder of this file's package",
					Component: c.Path,
				})
			}
		})
		return out
	},
}

// Dirs lists the directories that `local` ops of p read, absolute. Whoever may
// do I/O finds out which of them are missing.
func Dirs(p *runtime.Plan) []string {
	var out []string
	eachLocal(p, func(_ *runtime.Component, _ *runtime.Op, _, dir string) { out = append(out, dir) })
	return out
}

// eachLocal visits the `local` ops of p with their directory as written and as an
// absolute path.
func eachLocal(p *runtime.Plan, visit func(c *runtime.Component, op *runtime.Op, written, dir string)) {
	own(p, func(c *runtime.Component, op *runtime.Op) {
		l, ok := op.Spec.(*ops.Local)
		if !ok || l.Dir == "" {
			return
		}
		dir := l.Dir
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(p.Dir, dir)
		}
		visit(c, op, l.Dir, filepath.Clean(dir))
	})
}
