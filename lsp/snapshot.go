package lsp

import (
	"github.com/dagger/dagger-lsp/runtime"
)

// Snapshot is one immutable state of a package: texts, plan and problems that
// belong together. Features get nothing else.
type Snapshot struct {
	view
	seq    uint64
	key    packageKey
	source runtime.Source
	// syntax is what the text alone gives; plan is the evaluated one once it
	// is known, and syntax until then.
	syntax, plan *runtime.Plan
	// problems is what the editor shows: of syntax, and of the last
	// evaluation where the text it was about is still there.
	problems []runtime.Problem
	jobs     []jobProblem
}

// evaluated reports whether the evaluator has seen exactly this snapshot.
func (s *Snapshot) evaluated() bool { return s.plan.Evaluated }

// empty is the snapshot of a document the editor never opened.
func emptySnapshot(v view) *Snapshot {
	plan := &runtime.Plan{}
	return &Snapshot{view: v, syntax: plan, plan: plan}
}
