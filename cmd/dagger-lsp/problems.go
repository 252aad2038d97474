package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/dagger/dagger-lsp/runtime"
)

// report prints problems for people: place, severity, message, the line it is
// about with a mark under it, and what to do. Places count from 1, as in
// compilers, so that terminals and editors can jump to them.
func (a *app) report(w io.Writer, problems []runtime.Problem) {
	lines := lineReader{}
	for _, p := range problems {
		fmt.Fprintf(w, "%s%s: %s [%s]\n", a.place(p.Range), p.Severity, printable(p.Message), p.Code)
		fmt.Fprint(w, a.plain.Text(lines.excerpt(p.Range)))
		for _, r := range p.Related {
			fmt.Fprintf(w, "  %s%s\n", a.place(r.Range), printable(r.Message))
		}
		if p.Hint != "" {
			fmt.Fprintf(w, "  hint: %s\n", printable(p.Hint))
		}
	}
}

// place is "file:line:column: ", or nothing for a problem without a place.
func (a *app) place(r runtime.Range) string {
	if r.IsZero() {
		return ""
	}
	r.File = a.env.rel(r.File)
	return r.String() + ": "
}

// printable keeps text from the user's files from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' {
			return r
		}
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, ansi.Strip(s))
}

// lineReader reads lines of files, each file once.
type lineReader map[string][][]byte

func (l lineReader) line(file string, n int) (string, bool) {
	lines, ok := l[file]
	if !ok {
		// A file that cannot be read has no excerpt; the problem stands.
		if data, err := os.ReadFile(file); err == nil {
			lines = bytes.Split(data, []byte("\n"))
		}
		l[file] = lines
	}
	if n < 0 || n >= len(lines) {
		return "", false
	}
	return string(lines[n]), true
}

// Bounds of an excerpt: a line may be long, and a range may span lines.
const maxExcerpt = 160

// excerpt is the first line of r with a mark under the part that r covers.
func (l lineReader) excerpt(r runtime.Range) string {
	if r.IsZero() {
		return ""
	}
	line, ok := l.line(r.File, r.Start.Line)
	if !ok {
		return ""
	}
	start, end := min(r.Start.Column, len(line)), len(line)
	if r.End.Line == r.Start.Line {
		end = max(start, min(r.End.Column, end))
	}
	before, marked := flat(line[:start]), flat(strings.TrimRight(line[start:end], " \t\r"))
	text := strings.TrimLeft(flat(line), " ")
	indent := len(flat(line)) - len(text)
	lead := max(0, ansi.StringWidth(before)-indent)
	if lead >= maxExcerpt {
		return ""
	}
	width := max(1, min(ansi.StringWidth(marked), maxExcerpt-lead))
	return "    " + ansi.Truncate(text, maxExcerpt, "…") + "\n    " + strings.Repeat(" ", lead) + strings.Repeat("^", width) + "\n"
}

// flat makes tabs as wide on every terminal as the mark below assumes.
func flat(s string) string {
	return strings.ReplaceAll(printable(strings.TrimSuffix(s, "\r")), "\t", "    ")
}

// tally counts problems in words: "2 errors, 1 warning".
func tally(problems []runtime.Problem) string {
	counts := map[runtime.Severity]int{}
	for _, p := range problems {
		counts[p.Severity]++
	}
	var parts []string
	for _, s := range []runtime.Severity{runtime.SeverityError, runtime.SeverityWarning, runtime.SeverityInformation, runtime.SeverityHint} {
		if n := counts[s]; n > 0 {
			parts = append(parts, plural(n, s.String()))
		}
	}
	return strings.Join(parts, ", ")
}

func plural(n int, noun string) string {
	if n == 1 || noun == runtime.SeverityInformation.String() {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
