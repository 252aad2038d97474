package runtime_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/dagger/dagger-lsp/runtime"
)

// mutation is one typing error.
type mutation struct {
	name string
	// edit gives the new text of a field's key and value; none for ops and
	// fields that the error cannot be made in.
	edit func(f runtime.Field, key, value string) (string, string, bool)
}

var mutations = []mutation{
	{"a misspelled field", func(f runtime.Field, key, value string) (string, string, bool) {
		return key + "x", value, f.Path != "do" && !strings.HasPrefix(key, `"`)
	}},
	{"a misspelled op", func(f runtime.Field, key, value string) (string, string, bool) {
		return key, strings.Replace(value, `"`, `"x`, 1), f.Path == "do" && strings.HasPrefix(value, `"`)
	}},
	{"a value of another type", func(f runtime.Field, key, _ string) (string, string, bool) {
		return key, "null", f.Path != "do"
	}},
	{"a reference to nothing", func(f runtime.Field, key, value string) (string, string, bool) {
		return key, value + "x", f.Path == "from" && !strings.ContainsAny(value, "{[(")
	}},
}

// score counts what became of a kind of error.
type score struct{ made, bySyntax, caught, elsewhere, late, problems int }

// Typing errors in an op are caught, nearly all at the op where they were made:
// the rest at another place, or when the target is about to run. They are made in
// every field of every op of the cases, one at a time; the log has the figures of
// docs/hypotheses.md.
func TestTypingErrors(t *testing.T) {
	scores := make([]score, len(mutations))
	for _, c := range soundCases(t) {
		for _, component := range runtime.Evaluate(c.source(c.files)).Components {
			for _, op := range component.Ops {
				for _, f := range op.Fields {
					c.mutate(t, op, f, scores)
				}
			}
		}
	}
	for i, m := range mutations {
		s := scores[i]
		t.Logf("%-24s %3d made, %3d caught at the op (%d while typing), %d elsewhere, %d before a run; %.1f problems each",
			m.name, s.made, s.caught, s.bySyntax, s.elsewhere, s.late, float64(s.problems)/float64(max(1, s.made)))
		if s.made < 20 || s.caught*10 < s.made*9 {
			t.Errorf("%s: caught %d of %d", m.name, s.caught, s.made)
		}
	}
}

// sound is a case without problems, as texts by path.
type sound struct {
	path  string
	files map[string][]byte
}

const soundDir = "/nowhere/at/all"

func (c sound) source(files map[string][]byte) runtime.Source {
	return runtime.Source{Dir: soundDir, Overlay: files}
}

func soundCases(t *testing.T) []sound {
	t.Helper()
	paths, err := filepath.Glob("../testdata/ops/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var out []sound
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := sound{path: path, files: map[string][]byte{}}
		for _, f := range txtar.Parse(data).Files {
			if strings.HasSuffix(f.Name, ".cue") && !strings.HasPrefix(f.Name, "want/") {
				c.files[filepath.Join(soundDir, f.Name)] = f.Data
			}
		}
		if !runtime.HasErrors(runtime.Evaluate(c.source(c.files)).Problems) {
			out = append(out, c)
		}
	}
	return out
}

// mutate makes every error that can be made in a field, and looks for it.
func (c sound) mutate(t *testing.T, op *runtime.Op, f runtime.Field, scores []score) {
	t.Helper()
	text, ok := c.files[f.Key.File]
	if !ok || strings.ContainsAny(f.Path, ".[") || f.Key.IsZero() || f.Value.IsZero() {
		return
	}
	key, value := cut(text, f.Key), cut(text, f.Value)
	for i, m := range mutations {
		newKey, newValue, ok := m.edit(f, key, value)
		if !ok {
			continue
		}
		changed := replace(replace(text, f.Value, newValue), f.Key, newKey)
		files := map[string][]byte{}
		for path, data := range c.files {
			files[path] = data
		}
		files[f.Key.File] = changed
		s := &scores[i]
		s.made++
		if len(errorsAt(runtime.Syntax(c.source(files)), op)) > 0 {
			s.bySyntax++
		}
		plan := runtime.Evaluate(c.source(files))
		found := errorsAt(plan, op)
		s.problems += len(found)
		switch {
		case len(found) > 0:
			s.caught++
		case len(plan.Problems) > 0:
			s.elsewhere++
		case !runs(plan, "main") || !runs(plan, op.ID.Component):
			s.late++
		default:
			t.Errorf("%s: %s in %s is not noticed: %s: %s", filepath.Base(c.path), m.name, op.ID, newKey, newValue)
		}
	}
}

// runs reports that a target could run as far as the plan knows.
func runs(p *runtime.Plan, target string) bool {
	_, problems := p.Needs(target, p.Root)
	return !runtime.HasErrors(problems)
}

// errorsAt are the errors of a plan at the lines of an op.
func errorsAt(p *runtime.Plan, op *runtime.Op) []runtime.Problem {
	return slices.DeleteFunc(slices.Clone(p.Problems), func(x runtime.Problem) bool {
		return x.Severity != runtime.SeverityError || x.Range.File != op.Range.File ||
			x.Range.Start.Line < op.Range.Start.Line || x.Range.Start.Line > op.Range.End.Line
	})
}

func offset(text []byte, p runtime.Position) int {
	n := 0
	for range p.Line {
		n += strings.IndexByte(string(text[n:]), '\n') + 1
	}
	return n + p.Column
}

func cut(text []byte, r runtime.Range) string {
	return string(text[offset(text, r.Start):offset(text, r.End)])
}

func replace(text []byte, r runtime.Range, with string) []byte {
	return slices.Concat(text[:offset(text, r.Start)], []byte(with), text[offset(text, r.End):])
}
