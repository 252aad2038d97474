package runtime

import (
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// A value waits for an export if its expression, or anything that it refers to,
// names the component that exports. Text knows what an expression names even
// where CUE has no value to ask; values know what a template's fields have been
// set to. Only values that are open are looked at: a name in an expression that
// is known already is waited for no more.

// maxWaitDepth bounds how far references are followed; deeper ones are taken
// for inputs that are not set.
const maxWaitDepth = 16

// waitsOf lists the components whose exports the value at path in an op waits
// for.
func (d *opDecoder) waitsOf(path string, v cue.Value) []string {
	return d.search(path, v, waitSearch{ev: d.ev, exprs: map[ast.Expr]bool{}, paths: map[string]bool{}})
}

func (d *opDecoder) search(path string, v cue.Value, s waitSearch) []string {
	s.value(v, 0)
	if d.el != nil && len(s.found) == 0 {
		field := topField(path)
		for _, e := range d.el.valuesOf(field) {
			s.expr(inside(e, path[len(field):]), 0)
		}
	}
	return s.found
}

// inside is the part of a literal that a path leads to, as far as the literal
// shows it.
func inside(e ast.Expr, path string) ast.Expr {
	for {
		head, rest, ok := cutIndex(path)
		list, isList := e.(*ast.ListLit)
		if !ok || !isList || head >= len(list.Elts) {
			return e
		}
		e, path = list.Elts[head], rest
	}
}

// cutIndex takes "[1]" off the front of a path.
func cutIndex(path string) (index int, rest string, ok bool) {
	digits, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
	n, err := strconv.Atoi(digits)
	return n, rest, ok && err == nil && strings.HasPrefix(path, "[")
}

// waitSearch collects exporters.
type waitSearch struct {
	ev    *evaluator
	found []string
	exprs map[ast.Expr]bool
	paths map[string]bool
	// growing looks only for exports that add to a list or struct.
	growing bool
}

// expr looks for names in text.
func (s *waitSearch) expr(e ast.Expr, depth int) {
	if e == nil || depth > maxWaitDepth || s.exprs[e] {
		return
	}
	s.exprs[e] = true
	ast.Walk(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field: // its label is no reference
			s.expr(n.Value, depth)
			return false
		case *ast.SelectorExpr:
			if !s.static(n, depth) {
				s.expr(n.X, depth)
			}
			return false
		case *ast.IndexExpr:
			return !s.static(n, depth)
		case *ast.Ident:
			s.ident(n, depth)
		}
		return true
	}, nil)
}

// static looks at what a path that text alone resolves stands for.
func (s *waitSearch) static(e ast.Expr, depth int) bool {
	path, pkg, ok := s.ev.ix.staticPath(e)
	if !ok {
		return false
	}
	if pkg != "" {
		path = packageComponent(pkg, path)
	}
	s.path(path, depth)
	return true
}

func (s *waitSearch) path(path string, depth int) {
	if s.paths[path] || s.exporter(path) {
		return
	}
	s.paths[path] = true
	for _, f := range s.ev.ix.fields[path] {
		s.expr(f.Value, depth+1)
	}
}

func (s *waitSearch) ident(id *ast.Ident, depth int) {
	if s.static(id, depth) {
		return
	}
	switch n := id.Node.(type) {
	case *ast.LetClause:
		s.expr(n.Expr, depth+1)
	case *ast.ForClause:
		s.expr(n.Source, depth+1)
	case *ast.Field:
		s.expr(n.Value, depth+1)
	case ast.Expr:
		s.expr(n, depth+1)
	}
}

// value looks for references in a value.
func (s *waitSearch) value(v cue.Value, depth int) {
	if depth > maxWaitDepth {
		return
	}
	if root, ref := referencePath(v); len(ref) > 0 {
		path := s.ev.pathOf(root, ref)
		if s.exporter(path) {
			return
		}
		if target := s.ev.lookup(path); target.Exists() {
			s.parts(target, depth+1)
		}
		return
	}
	if own, at := v.Path().String(), cue.Dereference(v).Path().String(); own != at && s.exporter(at) { // through a loop
		return
	}
	s.parts(v, depth)
}

// parts looks into what makes up a value: operands, elements, fields.
func (s *waitSearch) parts(v cue.Value, depth int) {
	if op, args := v.Expr(); op != cue.NoOp && op != cue.SelectorOp {
		for _, a := range args {
			s.value(a, depth+1)
		}
		return
	}
	if depth > maxWaitDepth || v.Validate(cue.Concrete(true)) == nil {
		return
	}
	if l, err := v.List(); err == nil {
		for l.Next() {
			s.value(l.Value(), depth+1)
		}
		return
	}
	if f, err := v.Fields(); err == nil {
		for f.Next() {
			s.value(f.Value(), depth+1)
		}
	}
}

// exporter notes the component at path, or around it, if it exports and nobody
// has read that yet.
func (s *waitSearch) exporter(path string) bool {
	for p := path; p != ""; p = p[:max(strings.LastIndexAny(p, ".["), 0)] {
		c := s.ev.components[p]
		if c == nil || c.Template || !c.exports() {
			continue
		}
		fits := !s.growing || path == p && c.grows()
		if c.Alias != "" {
			p = c.Alias
		}
		if fits && !s.ev.isGiven(p) && !slices.Contains(s.found, p) {
			s.found = append(s.found, p)
		}
		return true
	}
	return false
}

func (ev *evaluator) isGiven(path string) bool {
	return slices.ContainsFunc(ev.ix.given, func(g given) bool { return g.Path == path })
}

func (c *found) exports() bool {
	it, err := c.script.List()
	if err != nil {
		return false
	}
	for it.Next() {
		if do, err := it.Value().LookupPath(doPath).String(); err == nil && do == ops.ExportName {
			return true
		}
	}
	return false
}

// scriptWaits finds what a list of operations waits for that CUE cannot make
// yet, such as one with a condition on an exported value.
func (ev *evaluator) scriptWaits(c *found) {
	text := ev.scriptOf(c.script)
	if c.Template || text == nil || c.script.Validate(cue.Concrete(false)) != nil {
		return
	}
	s := waitSearch{ev: ev, exprs: map[ast.Expr]bool{}, paths: map[string]bool{}}
	s.expr(text.value, 0)
	for _, path := range s.found {
		c.Waits = append(c.Waits, Wait{Component: path, Range: c.Script})
	}
	if len(s.found) > 0 {
		ev.problem(c, Problem{
			Code: CodeWaiting, Severity: SeverityInformation, Range: c.Script,
			Message: "the operations are known once " + haveRun(s.found),
		})
	}
}

// wait says of an open field that it waits, and for what.
func (d *opDecoder) wait(path string, exporters []string) {
	at := d.op.FieldRange(topField(path))
	for _, c := range exporters {
		d.op.Waits = append(d.op.Waits, Wait{Field: path, Component: c, Range: at})
	}
	p := Problem{
		Code: CodeWaiting, Severity: SeverityInformation, Range: at,
		Message: d.schema.Do + "." + path + " is known once " + haveRun(exporters),
	}
	if d.schema.Do == "exec" {
		p.Hint = d.mountHint(exporters[0])
	}
	d.problem(p)
}

// mountHint shows how the op gets at an exported file without waiting.
func (d *opDecoder) mountHint(exporter string) string {
	c := d.ev.components[exporter]
	for i := 0; c != nil; i++ {
		v := c.script.LookupPath(cue.MakePath(cue.Index(i)))
		if !v.Exists() {
			break
		}
		source, err := v.LookupPath(cue.MakePath(cue.Str("source"))).String()
		if do, _ := v.LookupPath(doPath).String(); err == nil && do == ops.ExportName {
			return "to run without waiting, mount the file: mount: \"/in\": {from: " + exporter + ", path: \"" + source + "\"}"
		}
	}
	return ""
}

// haveRun is "a has run" or "a, b and c have run".
func haveRun(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0] + " has run"
	}
	return strings.Join(names[:last], ", ") + " and " + names[last] + " have run"
}
