package slug_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/tools/txtar"

	"github.com/dagger/dagger-lsp/engine/slug"
	"github.com/dagger/dagger-lsp/runtime"
)

// anyImage has every image, with the same config.
type anyImage struct{}

func (anyImage) ResolveImage(_ context.Context, ref string, _ ocispecs.Platform) (runtime.Image, error) {
	return runtime.Image{
		Ref: ref, Digest: digest.FromString(ref), Layout: "images",
		Config: ocispecs.Image{Config: ocispecs.ImageConfig{Env: []string{"PATH=/bin"}}},
	}, nil
}

// compile makes the slug of the component main of a folder; nil if the folder's
// case is about something that does not compile.
func compile(tb testing.TB, dir string) (*slug.Slug, []byte) {
	tb.Helper()
	plan := runtime.Evaluate(runtime.Source{Dir: dir})
	job := lower(tb, dir, runtime.LowerOptions{CacheScope: slug.Scope(plan), LocalID: "any"})
	if job == nil || len(job.Definition.Def) == 0 {
		return nil, nil
	}
	s, data, err := slug.Build(tb.Context(), job, slug.Source{Plan: plan, Workspace: plan.Root, Version: "test", Platform: "linux/amd64"})
	if err != nil {
		tb.Fatalf("%s: %v", dir, err)
	}
	return s, data
}

// lower compiles the component main of a folder.
func lower(tb testing.TB, dir string, opt runtime.LowerOptions) *runtime.Job {
	tb.Helper()
	plan := runtime.Evaluate(runtime.Source{Dir: dir})
	opt.Workspace, opt.Images = plan.Root, anyImage{}
	opt.Platform = ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	job, _, err := plan.Lower(tb.Context(), "main", opt)
	if err != nil || job == nil || job.Partial || len(job.Actions) > 0 {
		return nil
	}
	return job
}

// unpack writes the files of an archive below dir.
func unpack(tb testing.TB, path, dir string) {
	tb.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range a.Files {
		if strings.HasPrefix(f.Name, "want/") {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

// cases are the archives of testdata/ops.
func cases(tb testing.TB) []string {
	tb.Helper()
	paths, err := filepath.Glob("../../testdata/ops/*.txtar")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no cases: %v", err)
	}
	return paths
}
