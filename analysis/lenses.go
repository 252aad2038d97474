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
	// Shared is set where several components stand at one place, as those
	// that a loop makes.
	Shared bool
}

// Title is the lens's text. It names the component where the place does not.
func (l Lens) Title() string {
	if l.Shared {
		return l.Named()
	}
	return l.verb()
}

// Named is the title for where the place does not show the component.
func (l Lens) Named() string { return l.verb() + " " + l.Component }

func (l Lens) verb() string {
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
	at := map[runtime.Range]int{}
	for _, c := range p.Components {
		if !Runnable(c) || c.Name.File != file {
			continue
		}
		at[c.Name]++
		for _, v := range []Verb{Run, Plan, Graph} {
			out = append(out, Lens{Verb: v, Component: c.Path, Range: c.Name})
		}
	}
	for i := range out {
		out[i].Shared = at[out[i].Range] > 1
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
