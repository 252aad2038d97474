package runtime

import (
	"encoding/json"
	"fmt"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// DecodePlan reads a plan that json.Marshal wrote: the form in which it leaves
// the process that evaluated it.
func DecodePlan(data []byte) (*Plan, error) {
	p := new(Plan)
	if err := json.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("decode plan: %w", err)
	}
	p.byPath = make(map[string]*Component, len(p.Components))
	for _, c := range p.Components {
		if p.byPath[c.Path] == nil {
			p.byPath[c.Path] = c
		}
		for _, op := range c.Ops {
			if err := op.restore(); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// restore makes Spec from Value.
func (o *Op) restore() error {
	kind, ok := ops.ByName(o.Do)
	if !ok || o.Value == nil {
		return nil
	}
	spec, mistakes, err := kind.Decode(o.Value)
	if err != nil || len(mistakes) > 0 {
		return fmt.Errorf("decode %s: %w", o.ID, err)
	}
	o.Spec = spec
	return nil
}
