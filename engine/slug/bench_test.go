package slug_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dagger/dagger-lsp/engine/slug"
	"github.com/dagger/dagger-lsp/runtime"
)

// BenchmarkSlug makes and reads the slug of a chain of components of 8 ops each.
func BenchmarkSlug(b *testing.B) {
	for _, n := range []int{100, 1000} {
		dir := b.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "ci.cue"), []byte(chain(n)), 0o644); err != nil {
			b.Fatal(err)
		}
		plan := runtime.Evaluate(runtime.Source{Dir: dir})
		job := lower(b, dir, runtime.LowerOptions{CacheScope: slug.Scope(plan), LocalID: "any"})
		var data []byte
		b.Run(fmt.Sprintf("build/components=%d", n), func(b *testing.B) {
			for b.Loop() {
				var err error
				if _, data, err = slug.Build(b.Context(), job, slug.Source{Plan: plan, Workspace: dir}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(data)), "bytes")
		})
		b.Run(fmt.Sprintf("read/components=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := slug.Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// chain is n components, each going on from the one before.
func chain(n int) string {
	var s strings.Builder
	for i := range n {
		name := fmt.Sprintf("c%d", i)
		if i == n-1 {
			name = "main"
		}
		fmt.Fprintf(&s, "%s: #up: [\n", name)
		if i == 0 {
			s.WriteString("\t{do: \"fetch-container\", ref: \"alpine\"},\n")
		} else {
			fmt.Fprintf(&s, "\t{do: \"load\", from: c%d},\n", i-1)
		}
		for j := range 7 {
			fmt.Fprintf(&s, "\t{do: \"exec\", args: [\"echo\", \"%d-%d\"], env: A: \"b\"},\n", i, j)
		}
		s.WriteString("]\n")
	}
	return s.String()
}
