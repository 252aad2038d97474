package text

import (
	"math/rand"
	"strings"
	"testing"
	"unicode/utf16"
)

// model is an independent, slow notion of a text: for UTF-16 a list of code
// units, for UTF-8 a list of bytes, cut into lines one unit at a time.
type model struct {
	enc   Encoding
	units []uint16
}

func newModel(enc Encoding, s string) *model {
	if enc == UTF16 {
		return &model{enc, utf16.Encode([]rune(s))}
	}
	m := &model{enc: enc}
	for i := 0; i < len(s); i++ {
		m.units = append(m.units, uint16(s[i]))
	}
	return m
}

func (m *model) String() string {
	if m.enc == UTF16 {
		return string(utf16.Decode(m.units))
	}
	var b strings.Builder
	for _, u := range m.units {
		b.WriteByte(byte(u))
	}
	return b.String()
}

// index finds the unit of a position by walking over the text.
func (m *model) index(p Position) int {
	i := 0
	for line := uint32(0); line < p.Line; line++ {
		for i < len(m.units) && m.units[i] != '\n' && m.units[i] != '\r' {
			i++
		}
		if i == len(m.units) {
			return i
		}
		if m.units[i] == '\r' && i+1 < len(m.units) && m.units[i+1] == '\n' {
			i++
		}
		i++
	}
	for n := uint32(0); n < p.Character && i < len(m.units); n++ {
		if m.units[i] == '\n' || m.units[i] == '\r' {
			break
		}
		i++
	}
	for i > 0 && i < len(m.units) && m.continues(i) {
		i--
	}
	return i
}

// continues reports whether unit i is not the first of its rune.
func (m *model) continues(i int) bool {
	if m.enc == UTF16 {
		return m.units[i] >= 0xDC00 && m.units[i] < 0xE000
	}
	return m.units[i]&0xC0 == 0x80
}

func (m *model) replace(start, end Position, s string) {
	i, j := m.index(start), m.index(end)
	if j < i {
		j = i
	}
	tail := append([]uint16{}, m.units[j:]...)
	m.units = append(append(m.units[:i:i], newModel(m.enc, s).units...), tail...)
}

// TestRandomEdits applies random edits, wild positions among them, to a
// Document and to the model, then undoes them all.
func TestRandomEdits(t *testing.T) {
	for _, enc := range []Encoding{UTF8, UTF16} {
		for seed := int64(0); seed < 200; seed++ {
			randomEdits(t, enc, rand.New(rand.NewSource(seed)))
		}
	}
}

func randomEdits(t *testing.T, enc Encoding, r *rand.Rand) {
	t.Helper()
	first := randomText(r, 40)
	doc, mod := New(first), newModel(enc, first)
	var undo []Change
	for range 30 {
		a, b := randomPosition(r), randomPosition(r)
		s := randomText(r, 6)
		c := Change{Start: doc.Offset(enc, a), End: doc.Offset(enc, b), Text: s}
		c.End = max(c.Start, c.End)
		undo = append(undo, Change{c.Start, c.Start + len(s), doc.String()[c.Start:c.End]})
		mod.replace(a, b, s)
		doc = doc.Apply(c)
		if doc.String() != mod.String() {
			t.Fatalf("encoding %d: after %v-%v %q: %q, model has %q", enc, a, b, s, doc, mod)
		}
		checkRoundTrip(t, enc, doc)
	}
	for i := len(undo) - 1; i >= 0; i-- {
		doc = doc.Apply(undo[i])
	}
	if doc.String() != first {
		t.Fatalf("undone to %q, started with %q", doc, first)
	}
}

// checkRoundTrip checks that every rune's offset survives the way to a
// position and back.
func checkRoundTrip(t *testing.T, enc Encoding, d *Document) {
	t.Helper()
	for i, r := range d.String() {
		inCRLF := r == '\n' && i > 0 && d.String()[i-1] == '\r'
		if got := d.Offset(enc, d.At(enc, i)); got != i && !inCRLF {
			t.Fatalf("%q: offset %d became %v became %d", d, i, d.At(enc, i), got)
		}
		if got := d.RuntimeOffset(d.RuntimeAt(i)); got != i {
			t.Fatalf("%q: offset %d became %v became %d", d, i, d.RuntimeAt(i), got)
		}
	}
}

func randomText(r *rand.Rand, n int) string {
	alphabet := []string{"a", "b", "é", "漢", "😀", "\n", "\r\n", "\r", "\t", ""}
	var b strings.Builder
	for range r.Intn(n + 1) {
		b.WriteString(alphabet[r.Intn(len(alphabet))])
	}
	return b.String()
}

func randomPosition(r *rand.Rand) Position {
	if r.Intn(20) == 0 {
		return Position{Line: r.Uint32(), Character: r.Uint32()}
	}
	return Position{Line: uint32(r.Intn(12)), Character: uint32(r.Intn(10))}
}
