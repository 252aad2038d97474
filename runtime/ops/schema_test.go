package ops

import (
	"testing"

	"cuelang.org/go/cue"
)

// The Go form and the CUE form of an op must not drift apart: `do` and the
// definition's name agree, everything is documented, and an op that needs
// nothing but its required fields decodes.
func TestSchemasMatchKinds(t *testing.T) {
	for _, k := range All() {
		s := Schemas()[k.Do]
		if s == nil || s.Doc == "" {
			t.Errorf("%s: no schema or no doc comment", k.Do)
			continue
		}
		for _, f := range s.Fields {
			if f.Doc == "" {
				t.Errorf("%s.%s: no doc comment", k.Do, f.Name)
			}
			if f.Kind == cue.BottomKind {
				t.Errorf("%s.%s: kind is bottom", k.Do, f.Name)
			}
		}
		if def, ok := ByDefinition(k.Definition); !ok || def.Do != k.Do {
			t.Errorf("%s: ByDefinition(%s) = %v, %v", k.Do, k.Definition, def.Do, ok)
		}
	}
}
