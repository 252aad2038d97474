package ops

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"
)

// Schema is what an op's CUE definition says, as data.
type Schema struct {
	Do, Definition string
	Doc            string
	// Fields are in source order, without `do`.
	Fields []FieldSchema
}

// FieldSchema describes one field of an op.
type FieldSchema struct {
	Name, Doc string
	// Type is the field's CUE type as written; Kind the kinds of value it
	// takes.
	Type     string
	Kind     cue.Kind
	Required bool
	// Default is what the field has when it is not given, as JSON data; nil
	// if there is none.
	Default any
	// Component marks a field that takes a component: `from`.
	Component bool
	// Secret and Stream mark a field that takes one, by an attribute in its
	// schema: @dagger(secret), @dagger(stream). TextOrSecret marks a struct
	// each of whose entries is text or a secret: @dagger(text-or-secret), for
	// a value takes on its schema's attributes.
	Secret, Stream, TextOrSecret bool
}

// Field returns the field called name.
func (s *Schema) Field(name string) (FieldSchema, bool) {
	for _, f := range s.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return FieldSchema{}, false
}

// Schemas returns the schema of every op, by its `do`. The result is shared
// and must not be changed.
func Schemas() map[string]*Schema { return schemas() }

var schemas = sync.OnceValue(func() map[string]*Schema {
	out := map[string]*Schema{}
	ctx := cuecontext.New()
	for _, k := range All() {
		s, err := readSchema(ctx, k)
		if err != nil { // the files are embedded: only a bug gets here
			panic(fmt.Sprintf("schema of %s: %v", k.Do, err))
		}
		out[k.Do] = s
	}
	return out
})

func readSchema(ctx *cue.Context, k Kind) (*Schema, error) {
	file, err := parser.ParseFile(k.Do+".cue", k.Schema, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	def := ctx.BuildFile(file).LookupPath(cue.ParsePath(k.Definition))
	if err := def.Err(); err != nil {
		return nil, err
	}
	s := &Schema{Do: k.Do, Definition: k.Definition}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.Field); ok && labelName(f) == k.Definition {
			s.Doc = docText(f)
			s.Fields = readFields(f.Value, def)
		}
	}
	return s, nil
}

func readFields(lit ast.Expr, def cue.Value) []FieldSchema {
	var out []FieldSchema
	for _, d := range lit.(*ast.StructLit).Elts { //nolint:forcetypeassert // our own files
		f, ok := d.(*ast.Field)
		if !ok || labelName(f) == "do" {
			continue
		}
		name := labelName(f)
		text, _ := format.Node(f.Value)
		fs := FieldSchema{
			Name: name, Doc: docText(f), Type: strings.Join(strings.Fields(string(text)), " "),
			Required:  f.Constraint.String() == "!",
			Component: TakesComponent(name),
		}
		fs.Secret, fs.Stream = hasFlag(f, "secret"), hasFlag(f, "stream")
		fs.TextOrSecret = entriesHaveFlag(f, "text-or-secret")
		if fs.Secret {
			fs.Type += " @dagger(secret)"
		}
		if fs.Stream {
			fs.Type += " @dagger(stream)"
		}
		fs.Kind = fieldKind(def, name)
		fs.Default = defaultOf(def, name)
		out = append(out, fs)
	}
	return out
}

// TakesComponent reports that a field of that name, of an op itself, takes a
// component, whatever the op: text that does not evaluate must know too.
func TakesComponent(name string) bool { return name == "from" || name == "context" }

// hasFlag reports that a field carries @dagger(flag).
func hasFlag(f *ast.Field, flag string) bool {
	for _, a := range f.Attrs {
		if key, body := a.Split(); key == "dagger" && body == flag {
			return true
		}
	}
	return false
}

// entriesHaveFlag reports that it is the entries of a field that carry it.
func entriesHaveFlag(f *ast.Field, flag string) bool {
	lit, ok := f.Value.(*ast.StructLit)
	if !ok || len(lit.Elts) != 1 {
		return false
	}
	entry, ok := lit.Elts[0].(*ast.Field)
	return ok && hasFlag(entry, flag)
}

func fieldKind(def cue.Value, name string) cue.Kind {
	sel := cue.Str(name)
	for _, s := range []cue.Selector{sel, sel.Optional(), sel.Required()} {
		if v := def.LookupPath(cue.MakePath(s)); v.Exists() {
			return v.IncompleteKind()
		}
	}
	return cue.TopKind
}

func defaultOf(def cue.Value, name string) any {
	v, ok := def.LookupPath(cue.MakePath(cue.Str(name))).Default()
	if !ok {
		return nil
	}
	data, err := v.MarshalJSON()
	if err != nil {
		return nil
	}
	return json.RawMessage(data)
}

func labelName(f *ast.Field) string {
	name, _, _ := ast.LabelName(f.Label)
	return name
}

func docText(n ast.Node) string {
	var parts []string
	for _, g := range ast.Comments(n) {
		if g.Doc {
			parts = append(parts, strings.TrimSpace(g.Text()))
		}
	}
	return strings.Join(parts, "\n\n")
}

// typesSchema is what the op package holds beside the ops.
//
//go:embed op.cue
var typesSchema string

// TypesFile is the name of the file with what is no op: #Op and #Script.
const TypesFile = "op.cue"

// PackageFiles are the files of the CUE package of the ops, by file name.
func PackageFiles() map[string]string {
	out := map[string]string{TypesFile: typesSchema}
	for _, k := range All() {
		out[strings.ReplaceAll(k.Do, "-", "_")+".cue"] = k.Schema
	}
	return out
}
