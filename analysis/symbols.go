package analysis

import (
	"strings"

	"github.com/dagger/dagger-lsp/runtime"
)

// Symbol is one entry of a file's outline: a component, or an op below it.
type Symbol struct {
	Name, Detail string
	// Op is the op's name; empty for a component.
	Op string
	// Range holds Selection, the part to put the cursor on.
	Range, Selection runtime.Range
	Children         []Symbol
}

// Symbols outlines the components that stand in file. Anonymous scripts are
// part of the op that holds them and get no entry of their own.
func Symbols(p *runtime.Plan, file string) []Symbol {
	var out []Symbol
	for _, c := range p.Components {
		if c.Anonymous || c.Range.File != file {
			continue
		}
		out = append(out, Symbol{
			Name:      c.Path,
			Detail:    componentDetail(c),
			Range:     c.Range,
			Selection: within(c.Name, c.Range),
			Children:  opSymbols(c, file),
		})
	}
	return out
}

func componentDetail(c *runtime.Component) string {
	switch {
	case c.Alias != "":
		return "same as " + c.Alias
	case c.Template:
		return "template"
	}
	return ""
}

// opSymbols outlines a component's own ops. Ops that stand elsewhere (in a
// template, in another file) are left out: an outline is about this text.
func opSymbols(c *runtime.Component, file string) []Symbol {
	var out []Symbol
	for _, op := range c.Ops {
		if op.Range.File != file || !encloses(c.Range, op.Range) {
			continue
		}
		out = append(out, Symbol{
			Name:      opName(op),
			Detail:    opDetail(op),
			Op:        op.Do,
			Range:     op.Range,
			Selection: op.Range,
		})
	}
	return out
}

func opName(op *runtime.Op) string {
	if op.Do == "" {
		return "(unknown op)"
	}
	return op.Do
}

// opDetail is the op's summary without the op's name, which stands before it.
func opDetail(op *runtime.Op) string {
	if op.Spec == nil {
		return ""
	}
	return strings.TrimSpace(strings.TrimPrefix(op.Spec.Summary(), op.Do))
}

// within returns inner if outer holds it, else outer: LSP demands that a
// selection lies inside its symbol.
func within(inner, outer runtime.Range) runtime.Range {
	if encloses(outer, inner) {
		return inner
	}
	return outer
}

func encloses(outer, inner runtime.Range) bool {
	return outer.File == inner.File && outer.Contains(inner.Start) && outer.Contains(inner.End)
}
