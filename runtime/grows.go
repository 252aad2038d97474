package runtime

import (
	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// A list or struct that an export fills is empty until then, and CUE takes an
// empty list for known. What is made of it waits all the same.

// grows reports that an export adds to the list or struct that holds the script.
func (c *found) grows() bool {
	switch c.value.IncompleteKind() {
	case cue.ListKind:
		return !c.value.Len().IsConcrete()
	case cue.StructKind:
		return true
	}
	return false
}

// anyGrows reports that the package has such a value which nobody has read yet:
// only then are fields that look known searched for it.
func (ev *evaluator) anyGrows() bool {
	if ev.growing == nil {
		some := false
		for path, c := range ev.components {
			some = some || !c.Template && c.exports() && c.grows() && !ev.isGiven(path)
		}
		ev.growing = &some
	}
	return *ev.growing
}

// stillGrows notes that a field which looks known is made of a value that an
// export adds to.
func (d *opDecoder) stillGrows(f ops.FieldSchema, v cue.Value) bool {
	if d.c.Template || f.Component || f.Secret || f.Stream || f.Name == "mount" || !d.ev.anyGrows() {
		return false
	}
	exporters := d.search(f.Name, v, waitSearch{ev: d.ev, exprs: map[ast.Expr]bool{}, paths: map[string]bool{}, growing: true})
	if len(exporters) == 0 {
		return false
	}
	d.op.Open = append(d.op.Open, f.Name)
	d.wait(f.Name, exporters)
	return true
}
