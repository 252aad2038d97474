package runtime_test

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/dagger/dagger-lsp/runtime"
)

// cueFiles gives the CUE text of the cases that match pattern to a fuzz target.
func cueFiles(f *testing.F, pattern string, add func(text string)) {
	f.Helper()
	archives, err := filepath.Glob(pattern)
	if err != nil || len(archives) == 0 {
		f.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if strings.HasSuffix(file.Name, ".cue") {
				add(string(file.Data))
			}
		}
	}
}

// FuzzSyntax holds that no text, of a package or of its module file, makes the
// loader or the syntax tier panic, and that every range it gives lies in the text.
func FuzzSyntax(f *testing.F) {
	for _, module := range []string{"", "module: \"example.com/app\"\n", "module: \"example.com@v0\"\nlanguage: version: \"v0.9.0\"\n"} {
		add := func(text string) { f.Add(text, module) }
		cueFiles(f, "../testdata/*/*.txtar", add)
		cueFiles(f, "../testdata/*/*/*.txtar", add)
	}
	f.Fuzz(func(t *testing.T, text, module string) {
		const root, dir = "/nowhere/at", "/nowhere/at/all"
		src := runtime.Source{Dir: dir, Overlay: map[string][]byte{filepath.Join(dir, "ci.cue"): []byte(text)}}
		if module != "" {
			src.Overlay[filepath.Join(root, "cue.mod", "module.cue")] = []byte(module)
		}
		p := runtime.Syntax(src)
		lines := strings.Count(text, "\n") + 2
		for _, problem := range p.Problems {
			if problem.Range.Start.Line > lines || problem.Range.End.Before(problem.Range.Start) {
				t.Errorf("problem out of the text: %+v", problem)
			}
		}
		for _, c := range p.Components {
			if c.Name.Start.Line > lines || c.Range.End.Before(c.Range.Start) {
				t.Errorf("component out of the text: %+v", c)
			}
			p.Graph(c.Path)
		}
	})
}

// FuzzPlan holds that whatever comes out of an evaluation child, and whatever
// plan it makes, lowering neither panics nor runs for ever.
func FuzzPlan(f *testing.F) {
	// Only these: some cases elsewhere evaluate for ever.
	cueFiles(f, "../testdata/ops/*.txtar", func(text string) {
		const dir = "/nowhere/at/all"
		src := runtime.Source{Dir: dir, Overlay: map[string][]byte{filepath.Join(dir, "ci.cue"): []byte(text)}}
		data, err := runtime.EncodePlan(runtime.Evaluate(src))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := runtime.DecodePlan(data)
		if err != nil {
			return
		}
		for _, c := range p.Targets() {
			p.Graph(c.Path)
			if _, problems := p.Needs(c.Path, ""); len(problems) > 0 {
				continue
			}
			job, problems, err := p.Lower(t.Context(), c.Path, runtime.LowerOptions{Images: fixedImage{}})
			if err == nil && job == nil && len(problems) == 0 {
				t.Errorf("%s: no job, no problem, no error", c.Path)
			}
		}
	})
}
