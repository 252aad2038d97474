package runtime_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dagger/dagger-lsp/runtime"
)

// A push or a saved image takes a pass where something follows it.
func TestActionPasses(t *testing.T) {
	dir := t.TempDir()
	text := `package ci
file: [{do: "write-file", dest: "/a", content: "a"}]
push: {do: "push-container", ref: "r/a"}
last: #up: [file[0], push]
used: #up: [{do: "load", from: last}, {do: "write-file", dest: "/b", content: "b"}]
inside: #up: [file[0], push, {do: "save-image", tag: "a", dest: "/a.tar"}, {do: "mkdir", path: "/d"}]
`
	if err := os.WriteFile(filepath.Join(dir, "ci.cue"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p := runtime.Evaluate(runtime.Source{Dir: dir})
	for target, want := range map[string]int{"last": 1, "used": 2, "inside": 3} {
		passes, barriers := p.Passes(target)
		if passes != want || len(barriers) != want-1 {
			t.Errorf("%s: %d passes for %+v, want %d", target, passes, barriers, want)
		}
		for i, b := range barriers {
			if b.Pass != i+2 || b.Action == "" || b.Range.IsZero() {
				t.Errorf("%s: %+v", target, b)
			}
		}
	}
}
