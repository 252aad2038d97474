package runtime

import (
	"bytes"
	"cmp"
	"maps"
	"os"
	"slices"

	"cuelang.org/go/cue/format"
)

// Migrate gives the package's files in today's spelling: the new texts of those
// that change, by path. Comments and layout stay; a file that was formatted
// comes back formatted. The plan is the same but for its positions.
func Migrate(src Source) map[string][]byte {
	changed := map[string][]byte{}
	src.Overlay = maps.Clone(src.Overlay)
	if src.Overlay == nil {
		src.Overlay = map[string][]byte{}
	}
	for range maxMigrations {
		next := migrateOnce(src)
		if len(next) == 0 {
			break
		}
		maps.Copy(changed, next)
		maps.Copy(src.Overlay, next)
	}
	return changed
}

// maxMigrations bounds the rounds: a spelling inside another one that is moved
// waits for the next.
const maxMigrations = 16

func migrateOnce(src Source) map[string][]byte {
	byFile := map[string][]Problem{}
	for _, p := range Syntax(src).Problems {
		if p.Code == CodeOlderSpelling {
			byFile[p.Range.File] = append(byFile[p.Range.File], p)
		}
	}
	out := map[string][]byte{}
	for path, problems := range byFile {
		text, ok := src.Overlay[path]
		if !ok {
			var err error
			if text, err = os.ReadFile(path); err != nil {
				continue // gone since it was read: nothing to migrate
			}
		}
		if next := ApplyEdits(text, problems); !bytes.Equal(next, text) {
			out[path] = formatLike(text, next)
		}
	}
	return out
}

// formatLike formats text if like is formatted.
func formatLike(like, text []byte) []byte {
	if was, err := format.Source(like); err != nil || !bytes.Equal(was, like) {
		return text
	}
	formatted, err := format.Source(text)
	if err != nil {
		return text
	}
	return formatted
}

// ApplyEdits makes the changes that problems of one file carry. Of problems
// whose edits overlap, the first counts.
func ApplyEdits(text []byte, problems []Problem) []byte {
	var edits []Edit
	for _, p := range problems {
		if !slices.ContainsFunc(p.Edits, func(e Edit) bool { return overlaps(edits, e) }) {
			edits = append(edits, p.Edits...)
		}
	}
	slices.SortStableFunc(edits, func(a, b Edit) int { return compareRanges(a.Range, b.Range) })
	lines := lineStarts(text)
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		start, end := offset(lines, text, e.Range.Start), offset(lines, text, e.Range.End)
		if start < at || end < start {
			continue
		}
		out.Write(text[at:start])
		out.WriteString(e.NewText)
		at = end
	}
	out.Write(text[at:])
	return out.Bytes()
}

func overlaps(edits []Edit, e Edit) bool {
	return slices.ContainsFunc(edits, func(o Edit) bool {
		if o.Range == e.Range {
			return o.NewText != "" // the same insertion twice is one
		}
		return o.Range.Start.Before(e.Range.End) && e.Range.Start.Before(o.Range.End)
	})
}

func lineStarts(text []byte) []int {
	starts := []int{0}
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func offset(lines []int, text []byte, p Position) int {
	if p.Line >= len(lines) {
		return len(text)
	}
	return min(lines[p.Line]+p.Column, cmp.Or(len(text), 0))
}
