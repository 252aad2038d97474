package runtime

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// conflicts reports what CUE says cannot be. Errors inside an op are said in
// the op's own words.
func (ev *evaluator) conflicts(root cue.Value) {
	err := root.Validate(cue.Concrete(false), cue.Final())
	if err == nil {
		err = root.Err()
	}
	all := errors.Errors(err)
	for _, e := range all {
		if !ev.summarizes(e, all) {
			ev.problems = append(ev.problems, ev.conflict(e))
		}
	}
}

// summarizes reports an error that has no place of its own, beside others of the
// same path that have: CUE counts so what it then lists.
func (ev *evaluator) summarizes(e errors.Error, all []errors.Error) bool {
	return len(ev.places(e)) == 0 && slices.ContainsFunc(all, func(other errors.Error) bool {
		return slices.Equal(e.Path(), other.Path()) && len(ev.places(other)) > 0
	})
}

func (ev *evaluator) conflict(e errors.Error) Problem {
	if p, ok := ev.unusedImport(e); ok {
		return p
	}
	if p, ok := ev.opConflict(e); ok {
		return p
	}
	p := Problem{Code: CodeConflict, Severity: SeverityError, Message: errorText(e)}
	if path := strings.Join(e.Path(), "."); path != "" {
		p.Message = path + ": " + p.Message
	}
	places := ev.places(e)
	for _, pos := range errors.Positions(e) {
		if g := ev.ix.givenAt(pos); g != nil {
			p.Message = g.Label + " does not fit: " + p.Message
			if !g.Range.IsZero() {
				places = append([]Range{g.Range}, places...)
			}
			break
		}
	}
	if len(places) == 0 {
		p.Range = ev.ix.ownProblem(e, CodeConflict).Range
		return p
	}
	if written, ok := ev.ix.writtenAt(strings.Join(e.Path(), ".")); ok && ev.inEmbedded(e) {
		p.Range = written
		return p
	}
	p.Range = places[0]
	for _, r := range places[1:] {
		p.Related = append(p.Related, Related{Range: r, Message: "the other side"})
	}
	return p
}

// inEmbedded reports that one side of a conflict stands in a package that comes
// with the program.
func (ev *evaluator) inEmbedded(e errors.Error) bool {
	return slices.ContainsFunc(errors.Positions(e), func(pos token.Pos) bool {
		return ev.ix.isEmbedded(pos.Filename())
	})
}

// places are the positions of an error that lie in files of ours, as ranges of
// the values there.
func (ev *evaluator) places(e errors.Error) []Range {
	var out []Range
	seen := map[Range]bool{}
	for _, pos := range errors.Positions(e) {
		if !ev.ix.owns(pos.Filename()) {
			continue
		}
		if r := ev.ix.nodeRange(pos); !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}

// opConflict recognises an error inside an op by its path
// ("build", "#up", "2", "args") and words it as the op's schema does.
func (ev *evaluator) opConflict(e errors.Error) (Problem, bool) {
	c, op, field := ev.opOf(e.Path())
	if op == nil || op.Do == "" || field == "" {
		return Problem{}, false
	}
	schema := ops.Schemas()[op.Do]
	if schema == nil {
		return Problem{}, false
	}
	head, _, _ := strings.Cut(field, ".")
	f, ok := schema.Field(head)
	if !ok {
		p := unknownFieldProblem(schema, head, op.keyRange(head))
		p.Component = c.Path
		return p, true
	}
	if p, ok := ev.secretConflict(c, op, schema, field); ok {
		return p, true
	}
	if !ev.fromSchema(e) {
		return Problem{}, false
	}
	return Problem{
		Code: CodeMistypedField, Severity: SeverityError, Range: op.FieldRange(head), Component: c.Path,
		Message: op.Do + "." + field + " takes " + wantedType(f) + ": " + errorText(e),
	}, true
}

// opOf finds the op and the field in it that a CUE path leads to.
func (ev *evaluator) opOf(path []string) (c *Component, op *Op, field string) {
	for i := len(path) - 2; i >= 0; i-- {
		if path[i] != scriptLabel {
			continue
		}
		name := ""
		for _, label := range path[:i] {
			name = joinLabel(name, label)
		}
		found := ev.components[name]
		n, err := strconv.Atoi(path[i+1])
		if found == nil || err != nil || n >= len(found.Ops) {
			return nil, nil, ""
		}
		return found.Component, found.Ops[n], strings.Join(path[i+2:], ".")
	}
	return nil, nil, ""
}

// joinLabel adds a label of an error's path, in which list indexes are plain
// numbers.
func joinLabel(path, label string) string {
	if n, err := strconv.Atoi(label); err == nil {
		return indexPath(path, n)
	}
	if s, err := strconv.Unquote(label); err == nil {
		label = s
	}
	return joinPath(path, label)
}

// fromSchema reports that one side of a conflict is the schema of an op.
func (ev *evaluator) fromSchema(e errors.Error) bool {
	for _, pos := range errors.Positions(e) {
		dir := filepath.Dir(pos.Filename())
		for _, schemas := range ev.ix.schemas {
			if dir == schemas {
				return true
			}
		}
	}
	return false
}

// unusedImport recognises what CUE says of an import that nothing names. What
// cannot be imported is out of the tree by now, so no other error stands there.
func (ev *evaluator) unusedImport(e errors.Error) (Problem, bool) {
	spec, _ := ev.ix.failedImport(e)
	if spec == nil {
		return Problem{}, false
	}
	return Problem{
		Code: CodeUnusedImport, Severity: SeverityError, Range: span(spec),
		Message: "nothing uses the import " + importPath(spec), Hint: "remove it",
	}, true
}
