package ops

import (
	"encoding/json"
	"fmt"
)

// All lists every operation, in the order in which docs and completion show
// them.
func All() []Kind {
	return []Kind{
		fetchContainer(),
		fetchGit(),
		fetchHTTP(),
		dockerBuild(),
		local(),
		load(),
		copyOp(),
		subdir(),
		workdir(),
		exec(),
		mkdir(),
		writeFile(),
		export(),
		dockerLogin(),
		pushContainer(),
		saveImage(),
	}
}

// ByName returns the kind whose `do` is name.
func ByName(name string) (Kind, bool) {
	for _, k := range All() {
		if k.Do == name {
			return k, true
		}
	}
	return Kind{}, false
}

// ByDefinition returns the kind whose CUE definition is name, such as "#Exec".
func ByDefinition(name string) (Kind, bool) {
	for _, k := range All() {
		if k.Definition == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Validator is a Spec with rules that its CUE schema does not say.
type Validator interface {
	// Validate returns the user's mistakes, in field order.
	Validate() []*FieldError
}

// Decode makes the typed op of a JSON object, in which every component
// reference stands as its path and bytes as {"$bytes": base64}.
func (k Kind) Decode(data []byte) (Spec, []*FieldError, error) {
	s := k.New()
	if err := json.Unmarshal(data, s); err != nil {
		if fe, ok := err.(*FieldError); ok { //nolint:errorlint // returned bare by our own UnmarshalJSON
			return nil, []*FieldError{fe}, nil
		}
		return nil, nil, fmt.Errorf("decode %s: %w", k.Do, err)
	}
	if v, ok := s.(Validator); ok {
		if errs := v.Validate(); len(errs) > 0 {
			return nil, errs, nil
		}
	}
	return s, nil, nil
}
