package checks

import (
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

var scriptWithoutSource = Check{
	Code:     "script-without-source",
	Severity: runtime.SeverityWarning,
	Doc: "A script runs a command in an empty filesystem: nothing before the `exec` brings a file " +
		"there. Start the script with `fetch-container`, `load` or `local`.",
	Run: func(p *runtime.Plan, _ Facts) []runtime.Problem {
		var out []runtime.Problem
		for _, c := range p.Components {
			if op := execInNothing(c); op != nil && c.Alias == "" {
				out = append(out, runtime.Problem{
					Range:     op.Range,
					Message:   "this command runs in an empty filesystem: no op before it brings any file",
					Hint:      "begin the script with fetch-container, load or local",
					Component: c.Path,
				})
			}
		}
		return out
	},
}

// execInNothing returns the first exec of c that no op with files precedes.
func execInNothing(c *runtime.Component) *runtime.Op {
	for _, op := range c.Ops {
		kind, known := ops.ByName(op.Do)
		switch {
		case !known || kind.Source:
			return nil
		case op.Do == "exec":
			return op
		case op.Do == "copy" || op.Do == "write-file":
			return nil
		}
	}
	return nil
}
