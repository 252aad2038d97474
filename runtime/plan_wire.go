package runtime

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"strconv"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// EncodePlan writes a plan for the process that asked for it. The plan must not
// be used afterwards.
//
// Almost all of a plan is ranges, and almost all of a range is its file's path:
// on the way paths are numbers. For 800 ops this takes 0.2 MB, where JSON took
// 1.1 MB and most of the reader's time.
func EncodePlan(p *Plan) ([]byte, error) {
	w := wirePlan{Plan: p, Plain: p.plain}
	numbers := map[string]string{}
	p.eachFile(func(file *string) {
		n, ok := numbers[*file]
		if !ok {
			n = strconv.Itoa(len(w.Files))
			numbers[*file] = n
			w.Files = append(w.Files, *file)
		}
		*file = n
	})
	for _, c := range p.Components {
		for _, op := range c.Ops {
			op.Spec = nil // made again from Value
		}
	}
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(&w); err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	return buf.Bytes(), nil
}

// wirePlan is a plan whose ranges hold indexes into Files for paths.
type wirePlan struct {
	Plan  *Plan
	Files []string
	Plain map[string][]byte
}

// DecodePlan reads what EncodePlan wrote.
func DecodePlan(data []byte) (*Plan, error) {
	var w wirePlan
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&w); err != nil {
		return nil, fmt.Errorf("decode plan: %w", err)
	}
	p := w.Plan
	if p == nil {
		return nil, fmt.Errorf("decode plan: %w", errBadPlan)
	}
	p.plain = w.Plain
	p.eachFile(func(file *string) {
		if n, err := strconv.Atoi(*file); err == nil && n >= 0 && n < len(w.Files) {
			*file = w.Files[n]
		}
	})
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

// eachFile visits the path of every range in the plan.
func (p *Plan) eachFile(visit func(file *string)) {
	ranges := func(rs ...*Range) {
		for _, r := range rs {
			visit(&r.File)
		}
	}
	for i := range p.Problems {
		ranges(&p.Problems[i].Range)
		for j := range p.Problems[i].Related {
			ranges(&p.Problems[i].Related[j].Range)
		}
		for j := range p.Problems[i].Edits {
			ranges(&p.Problems[i].Edits[j].Range)
		}
	}
	for _, c := range p.Components {
		ranges(&c.Name, &c.Range, &c.Script)
		for i := range c.Waits {
			ranges(&c.Waits[i].Range)
		}
		for _, op := range c.Ops {
			op.eachRange(ranges)
		}
	}
}

func (o *Op) eachRange(visit func(...*Range)) {
	visit(&o.Range, &o.Literal)
	for i := range o.Fields {
		visit(&o.Fields[i].Key, &o.Fields[i].Value)
	}
	for i := range o.Refs {
		visit(&o.Refs[i].Range)
	}
	for i := range o.Secrets {
		visit(&o.Secrets[i].Range)
	}
	for i := range o.Streams {
		visit(&o.Streams[i].Range)
	}
	for i := range o.Waits {
		visit(&o.Waits[i].Range)
	}
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
