package runtime

import (
	"slices"
	"strings"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Graph is the graph of ops, for pictures. Node ids are OpID.String().
type Graph struct {
	Nodes []GraphNode `json:"nodes"`
	Edges []GraphEdge `json:"edges"`
}

// GraphNode is one op.
type GraphNode struct {
	ID        string `json:"id"`
	Op        OpID   `json:"op"`
	Component string `json:"component"`
	Do        string `json:"do"`
	Label     string `json:"label"`
	Range     Range  `json:"range"`
}

// GraphEdge leads from the producer of a state to the op that takes it. Field
// is empty for the step to the next op of the same script.
type GraphEdge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Field string `json:"field,omitempty"`
}

// Targets lists the components that can be run by name.
func (p *Plan) Targets() []*Component {
	var out []*Component
	for _, c := range p.Components {
		if !c.Template && !c.Anonymous && c.Alias == "" && !strings.Contains(c.Path, ":") {
			out = append(out, c)
		}
	}
	return out
}

// Resolve follows aliases: the component that a reference to path means, or
// nil.
func (p *Plan) Resolve(path string) *Component {
	for range len(p.Components) + 1 { // an alias cycle ends here
		c := p.Component(path)
		if c == nil || c.Alias == "" {
			return c
		}
		path = c.Alias
	}
	return nil
}

// Closure lists target and every component it depends on, be it for files or
// for an exported value; dependencies first.
func (p *Plan) Closure(target string) []*Component {
	var out []*Component
	seen := map[*Component]bool{}
	var visit func(path string)
	visit = func(path string) {
		c := p.Resolve(path)
		if c == nil || seen[c] {
			return
		}
		seen[c] = true
		for _, w := range c.Waits {
			visit(w.Component)
		}
		for _, op := range c.Ops {
			for _, r := range op.Refs {
				visit(r.Component)
			}
			for _, w := range op.Waits {
				visit(w.Component)
			}
		}
		out = append(out, c)
	}
	visit(target)
	return out
}

// Graph returns the ops of target and of all that it depends on, or of every
// component if target is empty.
func (p *Plan) Graph(target string) *Graph {
	g := &Graph{}
	components := p.Closure(target)
	if target == "" {
		for _, c := range p.Components {
			if !c.Template && c.Alias == "" {
				components = append(components, c)
			}
		}
	}
	for _, c := range components {
		p.addComponent(g, c)
	}
	return g
}

func (p *Plan) addComponent(g *Graph, c *Component) {
	for i, op := range c.Ops {
		id := op.ID.String()
		g.Nodes = append(g.Nodes, GraphNode{
			ID: id, Op: op.ID, Component: c.Path, Do: op.Do, Label: op.Label(), Range: op.Range,
		})
		if i > 0 && !op.replacesState() {
			g.Edges = append(g.Edges, GraphEdge{From: c.Ops[i-1].ID.String(), To: id})
		}
		for _, r := range op.edges() {
			from := p.Resolve(r.Component)
			if from != nil && len(from.Ops) > 0 {
				last := from.Ops[len(from.Ops)-1]
				g.Edges = append(g.Edges, GraphEdge{From: last.ID.String(), To: id, Field: r.Field})
			}
		}
	}
}

// edges are the components that the op needs: to read files of, and to wait
// for.
func (o *Op) edges() []Ref {
	if len(o.Waits) == 0 {
		return o.Refs
	}
	out := slices.Clone(o.Refs)
	for _, w := range o.Waits {
		out = append(out, Ref(w))
	}
	return out
}

// withOwnWaits are the ops of c, with what the list itself waits for as one more.
func (c *Component) withOwnWaits() []*Op {
	if len(c.Waits) == 0 {
		return c.Ops
	}
	return append(slices.Clone(c.Ops), &Op{ID: OpID{Component: c.Path, Index: 0}, Waits: c.Waits})
}

// afterExportOf reports that the op comes after all that its own component
// exports, so that it may wait for that.
func (o *Op) afterExportOf(c *Component) bool {
	if len(o.Waits) == 0 || o.ID.Component != c.Path {
		return false
	}
	return !slices.ContainsFunc(c.Ops[o.ID.Index:], func(o *Op) bool { return o.Do == ops.ExportName })
}

// cycles reports every reference that closes a circle, with the whole path.
func (p *Plan) cycles() []Problem {
	var out []Problem
	const (
		open = 1
		done = 2
	)
	state := map[*Component]int{}
	var stack []string
	var visit func(c *Component)
	visit = func(c *Component) {
		state[c] = open
		stack = append(stack, c.Path)
		for _, op := range c.withOwnWaits() {
			for _, r := range op.edges() {
				next := p.Resolve(r.Component)
				if next == nil || next == c && op.afterExportOf(c) {
					continue
				}
				switch state[next] {
				case 0:
					visit(next)
				case open:
					out = append(out, cycleProblem(stack, next.Path, r, c))
				}
			}
		}
		stack = stack[:len(stack)-1]
		state[c] = done
	}
	for _, c := range p.Components {
		if state[c] == 0 {
			visit(c)
		}
	}
	return out
}

func cycleProblem(stack []string, back string, r Ref, c *Component) Problem {
	start := slices.Index(stack, back)
	path := strings.Join(append(slices.Clone(stack[start:]), back), " → ")
	return Problem{
		Code: CodeReferenceCycle, Severity: SeverityError, Range: r.Range, Component: c.Path,
		Message: "the components need each other in a circle: " + path,
		Hint:    "take one of these references out",
	}
}
