package runtime_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dagger/dagger-lsp/runtime"
)

// diamond is n components of 8 ops, each using the two before it: the shape
// that is exponential when CUE resolves the references.
func diamond(n int) string {
	var b strings.Builder
	b.WriteString("package ci\n\nimport \"dagger.io/dagger/op\"\n\n")
	for i := range n {
		fmt.Fprintf(&b, "c%d: #up: [\n", i)
		if i == 0 {
			b.WriteString("\t{do: \"fetch-container\", ref: \"alpine:3.20\"},\n")
		} else {
			fmt.Fprintf(&b, "\top.#Load & {from: c%d},\n", i-1)
		}
		if i > 1 {
			fmt.Fprintf(&b, "\t{do: \"copy\", from: c%d, src: \"/out\", dest: \"/in%d\"},\n", i-2, i)
		} else {
			b.WriteString("\t{do: \"mkdir\", path: \"/out\"},\n")
		}
		for j := range 5 {
			fmt.Fprintf(&b, "\top.#Exec & {args: [\"echo\", \"%d-%d\"], env: A: \"b\"},\n", i, j)
		}
		fmt.Fprintf(&b, "\t{do: \"write-file\", dest: \"/x%d\", content: \"x\"},\n]\n", i)
	}
	return b.String()
}

func diamondSource(n int) runtime.Source {
	const dir = "/nowhere/at/all"
	return runtime.Source{Dir: dir, Overlay: map[string][]byte{filepath.Join(dir, "ci.cue"): []byte(diamond(n))}}
}

func BenchmarkSyntax(b *testing.B) {
	for _, n := range []int{100, 1000} {
		src := diamondSource(n)
		b.Run(fmt.Sprintf("components=%d", n), func(b *testing.B) {
			for b.Loop() {
				runtime.Syntax(src)
			}
		})
	}
}

func BenchmarkEvaluate(b *testing.B) {
	for _, n := range []int{100, 1000} {
		src := diamondSource(n)
		b.Run(fmt.Sprintf("components=%d", n), func(b *testing.B) {
			for b.Loop() {
				if p := runtime.Evaluate(src); len(p.Problems) > 0 {
					b.Fatal(p.Problems)
				}
			}
		})
	}
}

func BenchmarkWire(b *testing.B) {
	src := diamondSource(100)
	for b.Loop() {
		b.StopTimer()
		p := runtime.Evaluate(src)
		b.StartTimer()
		data, err := runtime.EncodePlan(p)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := runtime.DecodePlan(data); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(data)), "bytes")
	}
}

func BenchmarkLower(b *testing.B) {
	for _, n := range []int{100, 1000} {
		p := runtime.Evaluate(diamondSource(n))
		b.Run(fmt.Sprintf("components=%d", n), func(b *testing.B) {
			for b.Loop() {
				job, problems, err := p.Lower(b.Context(), fmt.Sprintf("c%d", n-1), runtime.LowerOptions{Images: fixedImage{}})
				if job == nil {
					b.Fatal(problems, err)
				}
			}
		})
	}
}
