package analysis

import (
	"slices"
	"strings"

	"github.com/dagger/dagger-lsp/runtime"
)

// Fix mends a problem by changes of text.
type Fix struct {
	Title   string
	Problem runtime.Problem
	Edits   []runtime.Edit
	// Preferred marks the fix that an editor may take without asking.
	Preferred bool
}

// Fixes returns the fixes for the problems that r touches.
func Fixes(problems []runtime.Problem, r runtime.Range) []Fix {
	var out []Fix
	for _, p := range problems {
		if p.Suggestion == "" || !touches(p.Range, r) {
			continue
		}
		f := Fix{Title: "Change to " + p.Suggestion, Problem: p, Edits: p.Edits, Preferred: true}
		if len(f.Edits) == 0 {
			f.Edits = []runtime.Edit{{Range: p.Range, NewText: p.Suggestion}}
		}
		out = append(out, f)
	}
	return out
}

// Migrations returns the fixes that write a whole file, and the whole package, in
// today's spelling, if one of the older spellings that r touches asks for it.
func Migrations(src runtime.Source, problems []runtime.Problem, r runtime.Range, text func(path string) string) []Fix {
	i := slices.IndexFunc(problems, func(p runtime.Problem) bool {
		return p.Code == runtime.CodeOlderSpelling && touches(p.Range, r)
	})
	if i < 0 {
		return nil
	}
	var file, all []runtime.Edit
	for path, next := range runtime.Migrate(src) {
		e := Replacement(path, text(path), string(next))
		all = append(all, e)
		if path == r.File {
			file = append(file, e)
		}
	}
	out := []Fix{{Title: "Write this file in today's spelling", Problem: problems[i], Edits: file}}
	if len(all) > len(file) {
		slices.SortFunc(all, func(a, b runtime.Edit) int { return strings.Compare(a.Range.File, b.Range.File) })
		out = append(out, Fix{Title: "Write this package in today's spelling", Problem: problems[i], Edits: all})
	}
	return out
}

// Replacement is the edit that makes one text of a file into another: from the
// first line that differs to the last.
func Replacement(path, was, next string) runtime.Edit {
	a, b := strings.SplitAfter(was, "\n"), strings.SplitAfter(next, "\n")
	first := 0
	for first < len(a) && first < len(b) && a[first] == b[first] {
		first++
	}
	same := 0
	for same < len(a)-first && same < len(b)-first && a[len(a)-1-same] == b[len(b)-1-same] {
		same++
	}
	end := runtime.Position{Line: len(a) - same}
	if same == 0 {
		end = runtime.Position{Line: len(a) - 1, Column: len(a[len(a)-1])}
	}
	return runtime.Edit{
		Range:   runtime.Range{File: path, Start: runtime.Position{Line: first}, End: end},
		NewText: strings.Join(b[first:len(b)-same], ""),
	}
}
