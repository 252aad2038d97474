package text

import "github.com/dagger/dagger-lsp/runtime"

// Change is one replacement in a text, in byte offsets of the text before it.
type Change struct {
	Start, End int
	Text       string
}

// Apply makes the text after c.
func (d *Document) Apply(c Change) *Document {
	start := min(max(c.Start, 0), len(d.content))
	end := min(max(c.End, start), len(d.content))
	return New(d.content[:start] + c.Text + d.content[end:])
}

// Shift moves the stretch start to end, in offsets before c, to where it stands
// after c. It reports false if c touches the stretch: then what was known about
// that text no longer holds. An insertion right at either end does not touch.
func (c Change) Shift(start, end int) (int, int, bool) {
	delta := len(c.Text) - (c.End - c.Start)
	switch {
	case c.End <= start:
		return start + delta, end + delta, true
	case c.Start >= end:
		return start, end, true
	}
	return 0, 0, false
}

// ShiftRange is Shift for a range of package runtime, which stands in before
// and comes out in terms of after.
func (c Change) ShiftRange(before, after *Document, r runtime.Range) (runtime.Range, bool) {
	start, end, ok := c.Shift(before.RuntimeOffset(r.Start), before.RuntimeOffset(r.End))
	if !ok {
		return runtime.Range{}, false
	}
	r.Start, r.End = after.RuntimeAt(start), after.RuntimeAt(end)
	return r, true
}
