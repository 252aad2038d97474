package runtime

import (
	"cmp"
	"slices"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Syntax builds the plan that syntax alone gives: tolerant parse, components,
// ops as far as they are literal, references, and the problems that need no
// evaluation. It takes a few ms per thousand ops and never blocks on CUE.
func Syntax(src Source) *Plan {
	pkg, problems := readPackage(src)
	ix := buildIndex(pkg)
	p := newPlan(pkg)
	for _, s := range ix.scripts {
		if c := ix.component(s); c != nil {
			p.Components = append(p.Components, c)
		}
	}
	p.Problems = append(problems, ix.problems()...)
	p.finish()
	return p
}

func newPlan(pkg *packageText) *Plan {
	p := &Plan{Dir: pkg.src.Dir, Package: pkg.name, Root: pkg.root}
	for _, f := range pkg.files {
		p.Files = append(p.Files, f.path)
	}
	return p
}

// finish orders components and problems, adds what the graph shows, and makes
// lookups fast. Nothing is added to the plan after it.
func (p *Plan) finish() {
	slices.SortStableFunc(p.Components, func(a, b *Component) int { return compareRanges(a.Name, b.Name) })
	p.byPath = make(map[string]*Component, len(p.Components))
	for _, c := range p.Components {
		if p.byPath[c.Path] == nil {
			p.byPath[c.Path] = c
		}
	}
	p.Problems = append(p.Problems, p.cycles()...)
	p.Problems = tidyProblems(p.Problems)
}

func compareRanges(a, b Range) int {
	return cmp.Or(
		cmp.Compare(a.File, b.File),
		cmp.Compare(a.Start.Line, b.Start.Line),
		cmp.Compare(a.Start.Column, b.Start.Column),
		cmp.Compare(a.End.Line, b.End.Line),
		cmp.Compare(a.End.Column, b.End.Column),
	)
}

// tidyProblems sorts by place and keeps one of each code and place: a template
// used twice has its mistake once. Where there is an error, what is less than
// one says nothing new.
func tidyProblems(ps []Problem) []Problem {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(compareRanges(a.Range, b.Range), cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Code, b.Code))
	})
	var out []Problem
	for _, p := range ps {
		if n := len(out); n > 0 && out[n-1].Range == p.Range {
			last := out[n-1]
			if last.Code == p.Code || last.Severity == SeverityError && p.Severity != SeverityError {
				continue
			}
		}
		out = append(out, p)
	}
	return out
}

// component makes the component of a script as written. Scripts whose path
// depends on values (loops, lets) have none until CUE has run.
func (ix *index) component(s *script) *Component {
	if s.dynamic {
		return nil
	}
	c := &Component{
		Path: s.path, Template: s.template, Anonymous: s.field == nil || s.parent != nil,
		Name: s.name, Range: s.whole, Script: s.rng, Doc: s.doc,
	}
	for _, el := range s.elems {
		op := ix.op(el, OpID{Component: c.Path, Index: el.n})
		c.Ops = append(c.Ops, op)
	}
	return c
}

// declaration returns where a script's component is declared.
func (s *script) declaration() (name, whole Range, doc string) {
	switch {
	case s.holder != nil && s.parent == nil:
		return fieldRanges(s.holder)
	case s.field != nil:
		return fieldRanges(s.field)
	}
	return span(s.value), span(s.value), ""
}

func fieldRanges(f *ast.Field) (name, whole Range, doc string) {
	return span(f.Label), span(f), docComment(f)
}

func docComment(f *ast.Field) string {
	var doc string
	for _, g := range ast.Comments(f) {
		if g.Doc {
			doc += g.Text()
		}
	}
	return doc
}

// op makes an op as far as its text tells.
func (ix *index) op(el *element, id OpID) *Op {
	op := &Op{ID: id, Do: el.do, Range: el.rng, Literal: el.literal, Fields: el.fields}
	for _, r := range el.refs {
		ref := Ref{Field: r.path, Range: r.rng, Component: r.target}
		if r.pkg != "" {
			ref.Component = packageComponent(r.pkg, r.target)
		}
		if r.inline != nil {
			ref.Component = r.inline.path
		}
		if ref.Component != "" {
			op.Refs = append(op.Refs, ref)
		}
	}
	return op
}

// packageComponent names a component of an imported package.
func packageComponent(pkg, path string) string { return pkg + ":" + path }

// writtenFields lists where the op's fields are written, nested ones by dotted
// path.
func (el *element) writtenFields() []Field {
	var out []Field
	var walk func(lit *ast.StructLit, prefix string, depth int)
	walk = func(lit *ast.StructLit, prefix string, depth int) {
		for _, d := range lit.Elts {
			f, ok := d.(*ast.Field)
			if !ok {
				continue
			}
			name, _, err := ast.LabelName(f.Label)
			if err != nil {
				continue
			}
			path := prefix + name
			out = append(out, Field{Path: path, Key: span(f.Label), Value: span(f.Value)})
			if depth > 0 && !ops.TakesComponent(name) {
				for _, sub := range structLits(f.Value) {
					walk(sub, path+".", depth-1)
				}
			}
		}
	}
	for _, lit := range el.lits {
		walk(lit, "", maxFieldDepth)
	}
	return out
}

// maxFieldDepth is how deep ops nest: mount → path → from.
const maxFieldDepth = 2

// problems are the mistakes that syntax shows.
func (ix *index) problems() []Problem {
	var out []Problem
	for _, f := range ix.pkg.files {
		out = append(out, syntaxErrors(f)...)
		out = append(out, f.older...)
		out = append(out, ix.olderImports(f)...)
		out = append(out, ix.olderTypes(f)...)
		out = append(out, undefined(f)...)
		for _, id := range ix.unresolved(f) {
			out = append(out, ix.unresolvedProblem(id))
		}
	}
	for _, s := range ix.scripts {
		for _, el := range s.elems {
			out = append(out, ix.checkElement(el)...)
			out = append(out, el.olderMounts()...)
		}
	}
	out = append(out, ix.module.older()...)
	return append(out, ix.checkRefs()...)
}

func syntaxErrors(f *packageFile) []Problem {
	var out []Problem
	for _, e := range errors.Errors(f.err) {
		r := rangeBetween(e.Position(), e.Position())
		if r.IsZero() {
			r = fileRange(f.path)
		}
		r.End.Column++
		out = append(out, Problem{
			Code: CodeSyntax, Severity: SeverityError, Range: r, Message: errorText(e),
		})
	}
	return out
}

func (ix *index) unresolvedProblem(id *ast.Ident) Problem {
	p := Problem{
		Code: CodeUnresolvedReference, Severity: SeverityError, Range: span(id),
		Message: "nothing here is called " + id.Name,
	}
	if s := closest(id.Name, ix.names()); s != "" {
		p.Suggestion, p.Hint = s, "did you mean "+s+"?"
	}
	return p
}

func (ix *index) names() []string {
	out := make([]string, 0, len(ix.top))
	for n := range ix.top {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// Unevaluated is the plan that syntax gives, with a problem on the whole
// package that says why there is no more.
func Unevaluated(src Source, why Problem) *Plan {
	p := Syntax(src)
	if len(p.Files) > 0 {
		why.Range = fileRange(p.Files[0])
		why.Range.End.Line = 1
	}
	p.Problems = append([]Problem{why}, p.Problems...)
	return p
}
