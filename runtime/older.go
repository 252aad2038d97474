package runtime

import (
	"slices"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// Older spellings are read as today's: the tree is changed right after parsing,
// with every position kept, so that nothing behind the parser knows of them. A
// hint at each says how it is written today, and carries the edits.

// The script fields of the eras before today's.
const (
	computeLabel  = "#compute" // 2021-03
	daggerLabel   = "#dagger"  // the prototype: #dagger: compute: [...]
	daggerCompute = "compute"
)

// older changes a file's older spellings into today's.
type older struct {
	f *packageFile
	// lists are the expressions that list arithmetic was changed to.
	lists map[*ast.CallExpr]bool
	// isAList remembers what isList has said.
	isAList map[ast.Expr]bool
}

func (f *packageFile) modernise() {
	o := &older{f: f, lists: map[*ast.CallExpr]bool{}, isAList: map[ast.Expr]bool{}}
	compute := o.computeIsScript()
	ast.Walk(f.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.File:
			n.Decls = o.decls(n.Decls)
		case *ast.StructLit:
			n.Elts = o.decls(n.Elts)
		case *ast.Ident:
			if compute && n.Name == computeLabel {
				o.rename(n)
			}
		case *ast.SelectorExpr:
			o.selector(n)
		}
		return true
	}, nil)
	o.concatenations()
}

func (o *older) found(at Range, what, today string, edits ...Edit) {
	o.f.older = append(o.f.older, olderProblem(at, what, today, edits...))
}

func olderProblem(at Range, what, today string, edits ...Edit) Problem {
	if len(edits) == 0 {
		edits = []Edit{{Range: at, NewText: today}}
	}
	return Problem{
		Code: CodeOlderSpelling, Severity: SeverityHint, Range: at,
		Message: what + " is an older spelling", Hint: "today it is " + today,
		Suggestion: today, Edits: edits,
	}
}

// computeIsScript reports that every field #compute of the file can be a
// script. A struct of that name is the author's own.
func (o *older) computeIsScript() bool {
	script := true
	ast.Walk(o.f.tree, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok && labelOf(f) == computeLabel {
			switch f.Value.(type) {
			case *ast.StructLit, *ast.BasicLit, *ast.Interpolation:
				script = false
			}
		}
		return script
	}, nil)
	return script
}

func labelOf(f *ast.Field) string {
	name, _, _ := ast.LabelName(f.Label)
	return name
}

func (o *older) rename(id *ast.Ident) {
	o.found(span(id), computeLabel, scriptLabel)
	id.Name = scriptLabel
}

// selector makes x.#dagger.compute into x.#up.
func (o *older) selector(sel *ast.SelectorExpr) {
	inner, ok := sel.X.(*ast.SelectorExpr)
	if !ok || selectorName(sel) != daggerCompute || selectorName(inner) != daggerLabel {
		return
	}
	at := rangeBetween(inner.Sel.Pos(), sel.End())
	o.found(at, daggerLabel+"."+daggerCompute, scriptLabel)
	sel.X = inner.X
	sel.Sel = &ast.Ident{Name: scriptLabel, NamePos: inner.Sel.Pos()}
}

func selectorName(sel *ast.SelectorExpr) string {
	name, _, _ := ast.LabelName(sel.Sel)
	return name
}

// decls moves the script out of each `#dagger` of a struct.
func (o *older) decls(decls []ast.Decl) []ast.Decl {
	var out []ast.Decl
	for i, d := range decls {
		f, ok := d.(*ast.Field)
		if !ok || labelOf(f) != daggerLabel {
			if out != nil {
				out = append(out, d)
			}
			continue
		}
		if out == nil {
			out = slices.Clone(decls[:i])
		}
		out = append(out, o.prototype(f)...)
	}
	if out == nil {
		return decls
	}
	return out
}

// prototype takes `compute` out of a `#dagger` field and puts it beside it.
func (o *older) prototype(f *ast.Field) []ast.Decl {
	out := []ast.Decl{f}
	for _, lit := range structLits(f.Value) {
		for i, d := range lit.Elts {
			c, ok := d.(*ast.Field)
			if !ok || labelOf(c) != daggerCompute {
				continue
			}
			o.found(rangeBetween(f.Label.Pos(), c.Label.End()), daggerLabel+": "+daggerCompute, scriptLabel, o.moveScript(f, lit, c)...)
			up := &ast.Field{
				Label:    &ast.Ident{Name: scriptLabel, NamePos: c.Label.Pos()},
				TokenPos: c.TokenPos, Constraint: c.Constraint, Value: c.Value, Attrs: c.Attrs,
			}
			ast.SetComments(up, ast.Comments(c))
			if i == 0 && len(lit.Elts) == 1 && lit == f.Value {
				ast.SetComments(up, ast.Comments(f))
				return []ast.Decl{up}
			}
			lit.Elts = slices.Delete(slices.Clone(lit.Elts), i, i+1)
			return append(out, up)
		}
	}
	return out
}

// moveScript are the edits for prototype: `#dagger: compute:` becomes `#up:`, or
// the field goes behind a `#dagger` that says more.
func (o *older) moveScript(f *ast.Field, lit *ast.StructLit, c *ast.Field) []Edit {
	if len(lit.Elts) == 1 && lit == f.Value {
		return o.unwrap(f, lit, c)
	}
	value := o.text(c.Value.Pos(), c.End())
	return []Edit{
		{Range: rangeBetween(o.blankBefore(c.Pos()), o.separatorAfter(c.End()))},
		{Range: rangeBetween(f.End(), f.End()), NewText: o.between(f) + scriptLabel + ": " + value},
	}
}

// unwrap are the edits for a `#dagger` that holds the script alone. Its braces go,
// but for those with comments in them behind other labels of the line.
func (o *older) unwrap(f *ast.Field, lit *ast.StructLit, c *ast.Field) []Edit {
	label := Edit{Range: rangeBetween(f.Label.Pos(), c.Label.End()), NewText: scriptLabel}
	if !lit.Rbrace.IsValid() {
		return []Edit{label}
	}
	before, after := o.comments(f.Label.Pos(), c.Label.Pos()), o.comments(c.End(), lit.Rbrace)
	if before+after != "" && o.between(f) == ", " {
		return []Edit{
			{Range: rangeBetween(f.Label.Pos(), lit.Lbrace)},
			{Range: span(c.Label), NewText: scriptLabel},
		}
	}
	label.NewText = before + scriptLabel
	return []Edit{label, {Range: rangeBetween(c.End(), lit.End()), NewText: o.trailing(after)}}
}

// text is a stretch of the file as it is written.
func (o *older) text(from, to token.Pos) string {
	a, b := from.Offset(), to.Offset()
	if a < 0 || b > len(o.f.text) || a > b {
		return ""
	}
	return string(o.f.text[a:b])
}
