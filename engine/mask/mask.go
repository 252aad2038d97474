// Package mask takes secrets out of what a job says: logs, errors, values.
//
// A secret is looked for as it is and in the forms in which programs print
// things: base64 (standard and URL alphabet, at all three alignments, and
// wrapped at the usual widths), hexadecimal in both cases, URL-escaped,
// JSON-escaped and quoted for shells. Of a secret of several lines each line
// counts too. Where one is found stands Masker.Mark.
//
// What is masked, and what is not, so that short common words stay readable:
//
//   - a secret of less than 4 bytes, and one that is a common word of logs
//     ("true", "test", "admin"), is not masked at all; Weak names it;
//   - one of less than 8 bytes is masked where it stands alone: not inside a
//     longer word; its base64 and hexadecimal forms are masked anywhere;
//   - every other secret is masked anywhere.
//
// White space at the ends of a secret does not count. A Stream is fed in pieces
// cut anywhere and holds text back only while it may turn out to be the
// beginning of a secret, and never a line that has ended. Time is linear in the
// text, memory in the secrets: about 400 bytes for each byte of a secret.
//
// Absent on purpose: parts of a secret, encodings of encodings, archives and
// compression. Who prints those shows the secret.
package mask

import (
	"maps"
	"slices"
	"strings"
)

// Bounds of what counts as a secret, in bytes.
const (
	// minSecret is the least that is masked: less occurs by chance anywhere.
	minSecret = 4
	// minAnywhere is the least that is masked inside longer words.
	minAnywhere = 8
)

// Masker knows the secrets of one job. A nil Masker knows none. It is
// immutable and safe for concurrent use.
type Masker struct {
	auto *automaton
	// names and tokens are by needle: which secret it is a form of, and
	// whether it counts only where it stands alone.
	names  []string
	tokens []bool
	weak   []string
	mark   string
}

// marks are what may stand for a secret. The first is used that no secret has
// a byte of, lest marks and text around them make up a secret.
var marks = []string{"***", "<secret>", "█████", ""}

// New makes a masker of secrets by name.
func New(secrets map[string][]byte) *Masker {
	m := &Masker{auto: newAutomaton()}
	all := ""
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		text := strings.TrimSpace(string(secrets[name]))
		if len(text) < minSecret || isCommon(text) {
			m.weak = append(m.weak, name)
			continue
		}
		all += text
		for _, f := range forms(text) {
			m.add(name, f)
		}
	}
	m.auto.finish()
	i := slices.IndexFunc(marks, func(mark string) bool { return mark == "" || !strings.ContainsAny(all, mark) })
	m.mark = marks[i]
	return m
}

func (m *Masker) add(name string, f form) {
	if len(f.text) < minSecret || isCommon(f.text) {
		return
	}
	if m.auto.add(f.text, len(m.names), f.token) {
		m.names = append(m.names, name)
		m.tokens = append(m.tokens, f.token)
	}
}

// Weak names the secrets that are too short or too common to be masked.
func (m *Masker) Weak() []string {
	if m == nil {
		return nil
	}
	return m.weak
}

// Mark is what stands for a secret.
func (m *Masker) Mark() string { return m.mark }

// Text masks a text that is whole.
func (m *Masker) Text(s string) string {
	if m == nil || len(m.names) == 0 || s == "" {
		return s
	}
	st := m.Stream()
	return string(append(st.Write([]byte(s)), st.Flush()...))
}

// Find names a secret that data holds in any form.
func (m *Masker) Find(data []byte) (name string, found bool) {
	if m == nil || len(m.names) == 0 {
		return "", false
	}
	st := m.Stream()
	st.Write(data)
	st.Flush()
	if st.found < 0 {
		return "", false
	}
	return m.names[st.found], true
}
