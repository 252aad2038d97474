package slug_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/moby/buildkit/client/llb"
	"google.golang.org/protobuf/proto"

	"github.com/dagger/dagger-lsp/engine/slug"
	"github.com/dagger/dagger-lsp/runtime"
)

// Every case of testdata/ops that compiles gives the same bytes from two folders,
// again and again, reads back as it was, and says nothing of this machine.
func TestDeterminism(t *testing.T) {
	compiled := 0
	for _, path := range cases(t) {
		one, two := t.TempDir(), filepath.Join(t.TempDir(), "deeper", "still")
		unpack(t, path, one)
		unpack(t, path, two)
		s, want := compile(t, one)
		if s == nil {
			continue
		}
		compiled++
		age(t, two)
		for range 5 { // maps have another order each time
			if _, got := compile(t, two); !bytes.Equal(got, want) {
				t.Errorf("%s: the bytes depend on the folder or the day", path)
			}
		}
		for _, place := range []string{one, filepath.Dir(one)} {
			if bytes.Contains(want, []byte(place)) {
				t.Errorf("%s: the slug holds the path %s", path, place)
			}
		}
		if d := slug.Diff(s, s); !d.Same || !d.SameLLB {
			t.Errorf("%s: it is not itself: %+v", path, d)
		}
	}
	if compiled < 10 {
		t.Errorf("only %d cases compiled", compiled)
	}
}

// Bound to a workspace, a slug is to the byte what `run` would compile there: so
// are its caches.
func TestBoundIsRun(t *testing.T) {
	for _, path := range cases(t) {
		dir := t.TempDir()
		unpack(t, path, dir)
		s, _ := compile(t, dir)
		if s == nil {
			continue
		}
		want := lower(t, dir, runtime.LowerOptions{CacheScope: "workspace", LocalID: "run"})
		got, err := s.Bound("workspace", "run")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want.Definition.Def, got.Def); d != "" {
			t.Errorf("%s: %s", path, d)
		}
		job, err := s.Job(dir, "workspace", "run")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want.Steps, job.Steps, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: other steps: %s", path, d)
		}
		for what, diff := range map[string]string{
			"exports": cmp.Diff(want.Exports, job.Exports, cmpopts.EquateEmpty()),
			"secrets": cmp.Diff(want.Secrets, job.Secrets, cmpopts.EquateEmpty()),
			"streams": cmp.Diff(want.Streams, job.Streams, cmpopts.EquateEmpty()),
		} {
			if diff != "" {
				t.Errorf("%s: other %s: %s", path, what, diff)
			}
		}
	}
}

// age makes every file look old.
func age(t *testing.T, dir string) {
	t.Helper()
	then := time.Unix(1_000_000_000, 0)
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, then, then)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The whole file is what BuildKit's own reader takes for a definition.
func TestBuildKitReadsIt(t *testing.T) {
	dir := t.TempDir()
	unpack(t, "../../testdata/ops/diamond.txtar", dir)
	s, data := compile(t, dir)
	def, err := llb.ReadFrom(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(def.ToPB(), s.Definition) {
		t.Error("BuildKit reads another definition")
	}
	// llb's own order of a graph must accept it as a source of states too.
	if _, err := llb.NewDefinitionOp(s.Definition); err != nil {
		t.Error(err)
	}
}

// What is left out of a folder changes nothing, what is in it does: content,
// names, modes and links, but not times.
func TestHashDir(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sum := func() string {
		t.Helper()
		l, err := slug.HashDir(t.Context(), slug.Local{Name: ".", Include: []string{"*.txt", "l*"}, Exclude: []string{"b.txt"}}, dir)
		if err != nil {
			t.Fatal(err)
		}
		return l.Digest.String()
	}
	write("a.txt", "1")
	first := sum()
	write("b.txt", "left out")
	write("c.md", "not taken")
	age(t, dir)
	if got := sum(); got != first {
		t.Error("files that are left out count, or times do")
	}
	seen := []string{first}
	for _, change := range []func() error{
		func() error { write("a.txt", "2"); return nil },
		func() error { return os.Chmod(filepath.Join(dir, "a.txt"), 0o755) },
		func() error { return os.Rename(filepath.Join(dir, "a.txt"), filepath.Join(dir, "z.txt")) },
		func() error { return os.Symlink("z.txt", filepath.Join(dir, "l1")) },
		func() error {
			return os.Remove(filepath.Join(dir, "l1"))
		},
		func() error { return os.Mkdir(filepath.Join(dir, "l1"), 0o755) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, sum())
	}
	if again := slices.Index(seen, seen[5]); again != 3 {
		t.Errorf("a link that came and went leaves a trace: %d", again)
	}
	seen = slices.Delete(seen, 5, 6)
	slices.Sort(seen)
	if len(slices.Compact(slices.Clone(seen))) != len(seen) {
		t.Error("a change did not count")
	}
}

// A second link to a file is a file: copies and links hold the same.
func TestHardLinks(t *testing.T) {
	linked, copied := t.TempDir(), t.TempDir()
	for _, dir := range []string{linked, copied} {
		if err := os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(filepath.Join(linked, "a"), filepath.Join(linked, "b")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, "b"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	a, errA := slug.HashDir(t.Context(), slug.Local{Name: "."}, linked)
	b, errB := slug.HashDir(t.Context(), slug.Local{Name: "."}, copied)
	if errA != nil || errB != nil || a.Digest != b.Digest || a.Files != 2 {
		t.Errorf("%+v %v, %+v %v", a, errA, b, errB)
	}
}

// An address with a password is refused, and the error does not repeat it.
func TestPassword(t *testing.T) {
	err := passwordError(t, "https://robot:hunter2@git.example.test/a.git")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
