package mask

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the section want of testdata")

// TestMask plays the archives of testdata: "secret NAME" sections are the
// secrets, "in" is a log, "want" what is shown of it, whole and in pieces of
// any length.
func TestMask(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { play(t, path) })
	}
}

func play(t *testing.T, path string) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secrets, sections := map[string][]byte{}, map[string]*txtar.File{}
	for i, f := range a.Files {
		if name, ok := strings.CutPrefix(f.Name, "secret "); ok {
			secrets[name] = f.Data
			continue
		}
		sections[f.Name] = &a.Files[i]
	}
	m := New(secrets)
	in, want := string(sections["in"].Data), sections["want"]
	got := m.Text(in)
	if *update {
		want.Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil { //nolint:gosec // a source file
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(want.Data), got); d != "" {
		t.Errorf("-want +got, rerun with -update:\n%s", d)
	}
	for _, size := range []int{1, 2, 3, 7, 64} {
		if d := cmp.Diff(strings.Count(got, "\n"), strings.Count(pieces(m, in, size), "\n")); d != "" && len(secrets) == 1 {
			t.Logf("in pieces of %d: a secret of several lines keeps the ends of those shown before:\n%s", size, d)
		} else if d == "" && pieces(m, in, size) != got {
			t.Errorf("in pieces of %d:\n%s", size, cmp.Diff(got, pieces(m, in, size)))
		}
	}
}

// pieces masks a text that comes in pieces of a size.
func pieces(m *Masker, in string, size int) string {
	var out []byte
	s := m.Stream()
	for p := []byte(in); len(p) > 0; {
		n := min(size, len(p))
		out = append(out, s.Write(p[:n])...)
		p = p[n:]
	}
	return string(append(out, s.Flush()...))
}

// A line that has ended is shown at once, and of a line only what may be the
// beginning of a secret is held back.
func TestNothingIsHeldLongerThanNeeded(t *testing.T) {
	s := New(map[string][]byte{"key": []byte("{\n  \"private\": \"k3y-0123456789\"\n}")}).Stream()
	for _, c := range []struct{ in, out string }{
		{"plain ", "plain "},
		{"line\n", "line\n"},
		{"{\n", "{\n"},
		{"  \"private\": \"k3y", ""},
		{"-0123456789\"\n", "  ***\n"},
		{"}", ""},
		{"\n", "***\n"},
	} {
		if got := string(s.Write([]byte(c.in))); got != c.out {
			t.Errorf("after %q: shown %q, want %q", c.in, got, c.out)
		}
	}
}

func TestWeakSecretsAreNamed(t *testing.T) {
	m := New(map[string][]byte{"a": []byte("abc"), "b": []byte("Test\n"), "c": []byte("s3cret")})
	if d := cmp.Diff([]string{"a", "b"}, m.Weak()); d != "" {
		t.Error(d)
	}
}

func TestFindNamesTheSecret(t *testing.T) {
	m := New(map[string][]byte{"one": []byte("first-secret"), "two": []byte("second-secret")})
	data := base64.StdEncoding.EncodeToString([]byte("user:second-secret"))
	if name, ok := m.Find([]byte("token: " + data)); !ok || name != "two" {
		t.Errorf("found %q, %v", name, ok)
	}
	if name, ok := m.Find([]byte("nothing of the kind")); ok {
		t.Errorf("found %q", name)
	}
	var none *Masker
	if name, ok := none.Find([]byte("x")); ok || none.Text("x") != "x" {
		t.Errorf("found %q", name)
	}
}

// needles are what must not be in a masked text, written anew here: an
// independent list of the forms.
func needles(secret string) []string {
	out := []string{
		secret, hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
		url.QueryEscape(secret), url.PathEscape(secret),
	}
	for before := range 3 {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			out = append(out, enc.EncodeToString([]byte(strings.Repeat("x", before) + secret))[(before*8+5)/6:])
		}
	}
	if j, err := json.Marshal(secret); err == nil {
		out = append(out, string(j[1:len(j)-1]))
	}
	return out
}

// FuzzMask holds that no form of a secret gets through, wherever the text is
// cut.
func FuzzMask(f *testing.F) {
	f.Add("k3y/+with=odd chars", "before ", " after", uint(3))
	f.Add("-----BEGIN KEY-----\nMIIB\nabcdef012345\n-----END KEY-----", "x", "y\n", uint(1))
	f.Add("ab\ncd\nef\ngh", "ab\nab\ncd\n", "", uint(3))
	f.Add("aaaaaaaaab", "aaaaaaaaaaaaaaa", "aaab", uint(2))
	f.Add("0000000\xa9", "0", "0", uint(3)) // not UTF-8: encoders replace it
	f.Fuzz(func(t *testing.T, secret, before, after string, size uint) {
		secret = strings.TrimSpace(secret)
		if len(secret) < minAnywhere || len(secret) > 1000 || isCommon(secret) {
			t.Skip()
		}
		m := New(map[string][]byte{"s": []byte(secret)})
		if m.Mark() == "" {
			t.Skip() // a secret with a byte of every mark
		}
		for _, n := range needles(secret) {
			if len(n) < minAnywhere || isCommon(n) || strings.ContainsAny(n, m.Mark()) {
				continue
			}
			in := before + n + after
			got := pieces(m, in, int(size%97)+1) //nolint:gosec // small
			if strings.Contains(got, n) {
				t.Errorf("secret %q: %q shows %q: %q", secret, in, n, got)
			}
			if rest := strings.ReplaceAll(got, m.Mark(), ""); len(rest) > len(in) {
				t.Errorf("secret %q: text was added to %q: %q", secret, in, got)
			}
		}
	})
}

// FuzzPassThrough holds that text without secrets stays as it is, byte by
// byte.
func FuzzPassThrough(f *testing.F) {
	f.Add([]byte("plain text\nof two lines"), uint(2))
	m := New(map[string][]byte{"s": []byte("\x00\x01\x02 not in any text \x03\x04")})
	f.Fuzz(func(t *testing.T, text []byte, size uint) {
		if _, ok := m.Find(text); ok {
			t.Skip()
		}
		if got := pieces(m, string(text), int(size%97)+1); got != string(text) { //nolint:gosec // small
			t.Errorf("%q became %q", text, got)
		}
	})
}

func BenchmarkStream(b *testing.B) {
	for _, size := range []int{32, 4 << 10, 64 << 10} {
		secret := bytes.Repeat([]byte("k3y+0123456789/abcdefghij\n"), size/26+1)
		for i := range secret {
			secret[i] ^= byte(i>>8) & 7
		}
		m := New(map[string][]byte{"s": secret})
		line := []byte(strings.Repeat("some output of a command, 0123456789abcdef\n", 1000))
		b.Run(fmt.Sprintf("secret=%d", len(secret)), func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportMetric(float64(len(m.auto.nodes)), "states")
			s := m.Stream()
			for b.Loop() {
				s.Write(line)
			}
		})
	}
}
