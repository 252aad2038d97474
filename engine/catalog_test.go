//go:build linux

package engine_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/casetest"
)

// TestCatalog runs every archive of testdata/catalog on a real BuildKit, as
// TestOps does those of testdata/ops, with the images that the packages use.
func TestCatalog(t *testing.T) {
	if testing.Short() { // the race detector's run has TestOps, the same path through the engine
		t.Skip("SKIPPED with -short: makes the images of Go and Node.js")
	}
	site := newSite(t)
	addLibrary(t, site)
	enginetest.AddPackages(t, site, "bash", "curl", "git")
	server := enginetest.Start(t, enginetest.Config{Site: site, Registry: true})
	e := engine.New(engine.Options{Images: enginetest.CatalogStore(t), Connect: solve.Options{Address: server.Addr}})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	casetest.Play(t, "../testdata/catalog/*.txtar", *update, func(c *casetest.Case) {
		state, err := e.Start(c.Context(), caseRequest(c)).Wait(c.Context())
		if err != nil {
			c.Fatal(err)
		}
		// What is exported in one pass comes in any order.
		slices.SortFunc(state.Exports, func(a, b job.ExportValue) int { return strings.Compare(a.Op.String(), b.Op.String()) })
		c.Golden("run", c.Relative(runText(state)))
	})
}

// TestCatalogRandom holds that a random text is as long as asked, another for each
// seed, and the same while the cache holds it.
func TestCatalogRandom(t *testing.T) {
	server := enginetest.Start(t, enginetest.Config{})
	e := engine.New(engine.Options{Images: enginetest.Store(t), Connect: solve.Options{Address: server.Addr}})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	err := os.WriteFile(filepath.Join(dir, "ci.cue"), []byte(`
		package ci
		import ("dagger.io/dagger/op", "dagger.io/random")
		box: #up: [op.#FetchContainer & {ref: "busybox"}]
		a: random.#String & {seed: "a", image: box}
		b: random.#String & {seed: "b", image: box, length: 20}
		main: #up: [op.#Load & {from: a.out}, op.#Copy & {from: b.out}]
	`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	texts := func() []string {
		req := engine.Request{Plan: runtime.Evaluate(runtime.Source{Dir: dir}), Target: "main", Workspace: dir}
		state, err := e.Start(t.Context(), req).Wait(t.Context())
		if err != nil || len(state.Exports) != 2 {
			t.Fatalf("%s, %v", runText(state), err)
		}
		return []string{fmt.Sprint(state.Exports[0].Value), fmt.Sprint(state.Exports[1].Value)}
	}
	first := texts()
	if len(first[0]) != 12 || len(first[1]) != 20 || strings.HasPrefix(first[1], first[0]) {
		t.Errorf("texts of 12 and 20 characters: %q", first)
	}
	if again := texts(); !slices.Equal(first, again) {
		t.Errorf("again they are %q, not %q", again, first)
	}
}

// addLibrary makes the repository library.git: the folder docs, the tags v1 and
// v2 on its branch main, and the branch next.
func addLibrary(t *testing.T, site string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", `
		git init -q -b main library
		cd library
		mkdir docs
		printf 'docs\n' > docs/index.txt
		git add . && git commit -q -m one && git tag v1
		printf 'more docs\n' > docs/index.txt
		git commit -q -a -m two && git tag v2
		git checkout -q -b next
		printf 'next docs\n' > docs/index.txt
		git commit -q -a -m three
		git clone -q --bare . ../library.git
	`)
	cmd.Dir = site
	cmd.Env = append(os.Environ(), gitIdentity...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make the library: %v\n%s", err, out)
	}
}
