package runtime

import (
	"strings"

	"cuelang.org/go/cue"
)

// component resolves a field that takes a component to the component's path.
func (d *opDecoder) component(path string, v cue.Value) (any, bool) {
	target, ok := "", false
	if site := d.ev.siteOf(v); site != nil {
		target, ok = d.site(path, site, v)
	} else {
		target, ok = d.value(path, v)
	}
	if !ok {
		return nil, false
	}
	d.op.Refs = append(d.op.Refs, Ref{Field: path, Component: target, Range: d.op.FieldRange(path)})
	return target, true
}

// siteOf finds the place whose stub v is.
func (ev *evaluator) siteOf(v cue.Value) *refSite {
	id, err := v.LookupPath(refPath).String()
	if err != nil {
		return nil
	}
	return ev.ix.refsByID[id]
}

func (d *opDecoder) site(path string, r *refSite, v cue.Value) (string, bool) {
	if !r.static {
		return d.value(path, v.LookupPath(toPath))
	}
	target := r.target
	if r.pkg != "" {
		target = packageComponent(r.pkg, r.target)
	}
	return d.named(path, target)
}

// named resolves a component by its path.
func (d *opDecoder) named(path, target string) (string, bool) {
	if d.ev.named(target) != nil {
		return target, true
	}
	return "", d.notAComponent(path, target, d.ev.lookup(target))
}

// lookup returns the value at a component path, which may lie in an import.
func (ev *evaluator) lookup(target string) cue.Value {
	root := ev.root
	if pkg, path, ok := strings.Cut(target, ":"); ok && !strings.Contains(pkg, `"`) {
		root, target = ev.imported[pkg], path
	}
	return root.LookupPath(cue.ParsePath(target))
}

// value resolves a component that is given as a value: by the path it is a
// reference to, by the text of its script, or as a script in place.
func (d *opDecoder) value(path string, v cue.Value) (string, bool) {
	up := v.LookupPath(upPath)
	if target := d.ev.meant(v, up); target != "" {
		return d.named(path, d.ev.first(target))
	}
	if def, ok := v.Default(); ok && !up.Exists() { // a choice of components
		v, up = def, def.LookupPath(upPath)
	}
	if up.Exists() {
		if s := d.ev.scriptOf(up); s != nil && !s.template { // a template's is that of all its instances
			if cs := d.ev.byScript[s.value.Pos()]; len(cs) == 1 && !cs[0].Template {
				return cs[0].Path, true
			}
		}
		return d.inPlace(path, v, up)
	}
	switch {
	case v.Kind() == cue.ListKind:
		return d.inPlace(path, v, v)
	case v.LookupPath(doPath).Exists():
		return d.inPlace(path, v, d.ev.ctx.NewList(v))
	}
	return "", d.notAComponent(path, "", v)
}

// meant is the component that a value with the script up names: what it is a
// reference to, alone or unified with what any component meets, or, for what a
// loop over a component's fields gives, the field itself.
func (ev *evaluator) meant(v, up cue.Value) string {
	for range maxDepth { // a reference may lead through values that have no path
		target, next := ev.names(v, up)
		if target != "" {
			return target
		}
		field := ev.components[cue.Dereference(v).Path().String()]
		if up.Exists() && field != nil && !field.Template && ev.scriptOf(up) == ev.scriptOf(field.script) {
			return field.Path
		}
		if !next.Exists() {
			return ""
		}
		v = next
	}
	return ""
}

// names is the component that v's reference names, or the value it leads to.
func (ev *evaluator) names(v, up cue.Value) (target string, next cue.Value) {
	for _, part := range []cue.Value{v, onlyConjunct(v)} {
		root, ref := referencePath(part)
		if len(ref) == 0 {
			continue
		}
		next = root.LookupPath(cue.MakePath(ref...))
		target = ev.pathOf(root, ref)
		if c := ev.components[target]; c != nil && !c.Template {
			return target, next
		}
		if up.Exists() && target != "" && !strings.Contains(target, "#") && ev.named(target) != nil {
			return target, next
		}
	}
	return "", next
}

// first follows aliases to the component they repeat, whose name says more than
// that of a template's field.
func (ev *evaluator) first(path string) string {
	for range maxDepth { // an alias cycle ends here
		c := ev.components[path]
		if c == nil || c.Alias == "" {
			break
		}
		path = c.Alias
	}
	return path
}

// inPlace makes an anonymous component of a script inside an op.
func (d *opDecoder) inPlace(path string, v, list cue.Value) (string, bool) {
	name := d.op.ID.String() + "." + path
	if d.ev.components[name] != nil {
		return name, true
	}
	at := d.op.FieldRange(path)
	d.ev.register(&found{
		Component: &Component{
			Path: name, Anonymous: true, Template: d.c.Template, Name: at, Range: at, Script: at,
		},
		value: v, script: list,
	})
	return name, true
}

// notAComponent says why a field that takes a component has none. It returns
// false for its callers to pass on.
func (d *opDecoder) notAComponent(path, target string, v cue.Value) bool {
	at := d.op.FieldRange(path)
	what := target
	if what == "" {
		what = "this"
	}
	open := d.schema.Do + "." + path
	if field, written, ok := d.userField(v); ok {
		what, open, at = field, field, written
	}
	switch {
	case d.c.Template || d.ev.ix.isBroken(target):
		d.op.Open = append(d.op.Open, path)
	case !v.Exists():
		d.problem(Problem{
			Code: CodeUnresolvedReference, Severity: SeverityError, Range: at,
			Message: "there is no " + what,
		})
	case v.IncompleteKind() == cue.TopKind:
		d.op.Open = append(d.op.Open, path)
		d.problem(Problem{
			Code: CodeMissingInput, Severity: SeverityHint, Range: at,
			Message: open + " has no component yet",
			Hint:    "set it to a component: a value that holds " + scriptLabel,
		})
	case v.IncompleteKind() == cue.BottomKind:
		d.bad = true // the conflict is reported where it is
	case target == "" && v.IncompleteKind()&(cue.StructKind|cue.ListKind) == 0:
		f, _ := d.schema.Field(topField(path))
		d.problem(mistypedProblem(d.schema, f, describeKind(v.IncompleteKind()), at))
	default:
		d.problem(Problem{
			Code: CodeNotAComponent, Severity: SeverityError, Range: at,
			Message: what + " is not a component: it has no " + scriptLabel,
			Hint:    "name a value that holds " + scriptLabel + ": [...]",
		})
	}
	return false
}
