//go:build linux

package solve_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/image"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

var writeTo = flag.String("write", "", "also write the tables to this Markdown `file`")

const (
	// fanOut is how many steps the wide job runs at a time, and nap how long
	// each of them takes.
	fanOut = 20
	nap    = "0.2"
)

// lengths are the chains' numbers of steps.
var lengths = [...]int{1, 5, 10, 20, 50}

// rig is a bare BuildKit client on a test daemon that has a registry beside
// it.
type rig struct {
	*testing.B
	client *client.Client
	images *image.Store
	engine *engine.Engine
	base   runtime.Image
	salt   int
}

func newRig(b *testing.B) *rig {
	b.Helper()
	s := enginetest.Start(b, enginetest.Config{Registry: true})
	c, err := client.New(b.Context(), s.Addr)
	if err != nil {
		b.Fatal(err)
	}
	r := &rig{B: b, client: c, images: enginetest.Store(b)}
	r.engine = engine.New(engine.Options{Images: r.images, Connect: solve.Options{Address: s.Addr}})
	b.Cleanup(func() {
		_ = r.engine.Close()
		_ = c.Close()
	})
	if r.base, err = r.images.ResolveImage(b.Context(), "busybox", ocispecs.Platform{}); err != nil {
		b.Fatal(err)
	}
	return r
}

func (r *rig) source() llb.State {
	return llb.OCILayout(r.base.Ref+"@"+r.base.Digest.String(), llb.OCIStore("", image.StoreID)).
		AddEnv("PATH", enginetest.Path)
}

func (r *rig) opt() client.SolveOpt {
	return client.SolveOpt{OCIStores: map[string]content.Store{image.StoreID: r.images.Content()}}
}

func (r *rig) marshal(s llb.State) *llb.Definition {
	r.Helper()
	def, err := s.Marshal(r.Context(), llb.LinuxAmd64)
	if err != nil {
		r.Fatal(err)
	}
	return def
}

// step is one command of a chain, told apart by the salt.
func step(s llb.State, salt, i int) llb.State {
	return s.Run(llb.Args([]string{"sh", "-c", fmt.Sprintf("echo %d > /f%d", salt, i)})).Root()
}

// sleeper is one command of the wide job.
func sleeper(s llb.State, salt, i int) llb.State {
	return s.Run(llb.Args([]string{"sh", "-c", fmt.Sprintf("sleep %s; echo %d > /f%d", nap, salt, i)})).Root()
}

// single solves the whole graph once, in a gateway session, as we do.
func (r *rig) single(def *llb.Definition) {
	r.Helper()
	_, err := r.client.Build(r.Context(), r.opt(), "bench", func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
		return gw.Solve(ctx, gateway.SolveRequest{Definition: def.ToPB(), Evaluate: true})
	}, nil)
	if err != nil {
		r.Fatal(err)
	}
}

// one is a solve of its own.
func (r *rig) one(s llb.State, export bool, name string) *client.SolveResponse {
	r.Helper()
	o := r.opt()
	if export {
		o.Exports = []client.ExportEntry{{
			Type:  client.ExporterImage,
			Attrs: map[string]string{"name": name, "push": "true"},
		}}
	}
	res, err := r.client.Solve(r.Context(), r.marshal(s), o, nil)
	if err != nil {
		r.Fatal(err)
	}
	return res
}

// pushed solves a step, pushes what it gives, and starts the next from there.
func (r *rig) pushed(s llb.State, name string) llb.State {
	r.Helper()
	res := r.one(s, true, name)
	return llb.Image(name+"@"+res.ExporterResponse["containerimage.digest"]).AddEnv("PATH", enginetest.Path)
}

func repo(i int) string { return fmt.Sprintf("%s/step%d:x", enginetest.RegistryHost, i) }

// way is one way to run a job: a chain of n, or the wide job.
type way struct {
	name  string
	chain func(r *rig, salt, n int)
	wide  func(r *rig, salt int)
}

var ways = [...]way{
	{
		name: "one solve",
		chain: func(r *rig, salt, n int) {
			s := r.source()
			for i := range n {
				s = step(s, salt, i)
			}
			r.single(r.marshal(s))
		},
		wide: func(r *rig, salt int) {
			parts := make([]llb.State, fanOut)
			for i := range parts {
				parts[i] = sleeper(r.source(), salt, i)
			}
			r.single(r.marshal(merge(parts)))
		},
	},
	{
		name: "solve per step",
		chain: func(r *rig, salt, n int) {
			s := r.source()
			for i := range n {
				s = step(s, salt, i)
				r.one(s, false, "")
			}
		},
		wide: func(r *rig, salt int) {
			parts := make([]llb.State, fanOut)
			for i := range parts {
				parts[i] = sleeper(r.source(), salt, i)
				r.one(parts[i], false, "")
			}
			r.one(merge(parts), false, "")
		},
	},
	{
		name: "push + pull per step",
		chain: func(r *rig, salt, n int) {
			s := r.source()
			for i := range n {
				s = r.pushed(step(s, salt, i), repo(i))
			}
		},
		wide: func(r *rig, salt int) {
			parts := make([]llb.State, fanOut)
			for i := range parts {
				parts[i] = r.pushed(sleeper(r.source(), salt, i), repo(i))
			}
			r.pushed(merge(parts), repo(fanOut))
		},
	},
}

// merge gathers one file of each part.
func merge(parts []llb.State) llb.State {
	out := llb.Scratch()
	for i, p := range parts {
		f := fmt.Sprintf("/f%d", i)
		out = out.File(llb.Copy(p, f, f))
	}
	return out
}

// cells are the samples of a table, by row and column.
type cells map[string][]time.Duration

func (c cells) time(row string, col int, f func()) {
	begin := time.Now()
	f()
	key := fmt.Sprintf("%s|%d", row, col)
	c[key] = append(c[key], time.Since(begin))
}

func (c cells) median(row string, col int) time.Duration {
	s := slices.Sorted(slices.Values(c[fmt.Sprintf("%s|%d", row, col)]))
	if len(s) == 0 {
		return 0
	}
	return s[len(s)/2]
}

// fresh is a salt that no run has had.
func (r *rig) fresh() int { r.salt++; return r.salt }

// BenchmarkPasses compares one solve for a whole job with a solve per step and
// with a push and pull per step. Each iteration is one round of all.
func BenchmarkPasses(b *testing.B) {
	r := newRig(b)
	c := cells{}
	var rows []string
	row := func(name string) string {
		if !slices.Contains(rows, name) {
			rows = append(rows, name)
		}
		return name
	}
	ways[0].chain(r, r.fresh(), 1) // pulls the base image
	for b.Loop() {
		for _, n := range lengths {
			for col, w := range ways {
				salt := r.fresh()
				c.time(row(fmt.Sprintf("chain of %d", n)), col, func() { w.chain(r, salt, n) })
				c.time(row(fmt.Sprintf("chain of %d, cached", n)), col, func() { w.chain(r, salt, n) })
			}
		}
		for col, w := range ways {
			salt := r.fresh()
			c.time(row(fmt.Sprintf("%d parallel sleeps of %s s, then merge", fanOut, nap)), col, func() { w.wide(r, salt) })
		}
	}
	b.ReportMetric(0, "ns/op")
	r.publish("passes", passesTable(c, rows))
}

func passesTable(c cells, rows []string) string {
	var t strings.Builder
	t.WriteString("| job | " + ways[0].name + " | " + ways[1].name + " | " + ways[2].name + " |\n|---|---|---|---|\n")
	for _, row := range rows {
		one := c.median(row, 0)
		fmt.Fprintf(&t, "| %s | %s", row, short(one))
		for col := 1; col < len(ways); col++ {
			m := c.median(row, col)
			fmt.Fprintf(&t, " | %s, %.1f×", short(m), float64(m)/float64(one))
		}
		t.WriteString(" |\n")
	}
	return t.String()
}

func short(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// cue is a chain as a user would write it.
func cue(salt, n int) string {
	var t strings.Builder
	t.WriteString("package bench\njob: #up: [\n\t{do: \"fetch-container\", ref: \"busybox\"},\n")
	for i := range n {
		fmt.Fprintf(&t, "\t{do: \"exec\", args: [\"sh\", \"-c\", \"echo %d > /f%d\"]},\n", salt, i)
	}
	t.WriteString("]\n")
	return t.String()
}

func (r *rig) plan(salt, n int) *runtime.Plan {
	r.Helper()
	dir := r.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bench.cue"), []byte(cue(salt, n)), 0o644); err != nil {
		r.Fatal(err)
	}
	return runtime.Evaluate(runtime.Source{Dir: dir})
}

// ours runs a plan with the engine.
func (r *rig) ours(p *runtime.Plan) {
	r.Helper()
	j := r.engine.Start(r.Context(), engine.Request{Plan: p, Target: "job", Workspace: p.Dir})
	s, err := j.Wait(r.Context())
	if err != nil || s.Status != job.StatusDone {
		r.Fatalf("%s: %s (%v)", s.Status, s.Error, err)
	}
}

// lowered is the plan's own definition, for the bare client.
func (r *rig) lowered(p *runtime.Plan) *llb.Definition {
	r.Helper()
	j, problems, err := p.Lower(r.Context(), "job", runtime.LowerOptions{Workspace: p.Dir, Images: r.images})
	if err != nil || len(problems) > 0 {
		r.Fatalf("%v %v", problems, err)
	}
	return j.Definition
}

// BenchmarkOverhead compares the engine with a bare client that solves the
// definition the engine would make, ready made.
func BenchmarkOverhead(b *testing.B) {
	const samples = 5
	r := newRig(b)
	c := cells{}
	var rows []string
	r.ours(r.plan(r.fresh(), 1))
	for b.Loop() {
		for _, n := range lengths {
			hot, cold := fmt.Sprintf("chain of %d, cached", n), fmt.Sprintf("chain of %d", n)
			if !slices.Contains(rows, cold) {
				rows = append(rows, cold, hot)
			}
			p1, p2 := r.plan(r.fresh(), n), r.plan(r.fresh(), n)
			def := r.lowered(p2)
			bare, ours := func() { r.single(def) }, func() { r.ours(p1) }
			// Who goes first takes turns: the first may warm something up.
			for i, pair := range pairs(cold, hot, samples) {
				if i%2 == 0 {
					c.time(pair, 0, bare)
					c.time(pair, 1, ours)
				} else {
					c.time(pair, 1, ours)
					c.time(pair, 0, bare)
				}
				ours = func() { r.ours(p2) }
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	r.publish("overhead", overheadTable(r.B, c, rows))
}

// pairs names the row of each comparison: one cold, then hot ones.
func pairs(cold, hot string, samples int) []string {
	return append([]string{cold}, slices.Repeat([]string{hot}, samples)...)
}

func overheadTable(b *testing.B, c cells, rows []string) string {
	var t strings.Builder
	t.WriteString("| job | bare client | engine | more | allowed |\n|---|---|---|---|---|\n")
	for _, row := range rows {
		bare, ours := c.median(row, 0), c.median(row, 1)
		allowed := bare/10 + 30*time.Millisecond
		fmt.Fprintf(&t, "| %s | %s | %s | %d ms | %d ms |\n", row, short(bare), short(ours),
			(ours - bare).Milliseconds(), allowed.Milliseconds())
		if ours-bare > allowed {
			b.Errorf("%s: the engine takes %s more than the bare client, allowed are %s", row, ours-bare, allowed)
		}
	}
	return t.String()
}

// publish prints a table, and replaces it in the file of -write.
func (r *rig) publish(name, table string) {
	r.Helper()
	fmt.Printf("\n%s\n", table) //nolint:forbidigo // the table is what a benchmark is run for
	if *writeTo == "" {
		return
	}
	text, err := os.ReadFile(*writeTo)
	if err != nil {
		r.Fatal(err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	head, rest, ok1 := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		r.Fatalf("%s has no place for the table %s", *writeTo, name)
	}
	if err := os.WriteFile(*writeTo, []byte(head+begin+table+end+tail), 0o644); err != nil {
		r.Fatal(err)
	}
}
