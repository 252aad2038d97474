package analysis

import "github.com/dagger/dagger-lsp/runtime"

// Verb is something one can do with a component.
type Verb string

// The verbs, in the order in which editors show them.
const (
	Run   Verb = "run"
	Plan  Verb = "plan"
	Graph Verb = "graph"
)

// Lens offers a verb above a component.
type Lens struct {
	Verb      Verb
	Component string
	Range     runtime.Range
}

// Title is the lens's text.
func (l Lens) Title() string {
	switch l.Verb {
	case Run:
		return "▶ Run"
	case Plan:
		return "Plan"
	case Graph:
		return "Graph"
	}
	return string(l.Verb)
}

// Lenses offers every verb above each component of file that can run.
func Lenses(p *runtime.Plan, file string) []Lens {
	var out []Lens
	for _, c := range p.Components {
		if !Runnable(c) || c.Name.File != file {
			continue
		}
		for _, v := range []Verb{Run, Plan, Graph} {
			out = append(out, Lens{Verb: v, Component: c.Path, Range: c.Name})
		}
	}
	return out
}

// LensesAt is Lenses of the components that r touches: the same offers for
// editors that show no lenses.
func LensesAt(p *runtime.Plan, r runtime.Range) []Lens {
	var out []Lens
	for _, l := range Lenses(p, r.File) {
		if c := p.Component(l.Component); c != nil && touches(c.Range, r) {
			out = append(out, l)
		}
	}
	return out
}

// Runnable reports whether c is something one can run by itself.
func Runnable(c *runtime.Component) bool {
	return !c.Template && !c.Anonymous && c.Alias == ""
}

func touches(a, b runtime.Range) bool {
	return a.File == b.File && !a.End.Before(b.Start) && !b.End.Before(a.Start)
}
