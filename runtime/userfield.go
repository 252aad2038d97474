package runtime

import (
	"strings"

	"cuelang.org/go/cue"
)

// A package that comes with the program is a template whose text the user does
// not see. What is wrong in an op of it is said of the field that the user set,
// or did not set.

// userField is the field of a user's component that a value of an embedded op
// comes from, and where it is written: itself, or the nearest around it. ok is
// false for ops that the user wrote.
func (d *opDecoder) userField(v cue.Value) (path string, at Range, ok bool) {
	if d.el == nil || !d.ev.ix.isEmbedded(d.el.script.rng.File) {
		return "", Range{}, false
	}
	path = d.ev.openField(v, 0)
	if i := strings.LastIndexByte(path, '#'); i >= 0 { // the definition's own: nothing is set at the user's
		_, path, _ = strings.Cut(path[i:], ".")
		return path, d.op.Range, path != ""
	}
	at, ok = d.ev.ix.writtenAt(path)
	return path, at, ok
}

// openField is the path of what keeps v from being known.
func (ev *evaluator) openField(v cue.Value, depth int) string {
	if path, _, _ := ev.refersTo(v, 0); path != "" {
		return path
	}
	if at, own := cue.Dereference(v).Path().String(), v.Path().String(); at != own { // through a loop
		return at
	}
	if depth == maxParts {
		return ""
	}
	_, parts := v.Expr()
	for _, p := range parts {
		if p.IsConcrete() {
			continue
		}
		if path := ev.openField(p, depth+1); path != "" {
			return path
		}
	}
	return ""
}

// writtenAt is where the user writes the value at a path, or the label of the
// nearest field around it; false where no field of it is the user's.
func (ix *index) writtenAt(path string) (Range, bool) {
	for exact := true; path != ""; exact = false {
		for _, f := range ix.fields[path] {
			name, _, _ := fieldRanges(f)
			if ix.isEmbedded(name.File) {
				continue
			}
			if exact {
				return span(f.Value), true
			}
			return name, true
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return Range{}, false
}
