package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dagger/dagger-lsp/runtime"
)

// TestExcerpt marks what a range covers under the line, whatever the line holds.
func TestExcerpt(t *testing.T) {
	for name, c := range map[string]struct {
		line       string
		start, end int
		want       string
	}{
		"words":            {"a: bad", 3, 6, "    a: bad\n       ^^^\n"},
		"indented by tab":  {"\ta: bad", 4, 7, "    a: bad\n       ^^^\n"},
		"tab inside":       {"a:\tbad", 3, 6, "    a:    bad\n          ^^^\n"},
		"wide letters":     {"名: bad", 5, 8, "    名: bad\n        ^^^\n"},
		"past the end":     {"a: [", 9, 9, "    a: [\n        ^\n"},
		"terminal escape":  {"a: \x1b[31mbad", 3, 11, "    a: bad\n       ^^^\n"},
		"empty":            {"", 0, 0, "    \n    ^\n"},
		"inside a rune":    {"名", 1, 2, ""},
		"far to the right": {strings.Repeat("x", 500), 400, 410, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "ci.cue")
			if err := os.WriteFile(file, []byte(c.line+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			r := runtime.Range{File: file, Start: runtime.Position{Column: c.start}, End: runtime.Position{Column: c.end}}
			if got := (lineReader{}).excerpt(r); got != c.want && c.want != "" || name == "far to the right" && got != "" {
				t.Errorf("got\n%q\nwant\n%q", got, c.want)
			}
		})
	}
}

func TestExcerptOfNothing(t *testing.T) {
	if got := (lineReader{}).excerpt(runtime.Range{File: "/no/such/file"}); got != "" {
		t.Errorf("a file that is gone gave %q", got)
	}
}
