package runtime

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// openField is a field without a value, and the problem that says so.
type openField struct {
	d       *opDecoder
	path    string
	value   cue.Value
	problem int
}

// leaks finds secrets that stand where plain values go. Their text must not
// get into a plan. That a value is a secret may be known only now: from another
// op that uses it as one.
func (ev *evaluator) leaks() {
	for _, o := range ev.opens {
		if secret := ev.secretIn(o.value); secret != "" {
			p := o.d.secretAsValue(o.path, secret)
			p.Component = o.d.c.Path
			ev.problems[o.problem] = p
		}
	}
	if len(ev.plan.plain) == 0 {
		return
	}
	for _, c := range ev.order {
		for _, op := range c.Ops {
			ev.plainLeak(c, op)
		}
	}
}

// secretIn returns the secret that an expression is made of, if any.
func (ev *evaluator) secretIn(v cue.Value) string { return ev.secretWithin(v, 0) }

// maxOperands bounds how deep an expression is taken apart.
const maxOperands = 16

func (ev *evaluator) secretWithin(v cue.Value, depth int) string {
	o := ev.fieldOrigin(v)
	name := o.path
	if name != "" && (o.secret || ev.secrets[name]) {
		return name
	}
	op, parts := v.Expr()
	if depth == maxOperands || op == cue.NoOp || op == cue.SelectorOp {
		return ""
	}
	for _, p := range parts {
		if s := ev.secretWithin(p, depth+1); s != "" {
			return s
		}
	}
	return ""
}

// plainLeak takes an op out of the plan whose fields repeat, by reference, the
// text of a secret that the package holds as plain text. What is written out
// literally a second time is the user's own doing.
func (ev *evaluator) plainLeak(c *found, op *Op) {
	var fields map[string]any
	if op.Value == nil || json.Unmarshal(op.Value, &fields) != nil {
		return
	}
	v := c.script.LookupPath(cue.MakePath(cue.Index(op.ID.Index)))
	el := ev.element(v)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if el != nil && !el.computed && len(el.identsOf(name)) == 0 {
			continue
		}
		at, secret := ev.plainIn(op, name, fields[name], v.LookupPath(cue.MakePath(cue.Str(name))))
		if secret == "" {
			continue
		}
		d := &opDecoder{ev: ev, c: c, op: op, el: el, schema: ops.Schemas()[op.Do]}
		d.problem(d.secretAsValue(at, secret))
		op.Value, op.Spec = nil, nil
		return
	}
}

// plainIn finds a plain secret in a field, and where: by its text in the data,
// or by reference in the value. The names of secrets are data too, and no leak.
func (ev *evaluator) plainIn(op *Op, path string, data any, v cue.Value) (at, secret string) {
	if slices.ContainsFunc(op.Secrets, func(h Handle) bool { return h.Field == path }) {
		return "", ""
	}
	switch data := data.(type) {
	case string:
		return path, cmp.Or(ev.plainOf(data), ev.secretIn(v))
	case []any:
		for i, item := range data {
			iv := v.LookupPath(cue.MakePath(cue.Index(i)))
			if at, secret = ev.plainIn(op, indexPath(path, i), item, iv); secret != "" {
				return at, secret
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(data)) {
			if secret = ev.plainOf(k); secret != "" {
				return path, secret
			}
			kv := v.LookupPath(cue.MakePath(cue.Str(k)))
			if at, secret = ev.plainIn(op, path+"."+k, data[k], kv); secret != "" {
				return at, secret
			}
		}
	}
	return "", ""
}

// shortSecret is the length under which a text is a secret only when it stands
// alone: it occurs in other texts by chance.
const shortSecret = 4

// plainOf names the plain secret whose text s holds, as it is or as the base64
// that bytes are written in.
func (ev *evaluator) plainOf(s string) string {
	raw, _ := base64.StdEncoding.DecodeString(s)
	for _, path := range ev.plan.PlainSecrets() {
		text := string(ev.plan.plain[path])
		switch {
		case text == "":
		case s == text, len(text) >= shortSecret && (strings.Contains(s, text) || strings.Contains(string(raw), text)):
			return path
		}
	}
	return ""
}

// hidePlain takes the text of plain secrets out of what CUE says of them.
func (ev *evaluator) hidePlain() {
	var pairs []string
	for _, path := range ev.plan.PlainSecrets() {
		if text := ev.plan.plain[path]; len(text) >= shortSecret {
			pairs = append(pairs, string(text), "***")
		}
	}
	if len(pairs) == 0 {
		return
	}
	hide := strings.NewReplacer(pairs...)
	for i := range ev.problems {
		p := &ev.problems[i]
		p.Message, p.Hint = hide.Replace(p.Message), hide.Replace(p.Hint)
		for j := range p.Related {
			p.Related[j].Message = hide.Replace(p.Related[j].Message)
		}
	}
}

// secretNamed returns the secret that the text of a field names, for a field
// that CUE has no value of. It looks the names up from the component outwards,
// as CUE would.
func (ev *evaluator) secretNamed(component string, el *element, field string) string {
	if el == nil {
		return ""
	}
	for _, id := range el.identsOf(field) {
		for at := component; ; at = parentPath(at) {
			if v := ev.lookup(joinPath(at, id.Name)); v.Exists() {
				if o := ev.origin(v); o.secret {
					return cmp.Or(o.path, joinPath(at, id.Name))
				}
				break
			}
			if at == "" {
				break
			}
		}
	}
	return ""
}

// parentPath drops the last label of a path; a quoted one may hold dots, which
// costs no more than a lookup that finds nothing.
func parentPath(path string) string {
	return path[:max(strings.LastIndexByte(path, '.'), 0)]
}

// secretConflict words an error in an op's field that names a secret.
func (ev *evaluator) secretConflict(c *Component, op *Op, schema *ops.Schema, field string) (Problem, bool) {
	el := ev.element(ev.components[c.Path].script.LookupPath(cue.MakePath(cue.Index(op.ID.Index))))
	secret := ev.secretNamed(c.Path, el, topField(field))
	if f, _ := schema.Field(topField(field)); secret == "" || f.Secret {
		return Problem{}, false
	}
	d := &opDecoder{ev: ev, schema: schema, op: op}
	p := d.secretAsValue(field, secret)
	p.Component = c.Path
	return p, true
}
