package runtime

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// ops decodes the operations of a component.
func (ev *evaluator) ops(c *found) {
	if c.decoded || c.Alias != "" {
		return
	}
	c.decoded = true
	if _, err := c.script.List(); err != nil {
		ev.notAList(c)
		ev.scriptWaits(c)
	}
	// By index: an iterator gives nothing of a list with one bad op in it.
	for i := 0; ; i++ {
		v := c.script.LookupPath(cue.MakePath(cue.Index(i)))
		if !v.Exists() {
			return
		}
		c.Ops = append(c.Ops, ev.op(c, v, OpID{Component: c.Path, Index: i}))
	}
}

func (ev *evaluator) notAList(c *found) {
	kind := c.script.IncompleteKind()
	if c.Template || kind == cue.BottomKind || kind&cue.ListKind != 0 {
		return // conflicts reports it, or an instance will fill it in
	}
	ev.problem(c, Problem{
		Code: CodeMistypedField, Severity: SeverityError, Range: c.Script,
		Message: "a script is a list of ops, not " + describeKind(kind),
	})
}

func (ev *evaluator) problem(c *found, p Problem) {
	p.Component = c.Path
	ev.problems = append(ev.problems, p)
}

func (ev *evaluator) op(c *found, v cue.Value, id OpID) *Op {
	op := &Op{ID: id, Range: c.Name}
	el := ev.element(v)
	if el != nil {
		op.Do = el.do
	}
	if el != nil && !ev.ix.isEmbedded(el.rng.File) { // there is no such place for the user
		op.Range, op.Literal = el.rng, el.literal
		op.Fields = slices.Clone(el.fields) // not shared: EncodePlan changes them
	}
	if v.Err() != nil && v.IncompleteKind() == cue.BottomKind {
		return op // reported by conflicts
	}
	do := v.LookupPath(doPath)
	name, err := do.String()
	if err != nil {
		if !do.Exists() {
			ev.problem(c, noDoProblem(op.Range))
		}
		return op
	}
	op.Do = name
	schema, ok := ops.Schemas()[name]
	if !ok {
		at := op.FieldRange("do")
		ev.problem(c, unknownOpProblem(name, at))
		return op
	}
	d := &opDecoder{ev: ev, c: c, op: op, el: el, schema: schema}
	d.decode(v)
	return op
}

// element finds the text an op's value came from.
func (ev *evaluator) element(v cue.Value) *element {
	if el := ev.ix.byPos[v.Pos()]; el != nil {
		return el
	}
	_, parts := v.Expr()
	for _, p := range parts {
		if el := ev.ix.byPos[p.Pos()]; el != nil {
			return el
		}
	}
	return nil
}

// opDecoder checks one op against its schema and turns it into data.
type opDecoder struct {
	ev     *evaluator
	c      *found
	op     *Op
	el     *element // its text; nil if CUE made it from nothing we read
	schema *ops.Schema
	bad    bool
}

func (d *opDecoder) problem(p Problem) {
	if p.Severity == SeverityError {
		d.bad = true
	}
	d.ev.problem(d.c, p)
}

func (d *opDecoder) decode(v cue.Value) {
	given := d.givenFields(v)
	fields := map[string]any{}
	for _, f := range d.schema.Fields {
		switch {
		case given[f.Name]:
			if data, ok := d.field(f, v.LookupPath(cue.MakePath(cue.Str(f.Name)))); ok {
				fields[f.Name] = data
			}
		case f.Default != nil:
			fields[f.Name] = f.Default
		case f.Required && !d.c.Template:
			d.problem(missingFieldProblem(d.schema, f, d.op.Range))
		}
	}
	if d.bad || len(d.op.Open) > 0 {
		return
	}
	d.finish(v, fields)
}

func (d *opDecoder) finish(v cue.Value, fields map[string]any) {
	data, err := json.Marshal(fields)
	if err != nil {
		return // maps, slices and scalars only: cannot happen
	}
	kind, _ := ops.ByName(d.op.Do)
	spec, mistakes, err := kind.Decode(data)
	for _, m := range mistakes {
		d.problem(d.op.fieldProblem(m))
	}
	if err != nil {
		d.explain(v, err)
		return
	}
	if e, ok := spec.(*ops.Export); ok && !d.exportFits(e) {
		return
	}
	if spec != nil {
		d.op.Value, d.op.Spec = data, spec
	}
}

// exportKinds are the kinds of value that a format gives; json and yaml give
// any.
var exportKinds = map[string]cue.Kind{
	"string": cue.StringKind, "number": cue.NumberKind, "boolean": cue.BoolKind,
}

// exportFits holds that what an export reads can unify with the value that
// holds the script. What the file really says is known only after the run.
func (d *opDecoder) exportFits(e *ops.Export) bool {
	want, ok := exportKinds[e.Format]
	have := d.c.value.IncompleteKind()
	if !ok || want&have != 0 || have == cue.BottomKind {
		return true
	}
	d.problem(Problem{
		Code: CodeConflict, Severity: SeverityError, Range: d.op.Range,
		Message: fmt.Sprintf("the export gives %s, and %s is %s", describeKind(want), d.c.Path, describeKind(have)),
		Hint:    fmt.Sprintf("declare it: %s: {%s, %s: [...]}", d.c.Path, want, scriptLabel),
		Related: []Related{{Range: d.c.Name, Message: "what the export must unify with"}},
	})
	return false
}

// explain lets CUE say why an op does not decode. Only then is the op unified
// with its definition: for every op that would double the evaluation's time.
func (d *opDecoder) explain(v cue.Value, cause error) {
	def := d.ev.schema(d.op.Do)
	full := v.UnifyAccept(def, def)
	for _, f := range d.schema.Fields {
		fv := full.LookupPath(cue.MakePath(cue.Str(f.Name)))
		if err := fv.Validate(cue.Concrete(false)); fv.Exists() && err != nil {
			d.mistyped(f, err)
		}
	}
	if !d.bad {
		d.problem(Problem{
			Code: CodeMistypedField, Severity: SeverityError, Range: d.op.Range, Message: cause.Error(),
		})
	}
}

// fieldProblem places a mistake that an op found in itself.
func (o *Op) fieldProblem(m *ops.FieldError) Problem {
	return Problem{
		Code: Code(m.Code), Severity: SeverityError, Range: o.lineRange(m.Field, m.Line),
		Message: o.Do + "." + m.Field + ": " + m.Message, Hint: m.Hint, Component: o.ID.Component,
	}
}

// givenFields names the fields that were given, and reports those that the op
// does not have. An op that is all literal shows them in its text: asking CUE
// for them takes a fifth of an evaluation's time.
func (d *opDecoder) givenFields(v cue.Value) map[string]bool {
	given := map[string]bool{}
	if d.el != nil && !d.el.computed {
		for _, f := range d.el.fields {
			d.given(given, f.Path)
		}
		return given
	}
	it, err := v.Fields()
	if err != nil {
		return given
	}
	for it.Next() {
		d.given(given, it.Selector().Unquoted())
	}
	return given
}

func (d *opDecoder) given(given map[string]bool, path string) {
	name := topField(path)
	if given[name] {
		return
	}
	given[name] = true
	if _, ok := d.schema.Field(name); !ok && name != "do" && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "#") {
		d.problem(unknownFieldProblem(d.schema, name, d.op.keyRange(name)))
	}
}

func (o *Op) keyRange(path string) Range {
	for _, f := range o.Fields {
		if f.Path == path {
			return f.Key
		}
	}
	return o.Range
}

// field turns one field into JSON data; false if it is wrong or not yet known.
func (d *opDecoder) field(f ops.FieldSchema, v cue.Value) (any, bool) {
	kind := v.IncompleteKind()
	if kind == cue.BottomKind {
		if err := v.Validate(cue.Concrete(false)); err != nil {
			d.mistyped(f, err)
			return nil, false
		}
		d.open(f.Name, v)
		return nil, false
	}
	switch {
	case f.Component:
		return d.component(f.Name, v)
	case f.Secret:
		return d.secret(f.Name, v)
	case f.Stream:
		return d.stream(f.Name, v)
	}
	if kind&f.Kind == 0 {
		d.problem(mistypedProblem(d.schema, f, describeKind(kind), d.op.FieldRange(f.Name)))
		return nil, false
	}
	data, ok := d.data(f.Name, v)
	return data, ok && !d.stillGrows(f, v)
}

func (d *opDecoder) mistyped(f ops.FieldSchema, err error) {
	if secret := d.ev.secretNamed(d.c.Path, d.el, f.Name); secret != "" && !f.Secret {
		d.problem(d.secretAsValue(f.Name, secret))
		return
	}
	p := mistypedProblem(d.schema, f, "this", d.op.FieldRange(f.Name))
	if e := errors.Errors(err); len(e) > 0 {
		p.Message = d.schema.Do + "." + f.Name + " takes " + wantedType(f) + ": " + errorText(e[0])
	}
	d.problem(p)
}

// data turns a value into JSON data.
func (d *opDecoder) data(path string, v cue.Value) (any, bool) {
	if dv, ok := v.Default(); ok {
		v = dv
	}
	switch kind := v.Kind(); kind {
	case cue.StringKind:
		s, err := v.String()
		return s, err == nil
	case cue.BytesKind:
		b, err := v.Bytes()
		return map[string][]byte{"$bytes": b}, err == nil
	case cue.ListKind:
		return d.list(path, v)
	case cue.StructKind:
		return d.object(path, v)
	case cue.BottomKind:
		d.open(path, v)
		return nil, false
	default:
		data, err := v.MarshalJSON()
		return json.RawMessage(data), err == nil
	}
}

func (d *opDecoder) list(path string, v cue.Value) (any, bool) {
	it, err := v.List()
	if err != nil {
		d.open(path, v)
		return nil, false
	}
	out, ok := []any{}, true
	for i := 0; it.Next(); i++ {
		item, known := d.data(indexPath(path, i), it.Value())
		out, ok = append(out, item), ok && known
	}
	return out, ok
}

func (d *opDecoder) object(path string, v cue.Value) (any, bool) {
	it, err := v.Fields()
	if err != nil {
		d.open(path, v)
		return nil, false
	}
	out, ok := map[string]any{}, true
	if path != topField(path) && !isMount(v) {
		// Nothing but a mount is a struct in a struct: ask why this is one.
		if o := d.ev.origin(v); o.secret {
			d.problem(d.secretAsValue(path, o.path))
			return nil, false
		}
	}
	for it.Next() {
		name := it.Selector().Unquoted()
		sub := path + "." + name
		item, known := d.entry(sub, name, it.Value())
		out[name], ok = item, ok && known
	}
	return out, ok
}

// isMount reports that a struct has a field that makes it a mount.
func isMount(v cue.Value) bool {
	for _, name := range []string{"from", "cache", "secret", "stream", "input"} {
		if v.LookupPath(cue.MakePath(cue.Str(name))).Exists() {
			return true
		}
	}
	return false
}

// entry is one field of a struct inside an op: of a mount, for most.
func (d *opDecoder) entry(path, name string, v cue.Value) (any, bool) {
	top := topField(path)
	switch {
	case name == "from" || name == "input":
		return d.component(path, v)
	case top == "mount" && name == "secret":
		return d.secret(path, v)
	case top == "mount" && name == "stream":
		return d.stream(path, v)
	}
	if f, _ := d.schema.Field(top); f.TextOrSecret {
		return d.textOrSecret(path, v)
	}
	return d.data(path, v)
}

// open notes a value that is not known: wrong, still to be set, or known only
// once an export has run.
func (d *opDecoder) open(path string, v cue.Value) {
	if err := v.Validate(cue.Concrete(false)); err != nil {
		d.problem(Problem{
			Code: CodeMistypedField, Severity: SeverityError, Range: d.op.FieldRange(topField(path)),
			Message: d.schema.Do + "." + path + ": " + errorText(errors.Errors(err)[0]),
		})
		return
	}
	d.op.Open = append(d.op.Open, path)
	if d.c.Template {
		return
	}
	if exporters := d.waitsOf(path, v); len(exporters) > 0 {
		d.wait(path, exporters)
		return
	}
	if secret := d.ev.secretIn(v); secret != "" {
		d.problem(d.secretAsValue(path, secret))
		return
	}
	d.ev.opens = append(d.ev.opens, openField{d, path, v, len(d.ev.problems)})
	at := d.op.FieldRange(topField(path))
	what := d.schema.Do + "." + path
	if field, written, ok := d.userField(v); ok {
		what, at = field, written
	}
	d.problem(Problem{
		Code: CodeMissingInput, Severity: SeverityHint, Range: at,
		Message: what + " has no value yet",
		Hint:    "set it before the component can run",
	})
}

// topField is the op's field that a path starts with.
func topField(path string) string {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return path
}
