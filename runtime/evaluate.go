package runtime

import (
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/token"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Evaluate runs CUE in this process and returns the full plan. It cannot be
// cancelled and may use any amount of memory: package worker runs it in a
// child that can be killed.
func Evaluate(src Source) *Plan {
	pkg, problems := readPackage(src)
	ix := buildIndex(pkg)
	problems = append(problems, ix.problems()...)
	p := newPlan(pkg)
	p.Evaluated = true
	if len(pkg.files) > 0 {
		ix.readImports()
		problems = append(problems, ix.readGiven()...)
		for sub := range ix.all {
			sub.stub()
		}
		inst, unloaded := ix.loadInstance()
		problems = append(problems, unloaded...)
		if inst != nil && inst.Err == nil {
			ev := newEvaluator(ix, p)
			ev.run(ev.ctx.BuildInstance(inst))
			ev.hidePlain()
			problems = append(problems, ev.problems...)
		}
	}
	p.Problems = problems
	p.finish()
	return p
}

// evaluator walks an evaluated package and makes the plan of it. It lives for
// one evaluation: a cue.Context never gives memory back.
type evaluator struct {
	ctx  *cue.Context
	ix   *index
	plan *Plan
	root cue.Value
	// components by path, made or being made, and in the order found.
	components map[string]*found
	order      []*found
	// byScript finds the components that a literal list belongs to.
	byScript map[token.Pos][]*found
	// imported are the values of imported packages, by import path.
	imported map[string]cue.Value
	problems []Problem
	// secrets are the paths of those that some op asks for, by every name;
	// opens are fields without a value, which may turn out to be one of them.
	secrets map[string]bool
	opens   []openField
	growing *bool // what anyGrows found
}

// found is a component with the values it is made from. The values stay here:
// a plan outlives its cue.Context.
type found struct {
	*Component
	value, script cue.Value
	decoded       bool
}

var (
	upPath  = cue.MakePath(cue.Def("up"))
	doPath  = cue.MakePath(cue.Str("do"))
	refPath = cue.MakePath(cue.Str(stubID))
	toPath  = cue.MakePath(cue.Str(stubTo).Optional())
)

func newEvaluator(ix *index, p *Plan) *evaluator {
	ev := &evaluator{
		ctx: cuecontext.New(), ix: ix, plan: p,
		components: map[string]*found{},
		byScript:   map[token.Pos][]*found{}, imported: map[string]cue.Value{},
		secrets: map[string]bool{},
	}
	return ev
}

// schema compiles the definition of an op.
func (ev *evaluator) schema(do string) cue.Value {
	k, _ := ops.ByName(do)
	return ev.ctx.CompileString(k.Schema).LookupPath(cue.ParsePath(k.Definition))
}

func (ev *evaluator) run(root cue.Value) {
	ev.root = root
	ev.addImports(root)
	ev.walk(root, "", false, 0)
	// Ops come after all components are known: they refer to each other.
	for i := 0; i < len(ev.order); i++ {
		ev.ops(ev.order[i])
	}
	ev.leaks()
	ev.conflicts(root)
}

func (ev *evaluator) addImports(root cue.Value) {
	inst := root.BuildInstance()
	if inst == nil {
		return
	}
	for _, imp := range inst.Imports {
		path := ev.ix.module.original(imp.ImportPath)
		if _, seen := ev.imported[path]; !seen {
			ev.imported[path] = ev.ctx.BuildInstance(imp)
			ev.addImports(ev.imported[path])
		}
	}
}

// maxDepth ends the walk of values that hold copies of themselves.
const maxDepth = 32

// walk finds the components in v.
func (ev *evaluator) walk(v cue.Value, path string, template bool, depth int) {
	if depth > maxDepth {
		return
	}
	if l, err := v.List(); err == nil {
		for i := 0; l.Next(); i++ {
			ev.visit(l.Value(), indexPath(path, i), template, depth)
		}
		return
	}
	it, err := v.Fields(cue.Definitions(true), cue.Hidden(true))
	if err != nil {
		return // a conflict; reported by conflicts
	}
	for it.Next() {
		sel := it.Selector()
		if sel.String() == scriptLabel {
			continue
		}
		ev.visit(it.Value(), joinPath(path, selectorLabel(sel)), template || sel.IsDefinition(), depth)
	}
}

func (ev *evaluator) visit(v cue.Value, path string, template bool, depth int) {
	if v.LookupPath(upPath).Exists() {
		c := ev.component(v, path, template)
		if c.Alias != "" {
			return
		}
	} else if _, ok := ev.aliasOf(v, path); ok {
		return // repeats another field, which is walked itself
	} else if !template {
		ev.input(v, path)
	}
	if v.IncompleteKind()&(cue.StructKind|cue.ListKind) != 0 {
		ev.walk(v, path, template, depth+1)
	}
}

// selectorLabel is a label as joinPath takes it.
func selectorLabel(sel cue.Selector) string {
	if sel.LabelType() == cue.StringLabel {
		return sel.Unquoted()
	}
	return sel.String()
}

// component registers the component at path; its ops follow later.
func (ev *evaluator) component(v cue.Value, path string, template bool) *found {
	if c := ev.components[path]; c != nil {
		return c
	}
	list := v.LookupPath(upPath)
	c := &found{Component: &Component{Path: path, Template: template}, value: v, script: list}
	ev.locate(c)
	if target, ok := ev.aliasOf(v, path); ok {
		c.Alias = target
	}
	ev.register(c)
	if c.Alias != "" {
		ev.named(c.Alias)
	}
	return c
}

// named returns the component at path, which may lie in an imported package;
// nil if the value there is none.
func (ev *evaluator) named(path string) *found {
	if c := ev.components[path]; c != nil {
		return c
	}
	v := ev.lookup(path)
	if !v.Exists() || !v.LookupPath(upPath).Exists() {
		return nil
	}
	return ev.component(v, path, strings.Contains(path, "#"))
}

func (ev *evaluator) register(c *found) {
	ev.components[c.Path] = c
	ev.order = append(ev.order, c)
	ev.plan.Components = append(ev.plan.Components, c.Component)
	if s := ev.scriptOf(c.script); s != nil && c.Alias == "" {
		pos := s.value.Pos()
		ev.byScript[pos] = append(ev.byScript[pos], c)
	}
}

// aliasOf reports that v does nothing but name another component: it is a
// reference, alone or unified with constraints that any component meets.
func (ev *evaluator) aliasOf(v cue.Value, path string) (string, bool) {
	root, ref := referencePath(v)
	if len(ref) == 0 {
		if v = onlyConjunct(v); !v.Exists() {
			return "", false
		}
		root, ref = referencePath(v)
	}
	target := ev.pathOf(root, ref)
	if target == "" || target == path || strings.Contains(target, "#") {
		return "", false // a template repeated is an instance of it
	}
	return target, true
}

// onlyConjunct returns the one part of a unification that says more than "any
// value"; the zero Value if there are several.
func onlyConjunct(v cue.Value) cue.Value {
	op, parts := v.Expr()
	var only cue.Value
	if op != cue.AndOp {
		return only
	}
	for _, p := range parts {
		if p.IncompleteKind() == cue.TopKind {
			continue
		}
		if only.Exists() {
			return cue.Value{}
		}
		only = p
	}
	return only
}

// referencePath is what v refers to; nothing where the path starts at a loop's
// variable, for which CUE has no path.
func referencePath(v cue.Value) (root cue.Value, sels []cue.Selector) {
	root, path := v.ReferencePath()
	if path.Err() != nil {
		return root, nil
	}
	return root, path.Selectors()
}

// pathOf names a path below one of the instances' roots.
func (ev *evaluator) pathOf(root cue.Value, ref []cue.Selector) string {
	path := ""
	for _, sel := range ref {
		if sel.LabelType() == cue.IndexLabel {
			path = indexPath(path, sel.Index())
			continue
		}
		path = joinPath(path, selectorLabel(sel))
	}
	inst := root.BuildInstance()
	if inst == nil { // inside a value that no field holds
		return ""
	}
	if inst == ev.root.BuildInstance() {
		return path
	}
	return packageComponent(ev.ix.module.original(inst.ImportPath), path)
}

// scriptOf finds the text of a script's list.
func (ev *evaluator) scriptOf(list cue.Value) *script {
	if s := ev.ix.lists[list.Pos()]; s != nil {
		return s
	}
	_, parts := list.Expr()
	for _, p := range parts {
		if s := ev.ix.lists[p.Pos()]; s != nil {
			return s
		}
	}
	return nil
}

// locate fills in where a component is declared: the field of its path, or, for
// a path that loops and lets have made, the field its value came from.
func (ev *evaluator) locate(c *found) {
	s := ev.scriptOf(c.script)
	if s != nil {
		c.Script = s.rng
	}
	if f := ev.declaration(c.Path, s); f != nil {
		c.Name, c.Range, c.Doc = fieldRanges(f)
		if ev.ix.isEmbedded(c.Script.File) {
			c.Script = c.Range
		}
		return
	}
	if f, ok := c.value.Source().(*ast.Field); ok && f.Pos().IsValid() {
		c.Name, c.Range, c.Doc = fieldRanges(f)
	} else if s != nil {
		c.Name, c.Range, c.Doc = s.name, s.whole, s.doc
	}
	if !ev.ix.isEmbedded(c.Name.File) {
		return
	}
	if at, ok := ev.ix.writtenAt(c.Path); ok {
		c.Name, c.Range, c.Script = at, at, at
		c.Anonymous = strings.Contains(c.Path, "._") // a step of the package's own
	}
}

// declaration picks, of the places where a path is declared, the one with the
// script in it.
func (ev *evaluator) declaration(path string, s *script) *ast.Field {
	fields := ev.ix.fields[path]
	for _, f := range fields {
		if s != nil && s.holder == f {
			return f
		}
	}
	if len(fields) > 0 {
		return fields[0]
	}
	return nil
}
