package graph

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dagger/dagger-lsp/runtime"
)

// labelRunes bounds a label in the text formats: a long command line would make
// one node as wide as the page.
const labelRunes = 60

// renderDOT writes Graphviz' language: a cluster per component.
func renderDOT(g *runtime.Graph) []byte {
	var b strings.Builder
	b.WriteString("digraph plan {\n\trankdir=LR;\n\tnode [shape=box, style=rounded, fontname=\"monospace\"];\n")
	for i, c := range cards(g) {
		fmt.Fprintf(&b, "\tsubgraph cluster_%d {\n\t\tlabel=%s;\n", i, quoteDOT(c.component))
		for _, n := range c.nodes {
			fmt.Fprintf(&b, "\t\t%s [label=%s];\n", quoteDOT(n.ID), quoteDOT(caption(n)))
		}
		b.WriteString("\t}\n")
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "\t%s -> %s", quoteDOT(e.From), quoteDOT(e.To))
		if e.Field != "" {
			fmt.Fprintf(&b, " [label=%s]", quoteDOT(e.Field))
		}
		b.WriteString(";\n")
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

// quoteDOT makes a DOT string: the quote ends it and the backslash starts an
// escape such as \N or \l.
func quoteDOT(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(clean(s)) + `"`
}

// renderMermaid writes a flowchart. Node ids are numbers, because Mermaid has
// reserved words and no way to quote an id.
func renderMermaid(g *runtime.Graph) []byte {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	id := map[string]string{}
	for i, c := range cards(g) {
		fmt.Fprintf(&b, "  subgraph c%d [\"%s\"]\n", i, quoteMermaid(c.component))
		for _, n := range c.nodes {
			id[n.ID] = fmt.Sprintf("n%d", len(id))
			fmt.Fprintf(&b, "    %s[\"%s\"]\n", id[n.ID], quoteMermaid(caption(n)))
		}
		b.WriteString("  end\n")
	}
	for _, e := range g.Edges {
		from, to := id[e.From], id[e.To]
		if from == "" || to == "" {
			continue
		}
		if e.Field == "" {
			fmt.Fprintf(&b, "  %s --> %s\n", from, to)
			continue
		}
		fmt.Fprintf(&b, "  %s -->|\"%s\"| %s\n", from, quoteMermaid(e.Field), to)
	}
	return []byte(b.String())
}

// quoteMermaid writes everything that Mermaid, its Markdown or the HTML behind
// it could read as more than text as a numbered entity.
func quoteMermaid(s string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		if strings.ContainsRune("\"#&<>;`*_\\[]{}|", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// caption is a node's text where there is no room for typography.
func caption(n runtime.GraphNode) string {
	return shorten(strings.TrimSpace(n.Do+" "+detail(n)), labelRunes)
}

// renderJSON writes the graph as it is: no nulls, so that readers may loop.
func renderJSON(g *runtime.Graph) ([]byte, error) {
	out := struct {
		Nodes []runtime.GraphNode `json:"nodes"`
		Edges []runtime.GraphEdge `json:"edges"`
	}{append([]runtime.GraphNode{}, g.Nodes...), append([]runtime.GraphEdge{}, g.Edges...)}
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("render graph as JSON: %w", err)
	}
	return append(data, '\n'), nil
}
