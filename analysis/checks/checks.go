// Package checks holds what we warn about beyond what CUE and the runtime call
// wrong. A check is a value with its documentation in it: to add one, write
// <name>.go, put it in All, and write its case in
// testdata/markers/checks/<code>.txtar.
//
// Checks are pure. What they must know of the outside is in Facts, gathered by
// whoever may do I/O.
package checks

import "github.com/dagger/dagger-lsp/runtime"

// Check finds one kind of mistake.
type Check struct {
	Code     runtime.Code
	Severity runtime.Severity
	// Doc says what is wrong and what to do, for docs/checks.md.
	Doc string
	// NeedsValues keeps the check off plans made from syntax alone.
	NeedsValues bool
	// Run returns what it finds; code and severity are filled in for it.
	Run func(*runtime.Plan, Facts) []runtime.Problem
}

// Facts are what checks may know of the world outside the plan.
type Facts struct {
	// MissingDirs holds those of Dirs(plan) that do not exist.
	MissingDirs map[string]bool
}

// All returns every check, by code.
func All() []Check {
	return []Check{
		duplicateMount,
		missingLocalDir,
		relativePath,
		scriptWithoutSource,
	}
}

// own yields the ops that stand in a component's own text: not those repeated
// by an alias, which would be reported twice.
func own(p *runtime.Plan, visit func(*runtime.Component, *runtime.Op)) {
	for _, c := range p.Components {
		if c.Alias != "" {
			continue
		}
		for _, op := range c.Ops {
			visit(c, op)
		}
	}
}
