package runtime

import "fmt"

// Position is a place in a file. Line and Column count from 0; Column counts
// UTF-8 bytes. CUE and BuildKit count lines from 1, LSP counts columns in the
// negotiated encoding: whoever crosses that border converts.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Before reports whether p comes before q.
func (p Position) Before(q Position) bool {
	return p.Line < q.Line || (p.Line == q.Line && p.Column < q.Column)
}

// Range is a half-open stretch of one file. The zero Range means "nowhere".
type Range struct {
	// File is an absolute path.
	File  string   `json:"file"`
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// IsZero reports whether r points nowhere.
func (r Range) IsZero() bool { return r.File == "" }

// Contains reports whether p lies in r, both ends included, so that a cursor
// behind the last character still belongs to it.
func (r Range) Contains(p Position) bool {
	return !p.Before(r.Start) && !r.End.Before(p)
}

// String gives file:line:column, counted from 1 as compilers do.
func (r Range) String() string {
	return fmt.Sprintf("%s:%d:%d", r.File, r.Start.Line+1, r.Start.Column+1)
}

// Severity orders problems; the values are LSP's.
type Severity int

// The severities, most serious first.
const (
	SeverityError Severity = iota + 1
	SeverityWarning
	SeverityInformation
	SeverityHint
)

// String names s in lower case, as `check` prints it.
func (s Severity) String() string {
	switch s {
	case SeverityError:
		return "error"
	case SeverityWarning:
		return "warning"
	case SeverityInformation:
		return "information"
	case SeverityHint:
		return "hint"
	}
	return fmt.Sprintf("severity(%d)", int(s))
}

// Code names one kind of problem. It is stable: settings, docs and case files
// use the same word.
type Code string

// The problems the runtime itself finds. Checks in package analysis have their
// own codes beside them.
const (
	CodeSyntax              Code = "syntax-error"
	CodeUnknownOp           Code = "unknown-op"
	CodeUnknownField        Code = "unknown-field"
	CodeMissingField        Code = "missing-field"
	CodeMistypedField       Code = "mistyped-field"
	CodeConflict            Code = "conflict"
	CodeUnresolvedReference Code = "unresolved-reference"
	CodeUnresolvedImport    Code = "unresolved-import"
	CodeUnusedImport        Code = "unused-import"
	CodeReferenceCycle      Code = "reference-cycle"
	CodeNotAComponent       Code = "not-a-component"
	CodeMissingInput        Code = "missing-input"
	CodeWaiting             Code = "waiting"
	CodeUnknownTarget       Code = "unknown-target"
	CodeLoad                Code = "load-error"
	CodeEvalTimeout         Code = "evaluation-timeout"
	CodeEvalMemory          Code = "evaluation-memory"
	CodeEvalCrash           Code = "evaluation-crash"
	CodePathEscapes         Code = "path-escapes"
	CodeImageNotFound       Code = "image-not-found"
	CodeBadValue            Code = "bad-value"
	CodeOlderSpelling       Code = "older-spelling"
	CodePlainSecret         Code = "plain-secret"
	CodeSecretAsValue       Code = "secret-as-value"
	CodeNeedsSession        Code = "needs-session"
	CodeWeakSecret          Code = "weak-secret"
	CodeUnknownHost         Code = "unknown-host"
)

// Related is a second place that explains a problem, such as the other side of
// a conflict.
type Related struct {
	Range   Range  `json:"range"`
	Message string `json:"message"`
}

// Problem is a user's mistake, as data. It is never a Go error: errors are for
// I/O, cancellation and bugs.
type Problem struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Range    Range    `json:"range"`
	Message  string   `json:"message"`
	// Hint says what the user can do; empty where there is nothing to say.
	Hint    string    `json:"hint,omitempty"`
	Related []Related `json:"related,omitempty"`
	// Component is the CUE path of the component it stands in, if any.
	Component string `json:"component,omitempty"`
	// Suggestion is the text that would replace Range to mend it, if known.
	Suggestion string `json:"suggestion,omitempty"`
	// Edits mend it where that takes more than Suggestion in place of Range.
	Edits []Edit `json:"edits,omitempty"`
}

// Edit is a change of text: NewText in place of Range.
type Edit struct {
	Range   Range  `json:"range"`
	NewText string `json:"newText"`
}

// HasErrors reports whether any of ps has error severity.
func HasErrors(ps []Problem) bool {
	for _, p := range ps {
		if p.Severity == SeverityError {
			return true
		}
	}
	return false
}
