package runtime

import (
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// comments are the lines of a stretch that hold comments, each with its end.
func (o *older) comments(from, to token.Pos) string {
	var out strings.Builder
	for line := range strings.Lines(o.text(from, to)) {
		if _, comment, ok := strings.Cut(line, "//"); ok {
			out.WriteString("//" + strings.TrimRight(comment, "\n") + "\n")
		}
	}
	return out.String()
}

// trailing puts comment lines behind a value.
func (o *older) trailing(comments string) string {
	if comments == "" {
		return ""
	}
	return "\n" + strings.TrimRight(comments, "\n")
}

// blankBefore is where the white space before a place begins, its line's end
// included.
func (o *older) blankBefore(p token.Pos) token.Pos {
	head := o.f.text[:max(p.Offset(), 0)]
	trimmed := strings.TrimRight(string(head), " \t")
	trimmed = strings.TrimSuffix(trimmed, "\n")
	return p.Add(len(trimmed) - len(head))
}

// separatorAfter is where the comma behind a place ends, if there is one.
func (o *older) separatorAfter(p token.Pos) token.Pos {
	tail := string(o.f.text[max(p.Offset(), 0):])
	rest := strings.TrimLeft(tail, " \t")
	if strings.HasPrefix(rest, ",") {
		return p.Add(len(tail) - len(rest) + 1)
	}
	return p
}

// between is what stands between a field and one put behind it: a new line with
// the same indentation, or a comma where the field is not the first of its line.
func (o *older) between(f *ast.Field) string {
	head := string(o.f.text[:max(f.Pos().Offset(), 0)])
	line := head[strings.LastIndexByte(head, '\n')+1:]
	if strings.TrimSpace(line) == "" {
		return "\n" + line
	}
	return ", "
}
