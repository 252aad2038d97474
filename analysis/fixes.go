package analysis

import "github.com/dagger/dagger-lsp/runtime"

// Fix mends a problem by replacing a stretch of text.
type Fix struct {
	Title   string
	Problem runtime.Problem
	Range   runtime.Range
	NewText string
}

// Fixes returns the fixes for the problems that r touches.
func Fixes(problems []runtime.Problem, r runtime.Range) []Fix {
	var out []Fix
	for _, p := range problems {
		if p.Suggestion == "" || !touches(p.Range, r) {
			continue
		}
		out = append(out, Fix{
			Title:   "Change to " + p.Suggestion,
			Problem: p,
			Range:   p.Range,
			NewText: p.Suggestion,
		})
	}
	return out
}
