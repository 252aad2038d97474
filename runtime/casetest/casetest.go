// Package casetest plays txtar archives as tests: the files of an archive are a
// folder, and its want/ sections are golden, rewritten by the test's -update.
//
// Only tests import it.
package casetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// goldenPrefix starts the names of sections that are expectations, not files.
const goldenPrefix = "want/"

// Case is one archive, unpacked.
type Case struct {
	*testing.T
	// Dir holds the archive's files.
	Dir     string
	path    string
	archive *txtar.Archive
	update  bool
}

// Play runs f on each archive that matches pattern, in parallel. Every archive
// needs a comment that says what it shows. With update the golden sections are
// rewritten instead of compared.
func Play(t *testing.T, pattern string, update bool, f func(*Case)) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives match %s: %v", pattern, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			c := open(t, path, update)
			f(c)
			c.save()
		})
	}
}

func open(t *testing.T, path string, update bool) *Case {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(a.Comment)) == "" {
		t.Error("the archive has no comment that says what it shows")
	}
	c := &Case{T: t, Dir: t.TempDir(), path: path, archive: a, update: update}
	for _, f := range a.Files {
		if !strings.HasPrefix(f.Name, goldenPrefix) {
			c.write(f)
		}
	}
	return c
}

func (c *Case) write(f txtar.File) {
	c.Helper()
	path := filepath.Join(c.Dir, filepath.FromSlash(f.Name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a container reads it as any user
		c.Fatal(err)
	}
	if err := os.WriteFile(path, f.Data, 0o644); err != nil { //nolint:gosec // as above
		c.Fatal(err)
	}
}

// Golden compares the section want/name with got; an empty got wants none.
func (c *Case) Golden(name, got string) {
	c.Helper()
	name = goldenPrefix + name
	if got != "" && !strings.HasSuffix(got, "\n") {
		got += "\n" // txtar ends every section so
	}
	if c.update {
		c.set(name, got)
		return
	}
	if d := cmp.Diff(c.section(name), got); d != "" {
		c.Errorf("%s (-want +got, rerun with -update):\n%s", name, d)
	}
}

func (c *Case) section(name string) string {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func (c *Case) set(name, text string) {
	files := c.archive.Files[:0]
	found := false
	for _, f := range c.archive.Files {
		if f.Name == name {
			if found = true; text == "" {
				continue
			}
			f.Data = []byte(text)
		}
		files = append(files, f)
	}
	if !found && text != "" {
		files = append(files, txtar.File{Name: name, Data: []byte(text)})
	}
	c.archive.Files = files
}

// Relative takes the case's folder out of text.
func (c *Case) Relative(text string) string {
	return strings.ReplaceAll(text, c.Dir+string(filepath.Separator), "")
}

func (c *Case) save() {
	c.Helper()
	if !c.update || c.Failed() {
		return
	}
	if err := os.WriteFile(c.path, txtar.Format(c.archive), 0o644); err != nil { //nolint:gosec // a source file
		c.Fatal(err)
	}
}
