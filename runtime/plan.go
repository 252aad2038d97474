package runtime

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Source is the text of one CUE package: the files of Dir, with Overlay (the
// editor's unsaved text) on top of the disk.
type Source struct {
	// Dir is the package's folder, absolute.
	Dir string `json:"dir"`
	// Package picks one of several packages in Dir by its clause. Empty takes
	// the only one.
	Package string `json:"package,omitempty"`
	// File narrows the package to one file, absolute; for files without a
	// package clause.
	File string `json:"file,omitempty"`
	// Overlay maps absolute paths to text that hides or adds to the disk.
	Overlay map[string][]byte `json:"overlay,omitempty"`
	// Tags are CUE's -t values ("key=value" or "key").
	Tags []string `json:"tags,omitempty"`
	// Values are unified with the values at their paths: inputs that a user
	// has set, and what the exports of earlier passes have read.
	Values []GivenValue `json:"values,omitempty"`
	// Offline keeps CUE from asking its module registry; set for workspaces
	// that the user has not trusted.
	Offline bool `json:"offline,omitempty"`
}

// Plan is what a package means: its components, their typed operations, how
// they depend on each other, where each stands in the text, and what is wrong.
// It is immutable once returned and holds no CUE value, so it crosses the
// worker's pipe and outlives the evaluation.
type Plan struct {
	Dir string `json:"dir"`
	// Root is the CUE module's folder, or Dir where there is no module.
	Root    string `json:"root"`
	Package string `json:"package"`
	// Files lists the package's files, absolute, in load order.
	Files []string `json:"files"`
	// Components are in source order; anonymous ones (inline scripts) follow
	// the component that holds them.
	Components []*Component `json:"components"`
	Problems   []Problem    `json:"problems,omitempty"`
	// Evaluated is false for a plan made from syntax alone: values that CUE
	// would compute are absent then.
	Evaluated bool `json:"evaluated"`

	byPath map[string]*Component
	// plain holds the secrets that are written as plain text, by path. Only
	// PlainSecret gives them out.
	plain map[string][]byte
}

// Component is a CUE value that carries a script.
type Component struct {
	// Path is the CUE path from the package's root, such as "app.build"; for
	// a component of an imported package the import path and ":" stand before.
	Path string `json:"path"`
	// Name is the range of the field's label: where lenses and symbols go.
	Name Range `json:"name"`
	// Range is the whole field, Script the list of operations.
	Range  Range `json:"range"`
	Script Range `json:"script"`
	Ops    []*Op `json:"ops"`
	// Waits are the exports that the list of operations itself waits for: it
	// has more of them, or others, once they are read.
	Waits []Wait `json:"waits,omitempty"`
	// Anonymous marks a script written in place inside another op.
	Anonymous bool `json:"anonymous,omitempty"`
	// Template marks a definition (`#Build`): checked, but not a target.
	Template bool `json:"template,omitempty"`
	// Alias is the path of the component that this one only repeats
	// (`dep: build`), empty otherwise.
	Alias string `json:"alias,omitempty"`
	// Doc is the field's doc comment.
	Doc string `json:"doc,omitempty"`
}

// OpID names one operation in a plan.
type OpID struct {
	Component string `json:"component"`
	Index     int    `json:"index"`
}

// String gives "build[2]".
func (id OpID) String() string { return fmt.Sprintf("%s[%d]", id.Component, id.Index) }

// Op is one operation of a script.
type Op struct {
	ID OpID `json:"id"`
	// Do is the op's name, such as "exec"; empty when it is not known.
	Do string `json:"do"`
	// Range is the op as written, Literal the braces with its own fields.
	Range   Range   `json:"range"`
	Literal Range   `json:"literal"`
	Fields  []Field `json:"fields,omitempty"`
	// Value is the op's fields as JSON, defaults filled in; nil while the op
	// is invalid or not fully known. A component stands as its path.
	Value json.RawMessage `json:"value,omitempty"`
	// Spec is Value, typed. It is nil when Value is.
	Spec ops.Spec `json:"-"`
	// Refs are the components that the op reads, by field.
	Refs []Ref `json:"refs,omitempty"`
	// Secrets and Streams are what the op asks of whoever runs it.
	Secrets []Handle `json:"secrets,omitempty"`
	Streams []Handle `json:"streams,omitempty"`
	// Open lists fields without a concrete value: why Spec is nil although
	// nothing is wrong.
	Open []string `json:"open,omitempty"`
	// Waits are the exports that open fields wait for. An open field that
	// waits for none is an input that nobody has set.
	Waits []Wait `json:"waits,omitempty"`
}

// Wait says that a field's value is known only once a component's exports have
// been read.
type Wait struct {
	// Field is the open field's path inside the op.
	Field string `json:"field"`
	// Component is the path of the component that exports.
	Component string `json:"component"`
	Range     Range  `json:"range"`
}

// Missing lists the open fields that wait for nothing: inputs to be set.
func (o *Op) Missing() []string {
	var out []string
	for _, f := range o.Open {
		if !slices.ContainsFunc(o.Waits, func(w Wait) bool { return w.Field == f }) {
			out = append(out, f)
		}
	}
	return out
}

// Field is where one field of an op stands.
type Field struct {
	// Path is the field's path inside the op, such as "args" or "mount./src".
	Path  string `json:"path"`
	Key   Range  `json:"key"`
	Value Range  `json:"value"`
}

// Ref is an edge of the component graph.
type Ref struct {
	// Field is the field's path inside the op: "from", "mount./src.from".
	Field string `json:"field"`
	// Component is the path of the component it names; empty if unresolved.
	Component string `json:"component"`
	Range     Range  `json:"range"`
}

// Component returns the component at path, or nil.
func (p *Plan) Component(path string) *Component {
	if p.byPath != nil {
		return p.byPath[path]
	}
	for _, c := range p.Components {
		if c.Path == path {
			return c
		}
	}
	return nil
}

// Op returns the operation id names, or nil.
func (p *Plan) Op(id OpID) *Op {
	c := p.Component(id.Component)
	if c == nil || id.Index < 0 || id.Index >= len(c.Ops) {
		return nil
	}
	return c.Ops[id.Index]
}

// FieldRange returns where the field at path is written in op: its value, that
// of the field around it, or the op's own range when nothing is written there.
func (o *Op) FieldRange(path string) Range {
	for path != "" {
		for _, f := range o.Fields {
			if f.Path == path {
				return f.Value
			}
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return o.Range
}

// lineRange is where a line (from 1) of a field's text is written: in a literal
// of several lines, that line; or else the field.
func (o *Op) lineRange(field string, line int) Range {
	r := o.FieldRange(field)
	if line < 1 {
		return r
	}
	lines := strings.Split(o.text(field), "\n")
	if line > len(lines) || r.End.Line-r.Start.Line != len(lines)+1 {
		return r
	}
	// The closing quotes stand where the text's lines begin.
	r.Start.Line += line
	r.Start.Column = max(r.End.Column-len(`"""`), 0)
	r.End = r.Start
	r.End.Column += len(lines[line-1])
	return r
}

// text is the text of a field that is one.
func (o *Op) text(field string) string {
	fields := map[string]json.RawMessage{}
	var text string
	if json.Unmarshal(o.Value, &fields) != nil || json.Unmarshal(fields[field], &text) != nil {
		return ""
	}
	return text
}

// Label is the op in one short line for people.
func (o *Op) Label() string {
	switch {
	case o.Spec != nil:
		return o.Spec.Summary()
	case o.Do != "":
		return o.Do
	}
	return "?"
}

// replacesState reports that the op starts anew and drops the state before it.
func (o *Op) replacesState() bool {
	k, ok := ops.ByName(o.Do)
	return ok && k.Source
}
