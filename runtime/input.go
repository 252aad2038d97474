package runtime

import (
	"cuelang.org/go/cue"
)

// More flags of @dagger(...): a value that the user sets, and one that is a
// component.
const (
	inputFlag    = "input"
	artifactFlag = "artifact"
)

// input says of a declared input without a value, where it is declared, how to
// give one. Inputs of definitions are set by those who use them.
func (ev *evaluator) input(v cue.Value, path string) {
	field := ev.declaration(path, nil)
	if field == nil || !isUnset(v) || !ev.marked(v, inputFlag, 0) {
		return
	}
	name, _, _ := fieldRanges(field)
	if ev.ix.isEmbedded(name.File) || ev.origin(v).path != "" {
		return // what it names is to be set
	}
	ev.problems = append(ev.problems, Problem{
		Code: CodeMissingInput, Severity: SeverityHint, Range: name,
		Message: "the input " + path + " has no value yet",
		Hint:    "set it here, or give it with " + ev.inputOption(v, path),
	})
}

// isUnset reports that v is neither wrong nor known, even by default.
func isUnset(v cue.Value) bool {
	if v.LookupPath(upPath).Exists() || v.Validate(cue.Concrete(false)) != nil {
		return false
	}
	if dv, ok := v.Default(); ok {
		v = dv
	}
	return v.IncompleteKind() == cue.TopKind || v.Validate(cue.Concrete(true)) != nil
}

// inputOption is what the command line takes the value by.
func (ev *evaluator) inputOption(v cue.Value, path string) string {
	switch {
	case ev.marked(v, secretFlag, 0):
		return "--secret " + path + "=env:NAME"
	case ev.marked(v, streamFlag, 0):
		return "--stream " + path + "=unix:/path/of/the.sock"
	case ev.marked(v, artifactFlag, 0):
		return "--input " + path + "=dir:FOLDER"
	}
	return "--input " + path + "=VALUE"
}
