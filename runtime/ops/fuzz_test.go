package ops_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// FuzzDecode holds that no JSON makes an op panic, that what is wrong is said
// with its field and a code, and that the same JSON means the same again.
func FuzzDecode(f *testing.F) {
	eachCase(f, func(op *runtime.Op) { f.Add(op.Do, []byte(op.Value)) })
	f.Fuzz(func(t *testing.T, do string, value []byte) {
		kind, ok := ops.ByName(do)
		if !ok {
			return
		}
		spec, mistakes, err := kind.Decode(value)
		if err != nil {
			return // not JSON of this op, which CUE would have said
		}
		for _, m := range mistakes {
			if m.Field == "" || m.Code == "" || m.Message == "" {
				t.Errorf("a mistake without a word: %+v", m)
			}
		}
		if (spec == nil) != (len(mistakes) > 0) {
			t.Fatalf("%v and %d mistakes", spec, len(mistakes))
		}
		if spec == nil {
			return
		}
		if s := spec.Summary(); !strings.HasPrefix(s, do) {
			t.Errorf("%q does not name the op", s)
		}
		again, _, err := kind.Decode(value)
		if err != nil || !reflect.DeepEqual(spec, again) {
			t.Errorf("%+v, then %+v (%v)", spec, again, err)
		}
	})
}

// eachCase visits the ops of the cases of testdata/ops that have values.
func eachCase(f *testing.F, visit func(*runtime.Op)) {
	f.Helper()
	paths, err := filepath.Glob("../../testdata/ops/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		const dir = "/nowhere/at/all"
		src := runtime.Source{Dir: dir, Overlay: map[string][]byte{}}
		for _, file := range a.Files {
			if strings.HasSuffix(file.Name, ".cue") && !strings.HasPrefix(file.Name, "want/") {
				src.Overlay[filepath.Join(dir, file.Name)] = file.Data
			}
		}
		for _, c := range runtime.Evaluate(src).Components {
			for _, op := range c.Ops {
				if op.Value != nil {
					visit(op)
				}
			}
		}
	}
}
