package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/quick"

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
		"far to the right": {strings.Repeat("x", 500), 400, 410, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "ci.cue")
			if err := os.WriteFile(file, []byte(c.line+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			r := runtime.Range{File: file, Start: runtime.Position{Column: c.start}, End: runtime.Position{Column: c.end}}
			if got := (lineReader{}).excerpt(r); got != c.want {
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

// TestExcerptFitsAnything gives lines and columns that do not fit each other, as
// a file that changed after it was checked does. It is no fuzz target: building
// this package with the fuzzer's instrumentation takes minutes.
func TestExcerptFitsAnything(t *testing.T) {
	sound := func(line string, start, end uint8) bool {
		line, _, _ = strings.Cut(line, "\n")
		lines := lineReader{"f": [][]byte{[]byte(line)}}
		got := lines.excerpt(runtime.Range{
			File: "f", Start: runtime.Position{Column: int(start)}, End: runtime.Position{Column: int(end)},
		})
		n := strings.Count(got, "\n")
		return (n == 0 || n == 2) && !strings.ContainsAny(got, "\x1b\x07\r")
	}
	if err := quick.Check(sound, &quick.Config{MaxCount: 20000}); err != nil {
		t.Error(err)
	}
	if !sound("\x1b]0;title\x07a", 3, 1) || !sound("名", 1, 2) {
		t.Error("a known trap")
	}
}
