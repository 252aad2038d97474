package runtime_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client/llb"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// FuzzLower holds that whatever ops stand in whatever order, lowering ends
// without a panic, with a job, a problem or an error; that the same plan gives
// the same bytes; and that BuildKit can read them.
//
// Its input is a plan in lines: "= PATH" begins a component, "DO JSON" is an op.
func FuzzLower(f *testing.F) {
	cueFiles(f, "../testdata/ops/*.txtar", func(text string) {
		const dir = "/nowhere/at/all"
		src := runtime.Source{Dir: dir, Overlay: map[string][]byte{filepath.Join(dir, "ci.cue"): []byte(text)}}
		if lines := planText(runtime.Evaluate(src)); lines != "" {
			f.Add(lines)
		}
	})
	f.Fuzz(func(t *testing.T, text string) {
		p := planOf(text)
		for _, c := range p.Components {
			opt := runtime.LowerOptions{Workspace: "/nowhere", Images: fixedImage{}}
			job, problems, err := p.Lower(t.Context(), c.Path, opt)
			if err != nil || job == nil {
				if err == nil && len(problems) == 0 {
					t.Errorf("%s: no job, no problem, no error", c.Path)
				}
				continue
			}
			again, _, err := p.Lower(t.Context(), c.Path, opt)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(job.Definition.Def, again.Definition.Def); d != "" {
				t.Errorf("%s: other bytes the second time: %s", c.Path, d)
			}
			if len(job.Definition.Def) == 0 {
				continue
			}
			var b bytes.Buffer
			if err := llb.WriteTo(job.Definition, &b); err != nil {
				t.Fatal(err)
			}
			if _, err := llb.ReadFrom(&b); err != nil {
				t.Errorf("%s: BuildKit cannot read it: %v", c.Path, err)
			}
		}
	})
}

// planText writes the ops of a plan that have values as lines.
func planText(p *runtime.Plan) string {
	var b strings.Builder
	for _, c := range p.Components {
		fmt.Fprintf(&b, "= %s\n", c.Path)
		for _, op := range c.Ops {
			fmt.Fprintf(&b, "%s %s\n", op.Do, op.Value)
		}
	}
	return b.String()
}

// planOf reads lines as a plan; lines that are none are left out.
func planOf(text string) *runtime.Plan {
	p := &runtime.Plan{Dir: "/nowhere/at", Root: "/nowhere", Package: "ci", Evaluated: true}
	var c *runtime.Component
	for line := range strings.Lines(text) {
		head, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if head == "=" {
			if c = p.Component(rest); c == nil {
				c = &runtime.Component{Path: rest}
				p.Components = append(p.Components, c)
			}
			continue
		}
		kind, ok := ops.ByName(head)
		if c == nil || !ok {
			continue
		}
		spec, _, err := kind.Decode([]byte(rest))
		if err != nil || spec == nil {
			continue
		}
		c.Ops = append(c.Ops, &runtime.Op{
			ID: runtime.OpID{Component: c.Path, Index: len(c.Ops)}, Do: head, Value: []byte(rest), Spec: spec,
			Range: runtime.Range{File: "/nowhere/at/ci.cue"},
		})
	}
	return p
}
