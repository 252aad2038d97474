package analysis

import (
	"slices"
	"strings"

	"github.com/dagger/dagger-lsp/analysis/checks"
	"github.com/dagger/dagger-lsp/runtime"
)

// Problems returns the plan's own problems and what the checks find in it, each
// once, in the order of files and positions.
func Problems(p *runtime.Plan, facts checks.Facts) []runtime.Problem {
	all := slices.Clone(p.Problems)
	for _, c := range checks.All() {
		if c.NeedsValues && !p.Evaluated {
			continue
		}
		for _, found := range c.Run(p, facts) {
			found.Code, found.Severity = c.Code, c.Severity
			all = append(all, found)
		}
	}
	return Merge(all)
}

// Merge joins lists of problems, each problem once, sorted.
func Merge(lists ...[]runtime.Problem) []runtime.Problem {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, compare)
	return slices.CompactFunc(all, func(a, b runtime.Problem) bool { return compare(a, b) == 0 })
}

// Minus returns the problems of a that b does not have.
func Minus(a, b []runtime.Problem) []runtime.Problem {
	known := map[identity]bool{}
	for _, p := range b {
		known[identify(p)] = true
	}
	var out []runtime.Problem
	for _, p := range a {
		if !known[identify(p)] {
			out = append(out, p)
		}
	}
	return out
}

// identity is what makes two problems the same one.
type identity struct {
	rng     runtime.Range
	code    runtime.Code
	message string
}

func identify(p runtime.Problem) identity { return identity{p.Range, p.Code, p.Message} }

func compare(a, b runtime.Problem) int {
	for _, n := range []int{
		strings.Compare(a.Range.File, b.Range.File),
		cmpPosition(a.Range.Start, b.Range.Start),
		cmpPosition(a.Range.End, b.Range.End),
		int(a.Severity) - int(b.Severity),
		strings.Compare(string(a.Code), string(b.Code)),
		strings.Compare(a.Message, b.Message),
	} {
		if n != 0 {
			return n
		}
	}
	return 0
}

func cmpPosition(a, b runtime.Position) int {
	if a.Line != b.Line {
		return a.Line - b.Line
	}
	return a.Column - b.Column
}
