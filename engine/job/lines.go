package job

import (
	"bytes"
	"strings"
)

// maxLine bounds a line, so that output without newlines does not pile up.
const maxLine = 64 << 10

// lineBuffer cuts output into lines.
type lineBuffer struct {
	part []byte
}

// add returns the lines that data completes.
func (b *lineBuffer) add(data []byte) []string {
	var lines []string
	for {
		head, tail, found := bytes.Cut(data, []byte{'\n'})
		b.part = append(b.part, head...)
		if !found {
			break
		}
		lines = append(lines, b.take())
		data = tail
	}
	if len(b.part) > maxLine {
		lines = append(lines, b.take())
	}
	return lines
}

// rest returns the last line when it has no end.
func (b *lineBuffer) rest() []string {
	if len(b.part) == 0 {
		return nil
	}
	return []string{b.take()}
}

// take empties the buffer. A terminal would show only what follows the last
// carriage return of a line; so do we.
func (b *lineBuffer) take() string {
	s := strings.TrimRight(string(b.part), "\r")
	b.part = b.part[:0]
	if i := strings.LastIndexByte(s, '\r'); i >= 0 {
		s = s[i+1:]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
