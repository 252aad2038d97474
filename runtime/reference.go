package runtime

import (
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// refSite records a place where an op names a component: by reference, or by a
// script in place.
func (ix *index) refSite(el *element, path string, f *ast.Field) {
	r := &refSite{
		id: ix.prefix + strconv.Itoa(len(ix.refs)), elem: el, path: path, field: f, rng: span(f.Value),
	}
	ix.refs = append(ix.refs, r)
	ix.refsByID[r.id] = r
	el.refs = append(el.refs, r)
	at := place{
		path: indexPath(el.script.path, el.n) + "." + path, dynamic: el.script.dynamic,
		template: el.script.template, parent: el,
	}
	switch v := f.Value.(type) {
	case *ast.ListLit:
		r.inline = ix.script(nil, v, at)
	case *ast.StructLit:
		r.inline = ix.inlineStruct(v, at)
	default:
		r.target, r.pkg, r.static = ix.staticPath(f.Value)
		r.target = strings.TrimSuffix(r.target, "."+scriptLabel) // its list of ops means it
		r.stays = mustStay(f.Value)
	}
}

// mustStay reports that a reference uses an import or a let, which CUE wants to
// see used.
func mustStay(e ast.Expr) bool {
	stay := false
	ast.Walk(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			switch id.Node.(type) {
			case *ast.ImportSpec, *ast.LetClause:
				stay = true
			}
		}
		return !stay
	}, nil)
	return stay
}

// inlineStruct is a component, or a single op, written in place.
func (ix *index) inlineStruct(lit *ast.StructLit, at place) *script {
	for _, d := range lit.Elts {
		if f, ok := d.(*ast.Field); ok {
			if name, _, _ := ast.LabelName(f.Label); name == scriptLabel {
				return ix.script(f, f.Value, at)
			}
		}
	}
	s := &script{path: at.path, dynamic: at.dynamic, template: at.template, value: lit, parent: at.parent}
	ix.scripts = append(ix.scripts, s)
	ix.lists[lit.Pos()] = s
	ix.element(s, lit, false)
	return s
}

// staticPath resolves a reference that starts at the package's top level or at
// an import and goes on by literal names only. Anything else (loop variables,
// lets, a template's own fields) means something else in each place it is used
// from, and is left to CUE.
func (ix *index) staticPath(e ast.Expr) (path, pkg string, ok bool) {
	switch e := e.(type) {
	case *ast.Ident:
		return ix.staticIdent(e)
	case *ast.ParenExpr:
		return ix.staticPath(e.X)
	case *ast.SelectorExpr:
		name, _, err := ast.LabelName(e.Sel)
		if base, pkg, ok := ix.staticPath(e.X); ok && err == nil {
			return joinPath(base, name), pkg, true
		}
	case *ast.IndexExpr:
		name, isString := stringLit(e.Index)
		if base, pkg, ok := ix.staticPath(e.X); ok && isString {
			return joinPath(base, name), pkg, true
		}
	}
	return "", "", false
}

func (ix *index) staticIdent(id *ast.Ident) (path, pkg string, ok bool) {
	switch n := id.Node.(type) {
	case nil:
		return joinPath("", id.Name), "", ix.top[id.Name]
	case *ast.ImportSpec:
		return "", importPath(n), true
	case *ast.LetClause:
		if namesItself(n) {
			return "", "", false // CUE reports it
		}
		return ix.staticPath(n.Expr)
	case *ast.Field, *ast.Alias, *ast.ForClause:
		return "", "", false
	}
	_, atTop := id.Scope.(*ast.File)
	return joinPath("", id.Name), "", atTop && ix.top[id.Name]
}

// namesItself reports a let that its own expression refers to.
func namesItself(let *ast.LetClause) bool {
	found := false
	ast.Walk(let.Expr, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Node == let {
			found = true
		}
		return !found
	}, nil)
	return found
}

func importPath(spec *ast.ImportSpec) string {
	if spec.Path == nil {
		return ""
	}
	path, _ := stringLit(spec.Path)
	path, _, _ = strings.Cut(path, ":")
	path, _, _ = strings.Cut(path, "@")
	return path
}

// anyOp is the definition that every op meets.
const anyOp = "#Op"

// opDefinition returns the op that `op.#Exec` names; "" for op.#Op, which
// leaves it to the literal.
func (ix *index) opDefinition(e *ast.SelectorExpr) (do string, ok bool) {
	id, ok := e.X.(*ast.Ident)
	if !ok {
		return "", false
	}
	spec, ok := id.Node.(*ast.ImportSpec)
	if !ok || !holdsOps(importPath(spec)) {
		return "", false
	}
	name, _, err := ast.LabelName(e.Sel)
	if err != nil {
		return "", false
	}
	k, ok := ops.ByDefinition(name)
	return k.Do, ok || name == anyOp
}

// predeclared are CUE's own names, which every file can use.
var predeclared = map[string]bool{
	"string": true, "bytes": true, "bool": true, "int": true, "float": true, "number": true,
	"error": true, "len": true, "close": true, "matchIf": true, "matchN": true, "and": true,
	"or": true, "div": true, "mod": true, "quo": true, "rem": true, "self": true, "rune": true,
	"int8": true, "int16": true, "int32": true, "int64": true, "int128": true, "uint": true,
	"uint8": true, "uint16": true, "uint32": true, "uint64": true, "uint128": true,
	"float32": true, "float64": true, "_": true,
}

// unresolved lists the identifiers of f that name nothing in the package.
func (ix *index) unresolved(f *packageFile) []*ast.Ident {
	var out []*ast.Ident
	clause := packageClause(f.tree)
	for _, id := range f.tree.Unresolved {
		if id == clause {
			continue
		}
		name := strings.TrimPrefix(id.Name, "__")
		if id.Node == nil && !ix.top[id.Name] && !predeclared[name] && id.NamePos.IsValid() {
			out = append(out, id)
		}
	}
	return out
}

// packageClause is the identifier of "package ci", which the parser counts
// among the unresolved.
func packageClause(tree *ast.File) *ast.Ident {
	for _, d := range tree.Decls {
		if p, ok := d.(*ast.Package); ok {
			return p.Name
		}
	}
	return nil
}
