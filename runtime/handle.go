package runtime

import (
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Handle is a secret or a stream that an op asks for. A plan knows it by name
// alone.
type Handle struct {
	// Field is the field's path inside the op: "mount./key.secret".
	Field string `json:"field"`
	// Path is the CUE path of the value that the field refers to in the end.
	Path string `json:"path"`
	// Names are the paths on the way there: other names for it.
	Names []string `json:"names,omitempty"`
	Range Range    `json:"range"`
}

// PlainSecret is the text of a secret that the package holds as plain text. It
// is for the one who hands secrets to a job, and for nobody else.
func (p *Plan) PlainSecret(path string) ([]byte, bool) {
	text, ok := p.plain[path]
	return text, ok
}

// PlainSecrets are the paths of all secrets written as plain text.
func (p *Plan) PlainSecrets() []string { return slices.Sorted(maps.Keys(p.plain)) }

// handleKinds are the kinds of value that can stand for a secret or a stream.
const handleKinds = cue.StringKind | cue.BytesKind | cue.StructKind

// secret resolves a field that takes a secret to the secret's path.
func (d *opDecoder) secret(path string, v cue.Value) (any, bool) {
	o := d.ev.fieldOrigin(v)
	if o.stream && !o.secret || !d.isHandle(v, o.secret) {
		d.notAHandle(path, v, "a secret", "dagger.#Secret, or string @dagger(secret)")
		return nil, false
	}
	h := d.handle(path, o)
	d.op.Secrets = append(d.op.Secrets, h)
	if !d.c.Template {
		d.ev.secrets[h.Path] = true
		for _, n := range h.Names {
			d.ev.secrets[n] = true
		}
		d.plainText(h, v)
	}
	return h.Path, true
}

// stream resolves a field that takes a unix socket to the stream's path.
func (d *opDecoder) stream(path string, v cue.Value) (any, bool) {
	o := d.ev.fieldOrigin(v)
	if o.secret && !o.stream || !d.isHandle(v, o.stream) {
		d.notAHandle(path, v, "a stream", "dagger.#Stream, or string @dagger(stream)")
		return nil, false
	}
	h := d.handle(path, o)
	d.op.Streams = append(d.op.Streams, h)
	return h.Path, true
}

// textOrSecret decodes an entry that is plain text unless it is marked.
func (d *opDecoder) textOrSecret(path string, v cue.Value) (any, bool) {
	if o := d.ev.origin(v); !o.secret {
		if kind := v.IncompleteKind(); kind != cue.BottomKind && kind&cue.StringKind == 0 {
			d.notAHandle(path, v, "text or a secret", "text in quotes, or as string @dagger(secret)")
			return nil, false
		}
		return d.data(path, v)
	}
	name, ok := d.secret(path, v)
	return map[string]any{ops.SecretKey: name}, ok
}

func (d *opDecoder) handle(path string, o origin) Handle {
	h := Handle{Field: path, Path: o.path, Names: o.names, Range: d.op.FieldRange(path)}
	if h.Path == "" {
		h.Path = d.inPlacePath(path)
	}
	return h
}

// isHandle reports that v may stand for a secret or a stream: open, a text, or
// a struct that is marked as one.
func (d *opDecoder) isHandle(v cue.Value, marked bool) bool {
	kind := v.IncompleteKind()
	switch {
	case kind == cue.BottomKind || kind&handleKinds == 0 || v.LookupPath(upPath).Exists():
		return false
	case kind&(cue.StringKind|cue.BytesKind) != 0:
		return true
	}
	return marked
}

// notAHandle says what stands where a secret or a stream should.
func (d *opDecoder) notAHandle(path string, v cue.Value, what, declare string) {
	if v.IncompleteKind() == cue.BottomKind {
		d.open(path, v)
		return
	}
	got := describeKind(v.IncompleteKind())
	if v.LookupPath(upPath).Exists() {
		got = "a component"
	} else if o := d.ev.origin(v); o.secret {
		got = "a secret"
	} else if o.stream {
		got = "a stream"
	}
	d.problem(Problem{
		Code: CodeMistypedField, Severity: SeverityError, Range: d.op.FieldRange(path),
		Message: d.schema.Do + "." + path + " takes " + what + ", not " + got,
		Hint:    "declare it as " + declare,
	})
}

// plainText keeps a secret that is written in the package, out of sight, and
// says once that it should not be.
func (d *opDecoder) plainText(h Handle, v cue.Value) {
	if dv, ok := v.Default(); ok {
		v = dv
	}
	text, err := v.Bytes() // of a string too
	if err != nil || d.ev.plan.plain[h.Path] != nil {
		return
	}
	if d.ev.plan.plain == nil {
		d.ev.plan.plain = map[string][]byte{}
	}
	d.ev.plan.plain[h.Path] = slices.Clone(text)
	p := Problem{
		Code: CodePlainSecret, Severity: SeverityWarning, Range: h.Range,
		Message: "the secret " + h.Path + " is written as plain text",
		Hint:    "declare it as string @dagger(secret), and give it to a run with --secret " + h.Path + "=env:NAME",
	}
	if h.Path == d.inPlacePath(h.Field) {
		p.Message = "a secret is written here as plain text"
		p.Hint = "name it instead, declare the name as string @dagger(secret), and give it to a run with --secret NAME=env:NAME"
	}
	d.problem(p)
}

// inPlacePath names a secret that is written in the op itself.
func (d *opDecoder) inPlacePath(field string) string { return d.op.ID.String() + "." + field }

// secretAsValue says that a secret stands where its text would be seen.
func (d *opDecoder) secretAsValue(path, secret string) Problem {
	p := Problem{
		Code: CodeSecretAsValue, Severity: SeverityError, Range: d.op.FieldRange(path),
		Message: d.schema.Do + "." + path + " would show the secret " + secret,
		Hint:    "a secret goes only where one is asked for, such as a mount of exec",
	}
	if d.schema.Do == "exec" {
		p.Hint = "mount it as a file, which the command reads: mount: \"/run/secrets/name\": secret: " + secret
	}
	if strings.HasPrefix(path, "mount.") {
		p.Hint = "write {secret: " + secret + "}"
	}
	return p
}

// handles adds what op must be given.
func (n *Needs) handles(op *Op) {
	add := func(to map[string]Given, handles []Handle) {
		for _, h := range handles {
			g, seen := to[h.Path]
			if !seen {
				g = Given{Handle: h, Op: op.ID}
			}
			for _, name := range h.Names {
				if !slices.Contains(g.Names, name) {
					g.Names = append(slices.Clip(g.Names), name)
				}
			}
			to[h.Path] = g
		}
	}
	add(n.Secrets, op.Secrets)
	add(n.Streams, op.Streams)
	if agent, ok := op.Spec.(interface{ NeedsAgent() bool }); ok && agent.NeedsAgent() && n.Agent == (OpID{}) {
		n.Agent = op.ID
	}
}

// MissingSecret says that a run was not given a secret that it needs,
// MissingStream the same of a stream.
func (p *Plan) MissingSecret(g Given) Problem {
	return p.missingHandle(g, "secret", "--secret "+g.Path+"=env:NAME")
}

// MissingStream is MissingSecret of a stream.
func (p *Plan) MissingStream(g Given) Problem {
	return p.missingHandle(g, "stream", "--stream "+g.Path+"=unix:/path/of/the.sock")
}

func (p *Plan) missingHandle(g Given, what, flag string) Problem {
	return Problem{
		Code: CodeMissingInput, Severity: SeverityError, Range: g.Range, Component: g.Op.Component,
		Message: "the " + what + " " + g.Path + " is not given",
		Hint:    "give it with " + flag,
	}
}
