//go:build linux

package enginetest

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Canary is a secret that must not be found where secrets have no business.
type Canary struct {
	// Text is random, and holds characters that every encoder escapes.
	Text string
}

// NewCanary makes one that nobody has seen before.
func NewCanary(tb testing.TB) Canary {
	tb.Helper()
	return RandomCanary()
}

// RandomCanary is NewCanary outside of a test.
func RandomCanary() Canary {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails, by its documentation
	return Canary{Text: `c4n4ry"&` + hex.EncodeToString(b) + `/<$'+t41l`}
}

// forms are how it may appear, named. They are written here once more, apart
// from the code that masks them.
func (c Canary) forms() map[string]string {
	out := map[string]string{
		"plain": c.Text, "hex": hex.EncodeToString([]byte(c.Text)),
		"HEX":       strings.ToUpper(hex.EncodeToString([]byte(c.Text))),
		"URL query": url.QueryEscape(c.Text), "URL path": url.PathEscape(c.Text),
		// The middle alone, which no encoder changes, is the secret too.
		"middle": c.Text[8:32], "middle in hex": hex.EncodeToString([]byte(c.Text[8:32])),
	}
	if j, err := json.Marshal(c.Text); err == nil {
		out["JSON"] = string(j[1 : len(j)-1])
	}
	for before, first := range []int{0, 2, 3} {
		in := []byte(strings.Repeat("x", before) + c.Text)
		whole := (len(in) / 3) * 4 // what follows does not matter up to here
		out["base64 at "+string(rune('0'+before))] = base64.StdEncoding.EncodeToString(in)[first:whole]
		out["base64url at "+string(rune('0'+before))] = base64.URLEncoding.EncodeToString(in)[first:whole]
	}
	return out
}

// In names the form in which data holds the canary, or "".
func (c Canary) In(data []byte) string {
	for name, form := range c.forms() {
		if bytes.Contains(data, []byte(form)) {
			return name
		}
	}
	return ""
}

// Absent fails the test if data holds the canary.
func (c Canary) Absent(tb testing.TB, what string, data []byte) {
	tb.Helper()
	if form := c.In(data); form != "" {
		tb.Errorf("%s holds the secret (%s)", what, form)
	}
}

// AbsentBelow fails the test if a file below dir, but for folders called as one
// of except, holds the canary. It returns how many it has looked at.
func (c Canary) AbsentBelow(tb testing.TB, dir string, except ...string) (files int) {
	tb.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case os.IsNotExist(err):
			return nil // a daemon's file, gone meanwhile
		case err != nil:
			return err
		}
		if d.IsDir() && slices.Contains(except, d.Name()) {
			return fs.SkipDir
		}
		c.Absent(tb, "the name of "+path, []byte(path))
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		files++
		c.Absent(tb, path, data)
		return err
	})
	check(tb, err)
	return files
}
