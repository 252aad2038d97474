package runtime

import (
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// scriptLabel is the field that makes a value a component.
const scriptLabel = "#up"

// index is what syntax alone says about a package: where its scripts and their
// elements stand, and what names its top level declares.
type index struct {
	pkg     *packageText
	scripts []*script
	// top holds the names that every file of the package can refer to.
	top map[string]bool
	// fields are the declarations of a path, in source order.
	fields map[string][]*ast.Field
	// byPos finds the element of a literal or expression by its start: that
	// is how a CUE value finds back to its text.
	byPos map[token.Pos]*element
	// lists finds a script by the start of its field or list.
	lists map[token.Pos]*script
	// refs are the places where an op names a component.
	refs     []*refSite
	refsByID map[string]*refSite
	// prefix stands before the paths of an imported package's components.
	prefix string
	// imports are the packages of the same module, read as text too.
	imports map[string]*index
	module  moduleText
	// What else readImports has found, in the package's own index: the import
	// paths it has looked at, the folders of those that hold ops, and files of
	// the project that ours stand in for.
	seen    map[string]bool
	schemas map[string]string
	hidden  []string
	// given are the values from outside that the evaluation unifies.
	given []given
}

// script is one list of operations as written.
type script struct {
	// path is the holder's, as far as labels are literal; dynamic says that
	// some are not (loops, lets), so that path names nothing by itself.
	path     string
	dynamic  bool
	template bool
	// holder is the component's field, nil at a file's top level.
	holder *ast.Field
	field  *ast.Field // the `#up` field itself; nil for an op list in place
	value  ast.Expr
	elems  []*element
	// The ranges are taken before stubs change the tree.
	rng, name, whole Range
	doc              string
	// parent is the element that this script is written inside, if any.
	parent *element
}

// element is one op as written: an expression of a script's list.
type element struct {
	script *script
	n      int
	expr   ast.Expr
	// lits are the struct literals that make it up; none for a bare
	// reference.
	lits []*ast.StructLit
	// computed is set when it stands in a comprehension or is made of more
	// than literals and op definitions, so that syntax does not know it all.
	computed bool
	do       string
	doRange  Range
	refs     []*refSite
	// rng is the whole op, literal the first braces, fields what is in them;
	// taken before stubs change the tree.
	rng, literal Range
	fields       []Field
}

// refSite is a place where an op names a component.
type refSite struct {
	id    string
	elem  *element
	path  string // the field's path in the op: "from", "mount./src.from"
	field *ast.Field
	rng   Range
	// target is the component's path if the reference names one directly
	// from the package's top level; pkg is the import path it is under.
	target string
	static bool
	pkg    string
	// stays says that the expression must stay in the tree, for CUE to see
	// its import or let used.
	stays bool
	// inline is the script written in place instead of a reference.
	inline *script
}

func buildIndex(p *packageText) *index {
	ix := &index{
		pkg: p, top: map[string]bool{}, fields: map[string][]*ast.Field{},
		byPos: map[token.Pos]*element{}, lists: map[token.Pos]*script{},
		refsByID: map[string]*refSite{}, imports: map[string]*index{},
		seen: map[string]bool{}, schemas: map[string]string{},
		module: readModule(p.src, p.root),
	}
	ix.build()
	return ix
}

func (ix *index) build() {
	for _, f := range ix.pkg.files {
		for _, d := range topFields(f.tree) {
			if name, isIdent, err := ast.LabelName(d.Label); err == nil && isIdent {
				ix.top[name] = true
			}
		}
	}
	for _, f := range ix.pkg.files {
		ix.decls(f.tree.Decls, place{})
	}
	for _, s := range ix.scripts {
		s.measure()
	}
}

// measure takes the ranges of a script and its elements.
func (s *script) measure() {
	s.rng = span(s.value)
	s.name, s.whole, s.doc = s.declaration()
	for _, el := range s.elems {
		el.rng = span(el.expr)
		el.literal = el.rng
		if len(el.lits) > 0 {
			el.literal = span(el.lits[0])
		}
		el.fields = el.writtenFields()
	}
}

// place is where the walk stands.
type place struct {
	path     string
	dynamic  bool
	template bool
	holder   *ast.Field
	parent   *element
}

func (at place) child(f *ast.Field) place {
	at.holder = f
	name, _, err := ast.LabelName(f.Label)
	if err != nil {
		at.dynamic = true
		name = "?"
	}
	if strings.HasPrefix(name, "#") || strings.HasPrefix(name, "_#") {
		at.template = true
	}
	at.path = joinPath(at.path, name)
	return at
}

func (ix *index) decls(decls []ast.Decl, at place) {
	for _, d := range decls {
		switch d := d.(type) {
		case *ast.Field:
			ix.field(d, at)
		case *ast.EmbedDecl:
			ix.expr(d.Expr, at)
		case *ast.Comprehension:
			ix.comprehension(d, at)
		case *ast.LetClause:
			ix.expr(d.Expr, place{dynamic: true, path: "let " + d.Ident.Name})
		}
	}
}

func (ix *index) comprehension(c *ast.Comprehension, at place) {
	ix.expr(c.Value, at)
	if c.Fallback != nil {
		ix.expr(c.Fallback.Body, at)
	}
}

func (ix *index) field(f *ast.Field, at place) {
	name, _, _ := ast.LabelName(f.Label)
	if name == scriptLabel {
		ix.script(f, f.Value, at)
		return
	}
	inside := at.child(f)
	if !inside.dynamic {
		path := ix.prefix + inside.path
		ix.fields[path] = append(ix.fields[path], f)
	}
	ix.expr(f.Value, inside)
}

// expr looks for scripts in a value.
func (ix *index) expr(e ast.Expr, at place) {
	switch e := e.(type) {
	case *ast.StructLit:
		ix.decls(e.Elts, at)
	case *ast.BinaryExpr:
		ix.expr(e.X, at)
		ix.expr(e.Y, at)
	case *ast.ParenExpr:
		ix.expr(e.X, at)
	case *ast.UnaryExpr:
		ix.expr(e.X, at)
	case *ast.Comprehension:
		ix.comprehension(e, at)
	case *ast.ListLit:
		for i, el := range e.Elts {
			in := at
			in.path = indexPath(at.path, i)
			in.dynamic = true
			ix.expr(el, in)
		}
	case *ast.CallExpr:
		for _, a := range e.Args {
			ix.expr(a, place{dynamic: true, path: at.path})
		}
	}
}

// script records a list of operations. f is nil for one written in place.
func (ix *index) script(f *ast.Field, value ast.Expr, at place) *script {
	s := &script{
		path: at.path, dynamic: at.dynamic, template: at.template,
		holder: at.holder, field: f, value: value, parent: at.parent,
	}
	ix.scripts = append(ix.scripts, s)
	if f != nil {
		ix.lists[f.Pos()] = s
	}
	ix.lists[value.Pos()] = s
	ix.elements(s, value, false)
	return s
}

// elements collects the ops of a list expression: literals, "+" and calls like
// list.Concat over them.
func (ix *index) elements(s *script, e ast.Expr, computed bool) {
	switch e := e.(type) {
	case *ast.ListLit:
		ix.lists[e.Pos()] = s
		for _, el := range e.Elts {
			ix.element(s, el, computed)
		}
	case *ast.BinaryExpr:
		ix.elements(s, e.X, computed || e.Op != token.AND)
		ix.elements(s, e.Y, computed || e.Op != token.AND)
	case *ast.ParenExpr:
		ix.elements(s, e.X, computed)
	case *ast.CallExpr:
		for _, a := range e.Args {
			if l, ok := a.(*ast.ListLit); ok {
				for _, part := range l.Elts {
					ix.elements(s, part, true)
				}
			}
		}
	}
}

func (ix *index) element(s *script, e ast.Expr, computed bool) {
	if _, ok := e.(*ast.Ellipsis); ok {
		return
	}
	el := &element{script: s, n: len(s.elems), expr: e, computed: computed}
	s.elems = append(s.elems, el)
	if c, ok := e.(*ast.Comprehension); ok {
		el.computed = true
		el.expr = c.Value
		ix.conjunct(el, c.Value)
		if c.Fallback != nil {
			ix.conjunct(el, c.Fallback.Body)
		}
		return
	}
	ix.conjunct(el, e)
}

// conjunct takes apart what an op is unified from.
func (ix *index) conjunct(el *element, e ast.Expr) {
	ix.byPos[e.Pos()] = el
	switch e := e.(type) {
	case *ast.ParenExpr:
		ix.conjunct(el, e.X)
	case *ast.BinaryExpr:
		if e.Op != token.AND {
			el.computed = true
		}
		ix.conjunct(el, e.X)
		ix.conjunct(el, e.Y)
	case *ast.StructLit:
		ix.literal(el, e)
	case *ast.SelectorExpr:
		do, ok := ix.opDefinition(e)
		if do != "" {
			el.do, el.doRange = do, span(e)
		}
		el.computed = el.computed || !ok
	default:
		el.computed = true
	}
}

func (ix *index) literal(el *element, lit *ast.StructLit) {
	el.lits = append(el.lits, lit)
	for _, d := range lit.Elts {
		switch d := d.(type) {
		case *ast.EmbedDecl:
			ix.conjunct(el, d.Expr)
		case *ast.Comprehension:
			el.computed = true
			ix.conjunct(el, d.Value)
		case *ast.Field:
			ix.opField(el, d)
		}
	}
}

func (ix *index) opField(el *element, f *ast.Field) {
	name, _, err := ast.LabelName(f.Label)
	if err != nil {
		el.computed = true
		return
	}
	if name == "do" {
		if s, ok := stringLit(f.Value); ok {
			el.do, el.doRange = s, span(f.Value)
			return
		}
		el.computed = true
		return
	}
	ix.refFields(el, name, f)
}

// refFields finds the fields that take a component: `from` of the op itself,
// and `from` (or the prototype's `input`) of each of its mounts.
func (ix *index) refFields(el *element, path string, f *ast.Field) {
	label, _, _ := ast.LabelName(f.Label)
	deep := strings.Contains(path, ".")
	if label == "from" || deep && label == "input" || !deep && ops.TakesComponent(label) {
		ix.refSite(el, path, f)
		return
	}
	root, _, _ := strings.Cut(path, ".")
	if root != "mount" {
		return
	}
	for _, lit := range structLits(f.Value) {
		for _, d := range lit.Elts {
			if sub, ok := d.(*ast.Field); ok {
				if name, _, err := ast.LabelName(sub.Label); err == nil {
					ix.refFields(el, path+"."+name, sub)
				}
			}
		}
	}
}

// structLits lists the literals of a conjunction.
func structLits(e ast.Expr) []*ast.StructLit {
	switch e := e.(type) {
	case *ast.StructLit:
		return []*ast.StructLit{e}
	case *ast.ParenExpr:
		return structLits(e.X)
	case *ast.BinaryExpr:
		if e.Op == token.AND {
			return append(structLits(e.X), structLits(e.Y)...)
		}
	}
	return nil
}

// joinPath adds a label to a CUE path, quoted where CUE would quote it.
func joinPath(base, label string) string {
	if !ast.IsValidIdent(label) {
		label = strconv.Quote(label)
	}
	if base == "" {
		return label
	}
	return base + "." + label
}

// indexPath adds a list index to a CUE path.
func indexPath(base string, i int) string {
	return base + "[" + strconv.Itoa(i) + "]"
}

// valuesOf lists the expressions that the op's text gives a field.
func (el *element) valuesOf(field string) []ast.Expr {
	var out []ast.Expr
	for _, lit := range el.lits {
		for _, d := range lit.Elts {
			f, ok := d.(*ast.Field)
			if !ok {
				continue
			}
			if name, _, err := ast.LabelName(f.Label); err == nil && name == field {
				out = append(out, f.Value)
			}
		}
	}
	return out
}

// identsOf lists the identifiers in the value of a field of the op, without the
// labels in it.
func (el *element) identsOf(field string) []*ast.Ident {
	var out []*ast.Ident
	for _, e := range el.valuesOf(field) {
		out = identsIn(e, out)
	}
	return out
}

func identsIn(e ast.Expr, out []*ast.Ident) []*ast.Ident {
	ast.Walk(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			out = identsIn(n.Value, out)
			return false
		case *ast.SelectorExpr:
			out = identsIn(n.X, out)
			return false
		case *ast.Ident:
			out = append(out, n)
		}
		return true
	}, nil)
	return out
}
