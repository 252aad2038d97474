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
func (ev *evaluator) origin(v cue.Value) origin { return ev.follow(origin{value: v}) }

// fieldOrigin is origin for the value of an op's field. There, and only there,
// a definition that has no value of its own is a name: #token.
func (ev *evaluator) fieldOrigin(v cue.Value) origin {
	o := ev.origin(v)
	if root, sels := behind(v); o.path == "" && len(sels) > 0 {
		o.path, o.value = ev.pathOf(root, sels), root.LookupPath(cue.MakePath(sels...))
		o = ev.follow(o)
	}
	return o
}

func (ev *evaluator) follow(o origin) origin {
	v := o.value
	seen := map[string]bool{o.path: true}
	for {
		o.secret = o.secret || ev.marked(v, secretFlag, 0)
		o.stream = o.stream || ev.marked(v, streamFlag, 0)
		path, next, via := ev.refersTo(v, 0)
		if path == "" || seen[path] {
			return o
		}
		if o.path != "" {
			o.names = slices.Insert(o.names, 0, o.path)
		}
		if via != "" {
			o.names = slices.Insert(o.names, 0, via)
		}
		seen[path] = true
		o.path, o.value = path, next
		v = next
	}
}

// maxParts bounds how deep a unification is taken apart.
const maxParts = 4

// refersTo returns what v is a reference to, alone or unified with something. A
// definition counts for what it refers to itself; via names it then.
func (ev *evaluator) refersTo(v cue.Value, depth int) (path string, next cue.Value, via string) {
	if depth == maxParts {
		return "", v, ""
	}
	if root, sels := behind(v); len(sels) > 0 {
		path, next = ev.pathOf(root, sels), root.LookupPath(cue.MakePath(sels...))
		if !sels[len(sels)-1].IsDefinition() {
			return path, next, ""
		}
		via = path
		path, next, _ = ev.refersTo(next, depth+1)
		return path, next, via
	}
	op, parts := v.Expr()
	if op != cue.AndOp && op != cue.OrOp {
		return "", v, ""
	}
	for _, p := range parts {
		if path, next, via = ev.refersTo(p, depth+1); path != "" {
			return path, next, via
		}
	}
	return "", v, ""
}

// behind returns the path that v refers to. Loops and lets give none of their
// own; behind them is one.
func behind(v cue.Value) (root cue.Value, sels []cue.Selector) {
	if root, sels = referencePath(v); len(sels) > 0 {
		return root, sels
	}
	return referencePath(cue.Dereference(v))
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
