package runtime

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// checkElement checks an op as far as it is literal. What it finds, the
// evaluator finds too, in the same words and at the same place.
func (ix *index) checkElement(el *element) []Problem {
	if len(el.lits) == 0 {
		return nil
	}
	if el.do == "" {
		if el.computed {
			return nil
		}
		return []Problem{noDoProblem(span(el.expr))}
	}
	schema, ok := ops.Schemas()[el.do]
	if !ok {
		return []Problem{unknownOpProblem(el.do, el.doRange)}
	}
	var out []Problem
	seen := map[string]bool{}
	for _, lit := range el.lits {
		for _, d := range lit.Elts {
			if f, ok := d.(*ast.Field); ok {
				out = append(out, checkField(schema, f, seen)...)
			}
		}
	}
	if !el.computed && !el.script.template {
		out = append(out, missingFields(schema, seen, span(el.expr))...)
	}
	return out
}

func checkField(schema *ops.Schema, f *ast.Field, seen map[string]bool) []Problem {
	name, _, err := ast.LabelName(f.Label)
	if err != nil || name == "do" || strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#") {
		return nil
	}
	seen[name] = true
	field, ok := schema.Field(name)
	if !ok {
		return []Problem{unknownFieldProblem(schema, name, span(f.Label))}
	}
	if kind := literalKind(f.Value); kind != 0 && !acceptsKind(field, kind) {
		return []Problem{mistypedProblem(schema, field, describeKind(kind), span(f.Value))}
	}
	return nil
}

func acceptsKind(f ops.FieldSchema, kind cue.Kind) bool {
	if f.Component {
		return kind&(cue.StructKind|cue.ListKind) != 0
	}
	if f.Secret || f.Stream {
		return kind&handleKinds != 0
	}
	return f.Kind&kind != 0
}

func missingFields(schema *ops.Schema, seen map[string]bool, at Range) []Problem {
	var out []Problem
	for _, f := range schema.Fields {
		if f.Required && !seen[f.Name] {
			out = append(out, missingFieldProblem(schema, f, at))
		}
	}
	return slices.Clip(out)
}

// literalKind is the kind of a literal, 0 for anything that CUE must work out.
func literalKind(e ast.Expr) cue.Kind {
	switch e := e.(type) {
	case *ast.BasicLit:
		return basicKind(e)
	case *ast.StructLit:
		for _, d := range e.Elts {
			if _, ok := d.(*ast.EmbedDecl); ok { // an embedded scalar decides
				return 0
			}
		}
		return cue.StructKind
	case *ast.ListLit:
		return cue.ListKind
	case *ast.Interpolation:
		return cue.StringKind
	}
	return 0
}

func basicKind(lit *ast.BasicLit) cue.Kind {
	switch lit.Kind {
	case token.STRING:
		if strings.HasPrefix(strings.TrimLeft(lit.Value, "#"), "'") {
			return cue.BytesKind
		}
		return cue.StringKind
	case token.INT:
		return cue.IntKind
	case token.FLOAT:
		return cue.FloatKind
	case token.TRUE, token.FALSE:
		return cue.BoolKind
	case token.NULL:
		return cue.NullKind
	}
	return 0
}

// The problems of ops are made here, so that both tiers use the same words.

func noDoProblem(at Range) Problem {
	return Problem{
		Code: CodeUnknownOp, Severity: SeverityError, Range: at,
		Message: "this op does not say what to do",
		Hint:    `add do: "exec" or another op, or unify it with op.#Exec`,
	}
}

func unknownOpProblem(do string, at Range) Problem {
	p := Problem{
		Code: CodeUnknownOp, Severity: SeverityError, Range: at,
		Message: fmt.Sprintf("there is no op %q", do),
	}
	var names []string
	for _, k := range ops.All() {
		names = append(names, k.Do)
	}
	if s := closest(do, names); s != "" {
		p.Suggestion, p.Hint = fmt.Sprintf("%q", s), fmt.Sprintf("did you mean %q?", s)
	} else {
		p.Hint = "the ops are " + strings.Join(names, ", ")
	}
	return p
}

func unknownFieldProblem(schema *ops.Schema, name string, at Range) Problem {
	p := Problem{
		Code: CodeUnknownField, Severity: SeverityError, Range: at,
		Message: fmt.Sprintf("%s has no field %q", schema.Do, name),
	}
	var names []string
	for _, f := range schema.Fields {
		names = append(names, f.Name)
	}
	if s := closest(name, names); s != "" {
		p.Suggestion, p.Hint = s, fmt.Sprintf("did you mean %q?", s)
	} else {
		p.Hint = "its fields are " + strings.Join(names, ", ")
	}
	return p
}

func missingFieldProblem(schema *ops.Schema, f ops.FieldSchema, at Range) Problem {
	return Problem{
		Code: CodeMissingField, Severity: SeverityError, Range: at,
		Message: fmt.Sprintf("%s needs the field %q", schema.Do, f.Name),
		Hint:    "add " + f.Name + ": " + wantedType(f),
	}
}

func mistypedProblem(schema *ops.Schema, f ops.FieldSchema, got string, at Range) Problem {
	return Problem{
		Code: CodeMistypedField, Severity: SeverityError, Range: at,
		Message: fmt.Sprintf("%s.%s takes %s, not %s", schema.Do, f.Name, wantedType(f), got),
	}
}

// wantedType is a field's type in CUE, or in words where CUE would say nothing.
func wantedType(f ops.FieldSchema) string {
	switch {
	case f.Component:
		return "a component"
	case f.Secret:
		return "a secret"
	case f.Stream:
		return "a stream"
	}
	return f.Type
}

func describeKind(k cue.Kind) string {
	switch k {
	case cue.StringKind:
		return "a string"
	case cue.BytesKind:
		return "bytes"
	case cue.IntKind, cue.FloatKind, cue.NumberKind:
		return "a number"
	case cue.BoolKind:
		return "a boolean"
	case cue.ListKind:
		return "a list"
	case cue.StructKind:
		return "a struct"
	case cue.NullKind:
		return "null"
	}
	return k.String()
}

// checkRefs reports references that lead from the package's top level to
// something that is plainly not there.
func (ix *index) checkRefs() []Problem {
	var out []Problem
	for _, r := range ix.refs {
		if !r.static || r.pkg != "" || r.target == "" || ix.known(r.target) {
			continue
		}
		out = append(out, missingComponentProblem(r))
	}
	return out
}

// known reports whether a path may exist: it is declared, or hangs below
// something that syntax does not see through.
func (ix *index) known(path string) bool {
	if len(ix.fields[path]) > 0 {
		return true
	}
	head, _, nested := strings.Cut(path, ".")
	if !nested {
		return ix.top[head]
	}
	for _, f := range ix.fields[head] {
		if !isPlainStruct(f.Value) {
			return true
		}
	}
	return len(ix.fields[head]) == 0
}

// isPlainStruct reports that every field of e is written in it.
func isPlainStruct(e ast.Expr) bool {
	lit, ok := e.(*ast.StructLit)
	if !ok {
		return false
	}
	for _, d := range lit.Elts {
		f, ok := d.(*ast.Field)
		if !ok {
			return false
		}
		if _, _, err := ast.LabelName(f.Label); err != nil {
			return false
		}
		if v, ok := f.Value.(*ast.StructLit); ok && !isPlainStruct(v) {
			return false
		}
	}
	return true
}

func missingComponentProblem(r *refSite) Problem {
	return Problem{
		Code: CodeUnresolvedReference, Severity: SeverityError, Range: r.rng,
		Message: "there is no " + r.target,
	}
}
