package runtime_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/casetest"
)

var update = flag.Bool("update", false, "rewrite the golden sections of testdata/ops")

// TestOps evaluates and lowers every archive of testdata/ops.
//
// Its files are a package; the component called main is the target. Golden
// sections, rewritten by -update: want/problems, want/llb, and want/lower for what
// is wrong only when it is lowered. The same archives
// are run for real in package engine, which keeps want/run.
func TestOps(t *testing.T) {
	casetest.Play(t, "../testdata/ops/*.txtar", *update, testOps)
}

func testOps(c *casetest.Case) {
	src := runtime.Source{Dir: c.Dir}
	plan := runtime.Evaluate(src)
	c.Golden("problems", problemsText(c, plan.Problems))
	checkSyntaxTier(c.T, runtime.Syntax(src), plan)
	opt := runtime.LowerOptions{
		HostKeys: knownHost, Images: fixedImage{}, Files: caseFiles{}, Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"},
	}
	job, problems, err := plan.Lower(c.Context(), "main", opt)
	if err != nil {
		c.Fatal(err)
	}
	problems = slices.DeleteFunc(problems, func(p runtime.Problem) bool {
		return slices.ContainsFunc(plan.Problems, func(q runtime.Problem) bool { return p.Range == q.Range && p.Message == q.Message })
	})
	c.Golden("lower", problemsText(c, problems))
	if job == nil {
		c.Golden("llb", "")
		if len(problems)+len(plan.Problems) == 0 {
			c.Error("no job, and no problem that says why")
		}
		return
	}
	c.Golden("llb", llbText(c.T, job))
	checkJob(c.T, plan, job, opt)
}

// checkSyntaxTier holds that what syntax says is still true after evaluation.
func checkSyntaxTier(t *testing.T, syntax, full *runtime.Plan) {
	t.Helper()
	said := map[string]bool{}
	for _, p := range full.Problems {
		said[p.Range.String()+string(p.Code)] = true
	}
	for _, p := range syntax.Problems {
		if !said[p.Range.String()+string(p.Code)] {
			t.Errorf("only syntax says: %s %s %s", p.Range, p.Code, p.Message)
		}
	}
}

// checkJob holds what every job must: the same bytes again, each step's digest
// in the definition, and a source location for each step that has one.
func checkJob(t *testing.T, plan *runtime.Plan, job *runtime.Job, opt runtime.LowerOptions) {
	t.Helper()
	again, _, err := plan.Lower(t.Context(), "main", opt)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(job.Definition.Def, again.Definition.Def); d != "" {
		t.Errorf("lowering again gives other bytes:\n%s", d)
	}
	// Whether a vertex has a location, of those of the job's definitions.
	in := map[digest.Digest]bool{}
	for _, d := range definitions(job) {
		for _, def := range d.Def {
			dgst := digest.FromBytes(def)
			in[dgst] = d.Source.Locations[dgst.String()] != nil
		}
	}
	for _, s := range job.Steps {
		for _, d := range s.Digests {
			located, ok := in[d]
			if !ok {
				t.Errorf("%s: vertex %s is not in the definition", s.ID, d)
			}
			if !located {
				t.Errorf("%s: no source location", s.ID)
			}
		}
	}
}

// definitions are all that a job solves.
func definitions(job *runtime.Job) []*llb.Definition {
	out := []*llb.Definition{job.Definition}
	for _, a := range job.Actions {
		for _, v := range a.Variants {
			out = append(out, v.Definition)
		}
	}
	return out
}

func problemsText(c *casetest.Case, ps []runtime.Problem) string {
	var b strings.Builder
	for _, p := range ps {
		fmt.Fprintf(&b, "%s: %s: %s [%s]\n", p.Range, p.Severity, p.Message, p.Code)
		if p.Hint != "" {
			fmt.Fprintf(&b, "\t%s\n", p.Hint)
		}
		for _, r := range p.Related {
			fmt.Fprintf(&b, "\t%s: %s\n", r.Range, r.Message)
		}
	}
	return c.Relative(b.String())
}

// llbText shows a definition with short numbers instead of digests.
func llbText(t *testing.T, job *runtime.Job) string {
	t.Helper()
	var b strings.Builder
	number := map[string]int{}
	for i, def := range job.Definition.Def {
		d := digest.FromBytes(def)
		number[d.String()] = i
		var op pb.Op
		if err := proto.Unmarshal(def, &op); err != nil {
			t.Fatal(err)
		}
		var from []string
		for _, in := range op.Inputs {
			from = append(from, fmt.Sprintf("%d.%d", number[in.Digest], in.Index))
		}
		op.Inputs, op.Platform, op.Constraints = nil, nil, nil
		meta := job.Definition.Metadata[d].Description
		fmt.Fprintf(&b, "%d <- %v %s %s\n", i, from, meta["llb.customname"], compact(t, &op))
	}
	for _, e := range job.Early {
		fmt.Fprintf(&b, "waits for the export %s %s as %s\n", e.Op, e.Source, e.Format)
	}
	for _, s := range job.Steps {
		if s.Waiting {
			fmt.Fprintf(&b, "later %s\n", s.ID)
		}
	}
	for _, e := range job.Exports {
		fmt.Fprintf(&b, "export %s %s from %s as %s\n", e.Op, e.Source, e.Path, e.Format)
	}
	return b.String()
}

// compact is a message as JSON in one line; protojson's own spacing varies.
func compact(t *testing.T, m proto.Message) string {
	t.Helper()
	data, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if data, err = json.Marshal(v); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// knownHost knows the ssh server of the cases.
func knownHost(addr string) string {
	if addr != "127.0.0.1:2222" {
		return ""
	}
	return "[127.0.0.1]:2222 ssh-ed25519 KEY\n"
}

// fixedImage has every image, with the same config.
type fixedImage struct{}

func (fixedImage) ResolveImage(_ context.Context, ref string, _ ocispecs.Platform) (runtime.Image, error) {
	return runtime.Image{
		Ref: ref, Digest: digest.FromString(ref), Layout: "store",
		Config: ocispecs.Image{
			Config: ocispecs.ImageConfig{Env: []string{"PATH=/bin"}, User: "root"},
			RootFS: ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromString(ref)}},
		},
	}, nil
}

// caseFiles reads what the case itself shows: files of local directories and
// those that write-file makes.
type caseFiles struct{}

func (caseFiles) ReadFiles(_ context.Context, r runtime.FileRequest) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, path := range r.Paths {
		for _, l := range r.Job.Locals {
			if data, err := os.ReadFile(filepath.Join(l.Dir, path)); err == nil {
				files[path] = data
			}
		}
	}
	for _, dt := range r.Definition.Def {
		var op pb.Op
		if err := proto.Unmarshal(dt, &op); err != nil {
			return nil, err
		}
		for _, a := range op.GetFile().GetActions() {
			if m := a.GetMkfile(); m != nil && slices.Contains(r.Paths, m.Path) {
				files[m.Path] = m.Data
			}
		}
	}
	return files, nil
}
