// Package text holds documents as an editor sees them: immutable text with an
// index of its lines, and the conversions between byte offsets, the positions
// of package runtime (lines end at "\n", columns count bytes) and those of LSP
// (lines end at "\n", "\r\n" or "\r", characters count UTF-8 bytes or UTF-16
// code units).
//
// Positions from outside are clamped, never refused: a line past the end means
// the end of the text, a character past the end of its line means that end,
// and one inside a rune means the rune's start.
package text

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/dagger/dagger-lsp/runtime"
)

// Encoding says what a position's character counts.
type Encoding int

// The encodings we negotiate. UTF16 is the protocol's default.
const (
	UTF16 Encoding = iota
	UTF8
)

// Position is a place in LSP's terms, in some Encoding.
type Position struct {
	Line, Character uint32
}

// Document is one text. It never changes: an edit makes another.
type Document struct {
	content string
	// lines are the offsets where LSP's lines start, breaks those where
	// runtime's do. They are one slice unless the text has a lone "\r".
	lines, breaks []int
}

// New indexes content.
func New(content string) *Document {
	breaks, lone := scan(content)
	d := &Document{content: content, lines: breaks, breaks: breaks}
	if lone {
		d.lines = scanLoneReturns(content)
	}
	return d
}

// scan finds where the lines that "\n" ends start, and whether there is a "\r"
// that no "\n" follows.
func scan(s string) (starts []int, lone bool) {
	starts = append(make([]int, 0, 1+strings.Count(s, "\n")), 0)
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\n':
			starts = append(starts, i+1)
		case '\r':
			lone = lone || i+1 == len(s) || s[i+1] != '\n'
		}
	}
	return starts, lone
}

// scanLoneReturns is scan for texts in which "\r" alone ends a line too.
func scanLoneReturns(s string) []int {
	starts := []int{0}
	for i := 0; i < len(s); i++ {
		if s[i] == '\n' || (s[i] == '\r' && (i+1 == len(s) || s[i+1] != '\n')) {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// String returns the text.
func (d *Document) String() string { return d.content }

// Len returns the text's length in bytes.
func (d *Document) Len() int { return len(d.content) }

// Offset returns the byte offset of p.
func (d *Document) Offset(enc Encoding, p Position) int {
	if int64(p.Line) >= int64(len(d.lines)) {
		return len(d.content)
	}
	start := d.lines[p.Line]
	line := d.line(int(p.Line))
	if enc == UTF8 {
		return start + runeStart(line, p.Character)
	}
	return start + utf16Offset(line, p.Character)
}

// line returns the text of line n without its end.
func (d *Document) line(n int) string {
	end := len(d.content)
	if n+1 < len(d.lines) {
		end = d.lines[n+1]
	}
	return strings.TrimRight(d.content[d.lines[n]:end], "\r\n")
}

// runeStart clamps the byte column n to line and to the start of its rune.
func runeStart(line string, n uint32) int {
	if uint64(n) >= uint64(len(line)) {
		return len(line)
	}
	i := int(n)
	for back := 0; i > 0 && back < utf8.UTFMax-1 && !utf8.RuneStart(line[i]); back++ {
		i--
	}
	return i
}

// utf16Offset returns the byte offset in line of the n-th UTF-16 code unit. The
// second half of a surrogate pair belongs to the rune's start.
func utf16Offset(line string, n uint32) int {
	var units uint32
	for i, r := range line {
		units += width16(r)
		if units > n {
			return i
		}
	}
	return len(line)
}

func width16(r rune) uint32 {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// At returns the LSP position of a byte offset.
func (d *Document) At(enc Encoding, offset int) Position {
	offset = min(max(offset, 0), len(d.content))
	n := sort.SearchInts(d.lines, offset+1) - 1
	prefix := d.content[d.lines[n]:offset]
	if enc == UTF8 {
		return Position{Line: uint32(n), Character: uint32(len(prefix))}
	}
	var units uint32
	for _, r := range prefix {
		units += width16(r)
	}
	return Position{Line: uint32(n), Character: units}
}

// RuntimeOffset returns the byte offset of a position of package runtime.
func (d *Document) RuntimeOffset(p runtime.Position) int {
	if p.Line < 0 {
		return 0
	}
	if p.Line >= len(d.breaks) {
		return len(d.content)
	}
	end := len(d.content)
	if p.Line+1 < len(d.breaks) {
		end = d.breaks[p.Line+1] - 1
	}
	return min(d.breaks[p.Line]+max(p.Column, 0), end)
}

// RuntimeAt returns the position of package runtime of a byte offset.
func (d *Document) RuntimeAt(offset int) runtime.Position {
	offset = min(max(offset, 0), len(d.content))
	n := sort.SearchInts(d.breaks, offset+1) - 1
	return runtime.Position{Line: n, Column: offset - d.breaks[n]}
}

// FromRuntime converts a position of package runtime to LSP's.
func (d *Document) FromRuntime(enc Encoding, p runtime.Position) Position {
	return d.At(enc, d.RuntimeOffset(p))
}

// ToRuntime converts a position of LSP to package runtime's.
func (d *Document) ToRuntime(enc Encoding, p Position) runtime.Position {
	return d.RuntimeAt(d.Offset(enc, p))
}
