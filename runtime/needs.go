package runtime

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Needs lists the images and local directories that target and all it depends
// on ask for. Problems say why the target cannot run.
func (p *Plan) Needs(target, workspace string) (Needs, []Problem) {
	n := Needs{
		Images: map[string]OpID{}, Locals: map[string]Local{},
		Secrets: map[string]Given{}, Streams: map[string]Given{},
	}
	if problems := p.blocking(target); len(problems) > 0 {
		return n, problems
	}
	var problems []Problem
	for _, c := range p.Closure(target) {
		n.Components = append(n.Components, c.Path)
		for _, op := range c.Ops {
			if mistake := p.opNeeds(&n, op, workspace); mistake != nil {
				problems = append(problems, op.fieldProblem(mistake))
			}
		}
	}
	return n, problems
}

func (p *Plan) opNeeds(n *Needs, op *Op, workspace string) *ops.FieldError {
	n.handles(op)
	switch spec := op.Spec.(type) {
	case *ops.FetchContainer:
		ref, err := spec.Normalized()
		if _, seen := n.Images[ref]; err == nil && !seen {
			n.Images[ref] = op.ID
		}
	case *ops.Local:
		name, local, mistake := p.resolveLocal(op, spec.Dir, workspace)
		if mistake != nil {
			return mistake
		}
		if _, seen := n.Locals[name]; !seen {
			n.Locals[name] = local
		}
	}
	return nil
}

// blocking says why target cannot be compiled: there is none of that name, or
// something it depends on is wrong or not known.
func (p *Plan) blocking(target string) []Problem {
	c := p.Resolve(target)
	if c == nil || c.Template {
		return []Problem{p.unknownTarget(target)}
	}
	var out []Problem
	closure := p.Closure(target)
	for _, c := range closure {
		for _, op := range c.Ops {
			out = append(out, p.opBlocks(op)...)
		}
	}
	if len(out) == 0 {
		out = p.circles(closure)
	}
	return out
}

// opBlocks explains an op without a Spec.
func (p *Plan) opBlocks(op *Op) []Problem {
	var out []Problem
	for _, problem := range p.Problems {
		inside := problem.Range.File == op.Range.File && op.Range.Contains(problem.Range.Start)
		if problem.Severity == SeverityError && inside {
			out = append(out, problem)
		}
	}
	if len(out) > 0 || op.Spec != nil {
		return out
	}
	missing := op.Missing()
	if len(op.Waits) > 0 && len(missing) == 0 {
		return nil // a later pass knows it
	}
	problem := Problem{
		Code: CodeMissingInput, Severity: SeverityError, Range: op.Range, Component: op.ID.Component,
		Message: op.ID.String() + " is not fully known",
	}
	if len(missing) > 0 {
		problem.Range = op.FieldRange(missing[0])
		problem.Message = op.Do + "." + strings.Join(missing, ", ") + " has no value yet"
		problem.Hint = "give it a value in CUE, or with --input"
	}
	return []Problem{problem}
}

func (p *Plan) circles(closure []*Component) []Problem {
	var out []Problem
	for _, problem := range p.Problems {
		if problem.Code != CodeReferenceCycle {
			continue
		}
		if slices.ContainsFunc(closure, func(c *Component) bool { return c.Path == problem.Component }) {
			out = append(out, problem)
		}
	}
	return out
}

func (p *Plan) unknownTarget(target string) Problem {
	var names []string
	for _, c := range p.Targets() {
		names = append(names, c.Path)
	}
	problem := Problem{
		Code: CodeUnknownTarget, Severity: SeverityError, Range: Range{File: p.Dir},
		Message: fmt.Sprintf("there is no component %q", target),
	}
	if len(p.Files) > 0 {
		problem.Range = fileRange(p.Files[0])
	}
	switch s := closest(target, names); {
	case s != "":
		problem.Suggestion, problem.Hint = s, fmt.Sprintf("did you mean %q?", s)
	case len(names) > 0:
		problem.Hint = "the components are " + strings.Join(names, ", ")
	default:
		problem.Hint = "a component is a value with " + scriptLabel + ": [...]"
	}
	return problem
}
