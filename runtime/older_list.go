package runtime

import (
	"fmt"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
	"cuelang.org/go/cue/token"
)

// List arithmetic: `a + b` and `n * a` of lists are list.Concat and list.Repeat
// today. CUE's own package fix changes only what is literally a list; configs
// also add fields that are lists, and positions must stay.

const listPackage = "list"

// concatenations changes the list arithmetic of the file, innermost first, and
// says of each outermost one how it is written today.
func (o *older) concatenations() {
	var spec *ast.ImportSpec
	astutil.Apply(o.f.tree, nil, func(c astutil.Cursor) bool {
		e, ok := c.Node().(*ast.BinaryExpr)
		if !ok || !o.isListArithmetic(e) {
			return true
		}
		if spec == nil {
			spec = o.listImport()
		}
		c.Replace(o.listCall(e, spec))
		return true
	})
	if spec == nil {
		return
	}
	imported := spec.Path.Pos().IsValid()
	ast.Walk(o.f.tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || !o.lists[call] {
			return true
		}
		o.hintList(call, spec, imported)
		return false // what is inside comes with the next pass
	}, nil)
}

func (o *older) isListArithmetic(e *ast.BinaryExpr) bool {
	switch e.Op {
	case token.ADD:
		return o.isList(e.X) || o.isList(e.Y)
	case token.MUL:
		return o.isList(e.X) != o.isList(e.Y)
	}
	return false
}

// isList reports that an expression is plainly a list. What it has looked at it
// remembers, and a name that leads back to itself is none.
func (o *older) isList(e ast.Expr) bool {
	known, seen := o.isAList[e]
	if !seen {
		o.isAList[e] = false
		known = o.isListExpr(e)
		o.isAList[e] = known
	}
	return known
}

func (o *older) isListExpr(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.ListLit:
		return true
	case *ast.ParenExpr:
		return o.isList(e.X)
	case *ast.UnaryExpr:
		return e.Op == token.MUL && o.isList(e.X)
	case *ast.BinaryExpr:
		if e.Op == token.AND || e.Op == token.OR {
			return o.isList(e.X) || o.isList(e.Y)
		}
		return o.isListArithmetic(e)
	case *ast.CallExpr:
		return isConcat(e)
	case *ast.SelectorExpr:
		return selectorName(e) == scriptLabel
	case *ast.Ident:
		return e.Name == scriptLabel || o.isListName(e)
	}
	return false
}

func (o *older) isListName(id *ast.Ident) bool {
	switch n := id.Node.(type) {
	case *ast.Field:
		return o.isList(n.Value)
	case *ast.LetClause:
		return o.isList(n.Expr)
	case ast.Expr: // the value of the field it names
		return o.isList(n)
	}
	return false
}

func isConcat(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && id.Name == listPackage
}

// listCall is the call that means e, at its place.
func (o *older) listCall(e *ast.BinaryExpr, spec *ast.ImportSpec) *ast.CallExpr {
	call := &ast.CallExpr{Lparen: e.X.Pos(), Rparen: e.Y.End().Add(-1)}
	name := "Concat"
	if e.Op == token.MUL {
		name = "Repeat"
		call.Args = []ast.Expr{e.X, e.Y}
		if !o.isList(e.X) {
			call.Args = []ast.Expr{e.Y, e.X}
		}
	} else {
		parts := append(o.parts(e.X), o.parts(e.Y)...)
		call.Args = []ast.Expr{&ast.ListLit{Lbrack: e.X.Pos(), Elts: parts, Rbrack: e.Y.End().Add(-1)}}
	}
	local := listPackage
	if spec.Name != nil {
		local = spec.Name.Name
	}
	call.Fun = &ast.SelectorExpr{
		X:   &ast.Ident{Name: local, NamePos: e.Pos(), Node: spec},
		Sel: &ast.Ident{Name: name, NamePos: e.Pos()},
	}
	o.lists[call], o.isAList[call] = true, true
	return call
}

// parts are the lists that one side of a sum is made of.
func (o *older) parts(e ast.Expr) []ast.Expr {
	if call, ok := e.(*ast.CallExpr); ok && o.lists[call] && len(call.Args) == 1 {
		if l, ok := call.Args[0].(*ast.ListLit); ok {
			return l.Elts
		}
	}
	return []ast.Expr{e}
}

// listImport finds the file's import of package list, or adds one without a
// position, under a name that is free.
func (o *older) listImport() *ast.ImportSpec {
	for spec := range o.f.tree.ImportSpecs() {
		if importPath(spec) == listPackage {
			return spec
		}
	}
	spec := &ast.ImportSpec{Path: ast.NewString(listPackage)}
	if name := o.freeName(listPackage); name != listPackage {
		spec.Name = ast.NewIdent(name)
	}
	decls := o.f.tree.Decls
	at := 0
	for i, d := range decls {
		switch d.(type) {
		case *ast.Package, *ast.ImportDecl:
			at = i + 1
		}
	}
	out := append([]ast.Decl{}, decls[:at]...)
	out = append(out, &ast.ImportDecl{Specs: []*ast.ImportSpec{spec}})
	o.f.tree.Decls = append(out, decls[at:]...)
	return spec
}

func (o *older) freeName(name string) string {
	used := map[string]bool{}
	ast.Walk(o.f.tree, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			used[id.Name] = true
		}
		return true
	}, nil)
	free := name
	for i := 2; used[free]; i++ {
		free = fmt.Sprintf("%s%d", name, i)
	}
	return free
}

// hintList says how a sum is written today. The operands keep their text: only
// what stands between them changes.
func (o *older) hintList(call *ast.CallExpr, spec *ast.ImportSpec, imported bool) {
	local := listPackage
	if spec.Name != nil {
		local = spec.Name.Name
	}
	operands, name, open, end := call.Args, "Repeat", "(", ")"
	what := "* of lists"
	if l, ok := call.Args[0].(*ast.ListLit); ok && len(call.Args) == 1 {
		operands, name, open, end = l.Elts, "Concat", "([", "])"
		what = "+ of lists"
	}
	today := local + "." + name
	at := span(call)
	var text string
	for i, e := range operands {
		if i > 0 {
			text += ", "
		}
		text += o.operand(e)
	}
	edits := []Edit{{Range: at, NewText: today + open + text + end}}
	if !imported {
		edits = append(edits, o.addImport(spec))
	}
	o.found(at, what, today, edits...)
}

// operand is an operand's text; parentheses around all of it are not needed in a
// list.
func (o *older) operand(e ast.Expr) string { return o.text(e.Pos(), e.End()) }

// addImport is the edit that writes an import which only the tree has.
func (o *older) addImport(spec *ast.ImportSpec) Edit {
	line := fmt.Sprintf("%q", listPackage)
	if spec.Name != nil {
		line = spec.Name.Name + " " + line
	}
	var after ast.Node
	for _, d := range o.f.tree.Decls {
		switch d := d.(type) {
		case *ast.ImportDecl:
			if d.Lparen.IsValid() {
				at := d.Lparen.Add(1)
				return Edit{Range: rangeBetween(at, at), NewText: "\n\t" + line}
			}
			if d.Pos().IsValid() {
				after = d
			}
		case *ast.Package:
			after = d
		}
	}
	if after == nil {
		at := fileRange(o.f.path)
		return Edit{Range: at, NewText: "import " + line + "\n\n"}
	}
	return Edit{Range: rangeBetween(after.End(), after.End()), NewText: "\n\nimport " + line}
}
