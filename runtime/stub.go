package runtime

import (
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
	"cuelang.org/go/cue/token"
)

// A reference to a component is replaced, before CUE sees it, by
//
//	{"$ref": "12"}
//
// and "$ref" finds the refSite. CUE does not copy the component here then: the
// copies would grow exponentially with the depth of the graph. Where the site
// alone does not tell what is meant (loops, lets, fields of a template), the
// expression stays beside it as "$to"?: it keeps its scope there, and its value
// can be asked for. It must not stay where it is not needed: CUE does evaluate
// optional fields (measured: 20 components that each use the two before them
// take minutes and 8 GB with it, 4 ms without).
const (
	stubID = "$ref"
	stubTo = "$to"
)

// stub replaces the references of the package, in place: the index's ranges
// were taken before.
func (ix *index) stub() {
	for _, r := range ix.refs {
		if r.inline == nil {
			r.field.Value = r.stubValue()
		}
	}
	for _, f := range ix.pkg.files {
		for _, id := range ix.unresolved(f) {
			id.Name = "_" // top: reported, and out of CUE's way
		}
	}
}

func (r *refSite) stubValue() ast.Expr {
	old := r.field.Value
	pos := old.Pos()
	lit := &ast.StructLit{
		Lbrace: pos,
		Elts:   []ast.Decl{&ast.Field{Label: quoted(stubID, pos), Value: quoted(r.id, pos)}},
		Rbrace: old.End(),
	}
	if !r.static || r.stays {
		lit.Elts = append(lit.Elts, &ast.Field{Label: quoted(stubTo, pos), Constraint: token.OPTION, Value: old})
	}
	return lit
}

func quoted(s string, pos token.Pos) *ast.BasicLit {
	lit := ast.NewString(s)
	lit.ValuePos = pos
	return lit
}

// dropImport makes every use of an import that cannot be loaded mean "any
// value", so that the rest of the package still evaluates.
func dropImport(f *packageFile, spec *ast.ImportSpec) {
	astutil.Apply(f.tree, func(c astutil.Cursor) bool {
		switch n := c.Node().(type) {
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok && id.Node == spec {
				c.Replace(&ast.Ident{Name: "_", NamePos: n.Pos()})
				return false
			}
		case *ast.ImportDecl:
			n.Specs = without(n.Specs, spec)
			if len(n.Specs) == 0 {
				c.Delete()
			}
			return false
		}
		return true
	}, nil)
}

func without(specs []*ast.ImportSpec, drop *ast.ImportSpec) []*ast.ImportSpec {
	var out []*ast.ImportSpec
	for _, s := range specs {
		if s != drop {
			out = append(out, s)
		}
	}
	return out
}
