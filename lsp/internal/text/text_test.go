package text

import (
	"testing"

	"github.com/dagger/dagger-lsp/runtime"
)

func TestOffset(t *testing.T) {
	// é is 2 bytes and 1 unit, 😀 is 4 bytes and 2 units.
	const s = "aé😀b\r\nx\ry\n"
	for _, tc := range []struct {
		enc        Encoding
		line, char uint32
		want       int
	}{
		{UTF16, 0, 0, 0},
		{UTF16, 0, 1, 1},
		{UTF16, 0, 2, 3},
		{UTF16, 0, 3, 3}, // inside the surrogate pair
		{UTF16, 0, 4, 7},
		{UTF16, 0, 5, 8},
		{UTF16, 0, 99, 8}, // clamped before "\r\n"
		{UTF16, 1, 0, 10},
		{UTF16, 2, 1, 13}, // a lone "\r" ends a line
		{UTF16, 3, 0, 14},
		{UTF16, 99, 99, 14},
		{UTF8, 0, 2, 1}, // inside é
		{UTF8, 0, 3, 3},
		{UTF8, 0, 6, 3}, // inside the emoji
		{UTF8, 0, 7, 7},
		{UTF8, 0, 1 << 31, 8},
		{UTF8, 1 << 31, 0, 14},
	} {
		if got := New(s).Offset(tc.enc, Position{tc.line, tc.char}); got != tc.want {
			t.Errorf("encoding %d, %d:%d: offset %d, want %d", tc.enc, tc.line, tc.char, got, tc.want)
		}
	}
}

func TestRuntimePositionsIgnoreLoneReturns(t *testing.T) {
	d := New("a\rb\nc😀d\n")
	p := runtime.Position{Line: 1, Column: 5} // d, in CUE's count of lines
	if got, want := d.FromRuntime(UTF16, p), (Position{2, 3}); got != want {
		t.Errorf("FromRuntime = %v, want %v", got, want)
	}
	if got := d.ToRuntime(UTF16, Position{2, 3}); got != p {
		t.Errorf("ToRuntime = %v, want %v", got, p)
	}
}

func TestShift(t *testing.T) {
	for _, tc := range []struct {
		name       string
		c          Change
		start, end int
		ok         bool
	}{
		{"before", Change{0, 2, "xyz"}, 6, 11, true},
		{"after", Change{12, 14, ""}, 5, 10, true},
		{"at start", Change{5, 5, "x"}, 6, 11, true},
		{"at end", Change{10, 10, "x"}, 5, 10, true},
		{"inside", Change{6, 7, ""}, 0, 0, false},
		{"around", Change{0, 20, ""}, 0, 0, false},
	} {
		start, end, ok := tc.c.Shift(5, 10)
		if start != tc.start || end != tc.end || ok != tc.ok {
			t.Errorf("%s: %d, %d, %v; want %d, %d, %v", tc.name, start, end, ok, tc.start, tc.end, tc.ok)
		}
	}
}
