package slug

import (
	"bytes"
	"slices"

	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"
)

// Difference is what makes one slug another.
type Difference struct {
	// Same says that the files are the same; SameLLB that the definitions are,
	// the source map aside, so that both do the same with the same inputs.
	Same    bool `json:"same"`
	SameLLB bool `json:"sameLLB"`
	// Job is what concerns all of it: target, platform.
	Job    []FieldChange `json:"job,omitempty"`
	Steps  []StepChange  `json:"steps,omitempty"`
	Inputs []InputChange `json:"inputs,omitempty"`
	// Files are the CUE files. They may change and mean the same.
	Files []InputChange `json:"files,omitempty"`
	// Vertices counts those that differ although no step says why.
	Vertices int `json:"vertices,omitempty"`
}

// Kinds of changes.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// StepChange is one step that is not in both, or not the same.
type StepChange struct {
	Kind string `json:"kind"`
	// Step is the new one, or the one that was removed.
	Step   Step          `json:"step"`
	Fields []FieldChange `json:"fields,omitempty"`
}

// FieldChange is one field with its two values; empty where it has none.
type FieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// Diff compares two slugs.
func Diff(a, b *Slug) Difference {
	d := Difference{Same: a.Digest == b.Digest, SameLLB: sameLLB(a, b)}
	if d.Same {
		return d
	}
	d.Job = changes(a.jobFields(), b.jobFields())
	d.Steps = diffSteps(a, b)
	d.Inputs = diffInputs(a, b)
	d.Files = diffNamed("file", fileDigests(a), fileDigests(b))
	if !d.SameLLB && len(d.Job)+len(d.Steps)+len(d.Inputs) == 0 {
		d.Vertices = otherVertices(a, b)
	}
	return d
}

func (s *Slug) jobFields() fields {
	f := fields{"target": s.Meta.Target, "platform": s.Meta.Platform, "cache scope": s.Meta.Scope}
	for _, v := range s.Meta.Values {
		f["value of "+v.Path] = v.Value
	}
	for _, e := range s.Meta.Exports {
		f["export "+e.Component+" "+e.Source] = e.Format
	}
	return f
}

// sameLLB compares vertices and what of their metadata steers the daemon.
func sameLLB(a, b *Slug) bool {
	return slices.EqualFunc(a.Definition.Def, b.Definition.Def, bytes.Equal) && !slices.ContainsFunc(a.digests, func(d digest.Digest) bool {
		x, y := a.Definition.Metadata[d.String()], b.Definition.Metadata[d.String()]
		return x.GetIgnoreCache() != y.GetIgnoreCache() || !proto.Equal(x.GetLinuxResources(), y.GetLinuxResources())
	})
}

func otherVertices(a, b *Slug) int {
	n := 0
	for i := range max(len(a.digests), len(b.digests)) {
		if i >= len(a.digests) || i >= len(b.digests) || a.digests[i] != b.digests[i] {
			n++
		}
	}
	return n
}

// diffSteps compares component by component, in the order of b and then what
// only a has.
func diffSteps(a, b *Slug) []StepChange {
	left, right := a.components(), b.components()
	var out []StepChange
	for _, name := range right.order {
		out = append(out, diffComponent(left.steps[name], right.steps[name])...)
	}
	for _, name := range left.order {
		if right.steps[name] == nil {
			out = append(out, diffComponent(left.steps[name], nil)...)
		}
	}
	return out
}

// described is a step with what it does.
type described struct {
	Step
	fields fields
	key    string
}

type components struct {
	order []string
	steps map[string][]described
}

func (s *Slug) components() components {
	owner := s.owners()
	c := components{steps: map[string][]described{}}
	for _, st := range s.Meta.Steps {
		if c.steps[st.Component] == nil {
			c.order = append(c.order, st.Component)
		}
		f := s.stepFields(st, owner)
		c.steps[st.Component] = append(c.steps[st.Component], described{st, f, st.Do + "\n" + f.key()})
	}
	return c
}

// owners are the components that vertices belong to, the first where they are
// several.
func (s *Slug) owners() map[int]string {
	owner := map[int]string{}
	for _, st := range s.Meta.Steps {
		for _, v := range st.Vertices {
			if owner[v] == "" {
				owner[v] = st.Component
			}
		}
	}
	return owner
}

func diffComponent(a, b []described) []StepChange {
	var out []StepChange
	var gone, come []described
	flush := func() {
		out = append(out, matchUp(gone, come)...)
		gone, come = nil, nil
	}
	for _, p := range align(keys(a), keys(b)) {
		switch {
		case p.b < 0:
			gone = append(gone, a[p.a])
		case p.a < 0:
			come = append(come, b[p.b])
		default:
			flush()
		}
	}
	flush()
	return out
}

func keys(steps []described) []string {
	out := make([]string, len(steps))
	for i, s := range steps {
		out[i] = s.key
	}
	return out
}

// matchUp takes two steps of the same op between the same neighbours for one
// that changed.
func matchUp(gone, come []described) []StepChange {
	var out []StepChange
	for _, c := range come {
		i := slices.IndexFunc(gone, func(g described) bool { return g.Do == c.Do })
		if i < 0 {
			out = append(out, StepChange{Kind: Added, Step: c.Step})
			continue
		}
		for _, g := range gone[:i] {
			out = append(out, StepChange{Kind: Removed, Step: g.Step})
		}
		out = append(out, StepChange{Kind: Changed, Step: c.Step, Fields: changes(gone[i].fields, c.fields)})
		gone = gone[i+1:]
	}
	for _, g := range gone {
		out = append(out, StepChange{Kind: Removed, Step: g.Step})
	}
	return out
}

func changes(a, b fields) []FieldChange {
	var out []FieldChange
	for _, k := range sortedKeys(a) {
		if a[k] != b[k] {
			out = append(out, FieldChange{k, a[k], b[k]})
		}
	}
	for _, k := range sortedKeys(b) {
		if _, both := a[k]; !both && b[k] != "" {
			out = append(out, FieldChange{k, "", b[k]})
		}
	}
	return out
}
