package analysis

import (
	"fmt"
	"strings"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Hover explains what stands at one place.
type Hover struct {
	// Markdown is the text; it reads well as plain text too.
	Markdown string
	Range    runtime.Range
}

// HoverAt explains the field, op or component at pos of file: the innermost.
func HoverAt(p *runtime.Plan, file string, pos runtime.Position) (Hover, bool) {
	for _, c := range p.Components {
		if c.Name.File == file && c.Name.Contains(pos) {
			return Hover{componentDoc(p, c), c.Name}, true
		}
	}
	op := opAt(p, file, pos)
	if op == nil {
		return Hover{}, false
	}
	schema, known := ops.Schemas()[op.Do]
	if !known {
		return Hover{}, false
	}
	for _, f := range op.Fields {
		if f.Key.File == file && f.Key.Contains(pos) {
			return fieldHover(schema, op, f)
		}
	}
	return Hover{opDoc(schema), op.Range}, op.Range.File == file
}

// opAt returns the smallest op around pos: anonymous scripts lie inside others.
func opAt(p *runtime.Plan, file string, pos runtime.Position) *runtime.Op {
	var best *runtime.Op
	for _, c := range p.Components {
		for _, op := range c.Ops {
			if op.Range.File == file && op.Range.Contains(pos) && (best == nil || encloses(best.Range, op.Range)) {
				best = op
			}
		}
	}
	return best
}

func fieldHover(s *ops.Schema, op *runtime.Op, f runtime.Field) (Hover, bool) {
	name, _, _ := strings.Cut(f.Path, ".")
	if name == "do" {
		return Hover{opDoc(s), f.Key}, true
	}
	fs, ok := s.Field(name)
	if !ok {
		return Hover{}, false
	}
	md := fmt.Sprintf("**%s** of `%s`\n\n", fs.Name, s.Do) + code(fs.Name+": "+fs.Type)
	if fs.Doc != "" {
		md += "\n\n" + fs.Doc
	}
	return Hover{md + handlesOf(op, f.Path), f.Key}, true
}

// handlesOf names the secrets and streams that a field asks for.
func handlesOf(op *runtime.Op, field string) string {
	var b strings.Builder
	add := func(what string, handles []runtime.Handle) {
		for _, h := range handles {
			if h.Field == field || strings.HasPrefix(h.Field, field+".") {
				fmt.Fprintf(&b, "\n\n%s **%s**, given to each run", what, h.Path)
			}
		}
	}
	add("secret", op.Secrets)
	add("stream", op.Streams)
	return b.String()
}

func opDoc(s *ops.Schema) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** (`op.%s`)\n\n%s\n", s.Do, s.Definition, s.Doc)
	for _, f := range s.Fields {
		mark := ""
		if f.Required {
			mark = ", required"
		}
		fmt.Fprintf(&b, "\n- `%s`%s: %s", f.Name, mark, firstSentence(f.Doc))
	}
	return b.String()
}

func firstSentence(doc string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	if i := strings.Index(doc, ". "); i >= 0 {
		return doc[:i+1]
	}
	return doc
}

func componentDoc(p *runtime.Plan, c *runtime.Component) string {
	var b strings.Builder
	fmt.Fprintf(&b, "component **%s**", c.Path)
	if c.Alias != "" {
		fmt.Fprintf(&b, ", the same as **%s**", c.Alias)
	}
	if c.Doc != "" {
		b.WriteString("\n\n" + strings.TrimSpace(c.Doc))
	}
	var lines []string
	for i, op := range c.Ops {
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, summary(op)))
	}
	if len(lines) > 0 {
		b.WriteString("\n\n" + code(strings.Join(lines, "\n")))
	}
	if uses := dependencies(c); len(uses) > 0 {
		b.WriteString("\n\nuses " + strings.Join(uses, ", "))
	}
	if users := dependants(p, c.Path); len(users) > 0 {
		b.WriteString("\n\nused by " + strings.Join(users, ", "))
	}
	return b.String()
}

// summary is an op in one line, as far as it is known.
func summary(op *runtime.Op) string {
	switch {
	case op.Spec != nil:
		return op.Spec.Summary()
	case op.Do != "" && len(op.Open) > 0:
		return op.Do + " (open: " + strings.Join(op.Open, ", ") + ")"
	}
	return opName(op)
}

func code(text string) string { return "```cue\n" + text + "\n```" }
