package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dagger/dagger-lsp/runtime"
)

// PlanText describes, for people, what running target does: each component of
// its closure, dependencies first, with its ops and what they use.
func PlanText(p *runtime.Plan, target string) string {
	closure := Closure(p, target)
	var b strings.Builder
	total := 0
	for _, path := range closure {
		total += len(p.Component(path).Ops)
	}
	fmt.Fprintf(&b, "%s: %s, %s\n", target, count(len(closure), "component"), count(total, "operation"))
	for _, path := range closure {
		c := p.Component(path)
		fmt.Fprintf(&b, "\n%s", path)
		if deps := dependencies(c); len(deps) > 0 {
			fmt.Fprintf(&b, "  (after %s)", strings.Join(deps, ", "))
		}
		b.WriteString("\n")
		for i, op := range c.Ops {
			fmt.Fprintf(&b, "  %d. %s\n", i+1, summary(op))
		}
	}
	return b.String()
}

// Closure lists target and every component it depends on, dependencies first.
// Cycles are cut where they close.
func Closure(p *runtime.Plan, target string) []string {
	var out []string
	seen := map[string]bool{}
	var visit func(string)
	visit = func(path string) {
		c := p.Component(path)
		if c == nil || seen[path] {
			return
		}
		seen[path] = true
		for _, d := range dependencies(c) {
			visit(d)
		}
		out = append(out, path)
	}
	visit(target)
	return out
}

// dependencies lists the components that c's ops use, each once.
func dependencies(c *runtime.Component) []string {
	var out []string
	for _, op := range c.Ops {
		for _, r := range op.Refs {
			if r.Component != "" && !slices.Contains(out, r.Component) {
				out = append(out, r.Component)
			}
		}
	}
	return out
}

// dependants lists the components with an op that uses path.
func dependants(p *runtime.Plan, path string) []string {
	var out []string
	for _, c := range p.Components {
		if slices.Contains(dependencies(c), path) {
			out = append(out, c.Path)
		}
	}
	return out
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
