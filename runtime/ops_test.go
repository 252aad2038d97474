package runtime_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/dagger/dagger-lsp/runtime"
)

var update = flag.Bool("update", false, "rewrite the golden sections of testdata/ops")

// TestOps evaluates and lowers every archive of testdata/ops.
//
// Its files are a package; the component called main is the target. Golden
// sections, rewritten by -update: want/problems, want/llb. The same archives
// are run for real in package engine, which keeps want/run.
func TestOps(t *testing.T) {
	archives, err := filepath.Glob("../testdata/ops/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			testOps(t, path)
		})
	}
}

func testOps(t *testing.T, path string) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(strings.TrimSpace(string(a.Comment))) == 0 {
		t.Error("the archive has no comment that says what it shows")
	}
	dir := t.TempDir()
	unpack(t, a, dir)
	src := runtime.Source{Dir: dir}
	plan := runtime.Evaluate(src)
	golden(t, a, "want/problems", problemsText(dir, plan.Problems))
	checkSyntaxTier(t, runtime.Syntax(src), plan)
	opt := runtime.LowerOptions{Images: fixedImage{}, Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"}}
	job, problems, err := plan.Lower(t.Context(), "main", opt)
	if err != nil {
		t.Fatal(err)
	}
	if job == nil {
		golden(t, a, "want/llb", "")
		if len(problems) == 0 {
			t.Error("no job, and no problem that says why")
		}
	} else {
		golden(t, a, "want/llb", llbText(t, job))
		checkJob(t, plan, job, opt)
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(a), 0o600); err != nil {
			t.Fatal(err)
		}
	}
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
	in := map[digest.Digest]bool{}
	for _, def := range job.Definition.Def {
		in[digest.FromBytes(def)] = true
	}
	for _, s := range job.Steps {
		for _, d := range s.Digests {
			if !in[d] {
				t.Errorf("%s: vertex %s is not in the definition", s.ID, d)
			}
			if job.Definition.Source.Locations[d.String()] == nil {
				t.Errorf("%s: no source location", s.ID)
			}
		}
	}
}

func unpack(t *testing.T, a *txtar.Archive, dir string) {
	t.Helper()
	for _, f := range a.Files {
		if strings.HasPrefix(f.Name, "want/") {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// golden compares a section of a with got, or replaces it.
func golden(t *testing.T, a *txtar.Archive, name, got string) {
	t.Helper()
	for i, f := range a.Files {
		if f.Name != name {
			continue
		}
		if *update {
			a.Files[i].Data = []byte(got)
		} else if d := cmp.Diff(string(f.Data), got); d != "" {
			t.Errorf("%s (-want +got, rerun with -update):\n%s", name, d)
		}
		return
	}
	if got == "" {
		return
	}
	if !*update {
		t.Errorf("no section %s; rerun with -update", name)
		return
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(got)})
}

func problemsText(dir string, ps []runtime.Problem) string {
	var b strings.Builder
	for _, p := range ps {
		at := strings.TrimPrefix(p.Range.String(), dir+string(filepath.Separator))
		fmt.Fprintf(&b, "%s: %s: %s [%s]\n", at, p.Severity, p.Message, p.Code)
		if p.Hint != "" {
			fmt.Fprintf(&b, "\t%s\n", p.Hint)
		}
		for _, r := range p.Related {
			fmt.Fprintf(&b, "\t%s: %s\n", strings.TrimPrefix(r.Range.String(), dir+string(filepath.Separator)), r.Message)
		}
	}
	return b.String()
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

// fixedImage has every image, with the same config.
type fixedImage struct{}

func (fixedImage) ResolveImage(_ context.Context, ref string, _ ocispecs.Platform) (runtime.Image, error) {
	return runtime.Image{
		Ref: ref, Digest: digest.FromString(ref), Layout: "store",
		Config: ocispecs.Image{Config: ocispecs.ImageConfig{Env: []string{"PATH=/bin"}, User: "root"}},
	}, nil
}
