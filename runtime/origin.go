package runtime

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"
)

// The flags of @dagger(...) that say what a value stands for.
const (
	secretFlag = "secret"
	streamFlag = "stream"
)

// encryptPath is how the archon prototype marked a secret.
var encryptPath = cue.MakePath(cue.Def("dagger"), cue.Str("settings"), cue.Str("encrypt"))

// origin is where a value comes from: the end of the references that lead away
// from it.
type origin struct {
	// path names it; empty if the value refers to nothing.
	path string
	// names are the paths on the way, nearest to path first. They name the
	// same value.
	names []string
	value cue.Value
	// secret and stream say that a value on the way is marked so.
	secret, stream bool
}

// origin follows v's references as far as they go. A reference to a definition
// says what v is like, not where it comes from.
func (ev *evaluator) origin(v cue.Value) origin {
	o := origin{value: v}
	seen := map[string]bool{}
	for {
		o.secret = o.secret || ev.marked(v, secretFlag, 0)
		o.stream = o.stream || ev.marked(v, streamFlag, 0)
		path, next := ev.refersTo(v, 0)
		if path == "" || seen[path] {
			return o
		}
		if o.path != "" {
			o.names = slices.Insert(o.names, 0, o.path)
		}
		seen[path] = true
		o.path, o.value = path, next
		v = next
	}
}

// maxParts bounds how deep a unification is taken apart.
const maxParts = 4

// refersTo returns what v is a reference to, alone or unified with something.
func (ev *evaluator) refersTo(v cue.Value, depth int) (string, cue.Value) {
	// Loops and lets give no path of their own; behind them is one.
	for _, v := range []cue.Value{v, cue.Dereference(v)} {
		root, sels := referencePath(v)
		if len(sels) > 0 && !sels[len(sels)-1].IsDefinition() {
			return ev.pathOf(root, sels), root.LookupPath(cue.MakePath(sels...))
		}
	}
	op, parts := v.Expr()
	if op != cue.AndOp && op != cue.OrOp || depth == maxParts {
		return "", v
	}
	for _, p := range parts {
		if path, next := ev.refersTo(p, depth+1); path != "" {
			return path, next
		}
	}
	return "", v
}

// marked reports that v is what flag says: by itself, or by a definition that it
// is unified with.
func (ev *evaluator) marked(v cue.Value, flag string, depth int) bool {
	if isMarked(v, flag) {
		return true
	}
	if depth == maxParts {
		return false
	}
	if root, sels := referencePath(v); len(sels) > 0 {
		return sels[len(sels)-1].IsDefinition() && ev.marked(root.LookupPath(cue.MakePath(sels...)), flag, depth+1)
	}
	op, parts := v.Expr()
	return op == cue.AndOp && slices.ContainsFunc(parts, func(p cue.Value) bool {
		return ev.marked(p, flag, depth+1)
	})
}

// isMarked reports that v itself is declared to be what flag says.
func isMarked(v cue.Value, flag string) bool {
	if v.IncompleteKind() == cue.BottomKind {
		return false
	}
	for _, a := range v.Attributes(cue.ValueAttr) {
		if a.Name() != "dagger" {
			continue
		}
		for i := range a.NumArgs() {
			if name, _ := a.Arg(i); strings.TrimSpace(name) == flag {
				return true
			}
		}
	}
	return flag == secretFlag && v.LookupPath(encryptPath).Exists()
}
