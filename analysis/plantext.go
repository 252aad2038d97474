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
	closure := p.Closure(target)
	var b strings.Builder
	total := 0
	for _, c := range closure {
		total += len(c.Ops)
	}
	fmt.Fprintf(&b, "%s: %s, %s\n", target, count(len(closure), "component"), count(total, "operation"))
	b.WriteString(passesText(p, target))
	for _, c := range closure {
		fmt.Fprintf(&b, "\n%s", c.Path)
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

// dependencies lists the components that c's ops use or wait for, each once.
func dependencies(c *runtime.Component) []string {
	var out []string
	add := func(path string) {
		if path != "" && path != c.Path && !slices.Contains(out, path) {
			out = append(out, path)
		}
	}
	for _, w := range c.Waits {
		add(w.Component)
	}
	for _, op := range c.Ops {
		for _, r := range op.Refs {
			add(r.Component)
		}
		for _, w := range op.Waits {
			add(w.Component)
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
