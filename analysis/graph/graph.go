// Package graph draws the graph of a plan: DOT and Mermaid for other tools,
// JSON for programs, SVG for people.
//
// A component is a card (a cluster, a subgraph); its operations are the rows of
// the card, top to bottom in the order they run; an arrow leads from the
// operation that makes a result to the operation that reads it. The same graph
// always gives the same bytes, and every name is treated as hostile: it is
// cleaned of control characters and escaped for the format at hand.
//
// Absent on purpose: anything about a run (what is cached, what failed). That
// changes while one looks; this picture is of the plan.
package graph

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/dagger/dagger-lsp/runtime"
)

// Format names an output format.
type Format string

// The formats.
const (
	DOT     Format = "dot"
	Mermaid Format = "mermaid"
	SVG     Format = "svg"
	JSON    Format = "json"
)

// Formats lists the formats in the order help texts show them.
func Formats() []Format { return []Format{DOT, Mermaid, SVG, JSON} }

// Render draws g. Only SVG takes long enough to be worth cancelling.
func Render(ctx context.Context, g *runtime.Graph, f Format) ([]byte, error) {
	switch f {
	case DOT:
		return renderDOT(g), nil
	case Mermaid:
		return renderMermaid(g), nil
	case JSON:
		return renderJSON(g)
	case SVG:
		return renderSVG(ctx, g)
	}
	return nil, fmt.Errorf("render graph: unknown format %q", f)
}

// card is one component with its operations in order.
type card struct {
	component string
	nodes     []runtime.GraphNode
}

// cards groups the nodes by component, in order of first appearance.
func cards(g *runtime.Graph) []card {
	var out []card
	at := map[string]int{}
	for _, n := range g.Nodes {
		i, ok := at[n.Component]
		if !ok {
			i = len(out)
			at[n.Component] = i
			out = append(out, card{component: n.Component})
		}
		out[i].nodes = append(out[i].nodes, n)
	}
	return out
}

// detail is what a node says beside the name of its operation.
func detail(n runtime.GraphNode) string {
	label := clean(n.Label)
	if label == n.Do {
		return ""
	}
	return strings.TrimSpace(strings.TrimPrefix(label, n.Do+" "))
}

// clean drops what would break a line or reorder it: control characters become
// spaces, invisible formatting (bidirectional overrides) goes.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// shorten cuts s to at most limit runes, with an ellipsis where it was cut.
func shorten(s string, limit int) string {
	r := []rune(s)
	if len(r) <= limit {
		return s
	}
	return string(r[:limit-1]) + "…"
}
