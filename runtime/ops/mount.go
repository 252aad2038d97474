package ops

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/moby/buildkit/client/llb"
)

// Mount is one entry of an exec's `mount`. Exactly one of Cache, Tmpfs, From,
// Secret and Stream is set.
type Mount struct {
	// Cache is a persistent cache; CacheID names it, empty for the one of
	// this component and path.
	Cache   bool
	CacheID string
	// Sharing is shared, private or locked.
	Sharing string
	Tmpfs   bool
	// From mounts Path of another component's result. What is written there
	// is dropped after the command.
	From Ref
	Path string
	// Secret is a file with the secret's text, which only its owner may read.
	Secret SecretRef
	// Stream is a unix socket.
	Stream StreamRef
	// Bad is the text of a form that is none of these.
	Bad string
}

type mountObject struct {
	Cache   *string `json:"cache"`
	Sharing string  `json:"sharing"`
	From    Ref     `json:"from"`
	Input   Ref     `json:"input"`
	Path    string  `json:"path"`

	Secret SecretRef `json:"secret"`
	Stream StreamRef `json:"stream"`
}

// UnmarshalJSON reads "cache", "tmpfs" and the object forms. Another form is
// kept in Bad, for Validate to report with its path.
func (m *Mount) UnmarshalJSON(data []byte) error {
	var kind string
	if json.Unmarshal(data, &kind) == nil {
		m.setKind(kind)
		return nil
	}
	var o mountObject
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&o); err != nil {
		m.Bad = string(data)
		return nil //nolint:nilerr // the user's mistake, reported by Validate
	}
	m.setObject(o, data)
	return nil
}

func (m *Mount) setKind(kind string) {
	switch kind {
	case "cache":
		m.Cache, m.Sharing = true, "shared"
	case "tmpfs", "tmp": // "tmp" until 2021-03
		m.Tmpfs = true
	default:
		m.Bad = fmt.Sprintf("%q", kind)
	}
}

func (m *Mount) setObject(o mountObject, data []byte) {
	from := o.From
	if from == "" {
		from = o.Input // the prototype's spelling
	}
	kinds := 0
	for _, given := range []bool{o.Cache != nil, from != "", o.Secret != "", o.Stream != ""} {
		if given {
			kinds++
		}
	}
	if kinds != 1 {
		m.Bad = string(data)
		return
	}
	m.From, m.Path, m.Secret, m.Stream = from, o.Path, o.Secret, o.Stream
	if o.Cache != nil {
		m.Cache, m.CacheID, m.Sharing = true, *o.Cache, cmp.Or(o.Sharing, "shared")
	}
}

func (m Mount) validate(path string) *FieldError {
	if m.Bad != "" {
		return &FieldError{
			Field: "mount." + path, Code: "bad-value",
			Message: m.Bad + " is not a kind of mount",
			Hint:    `write "cache", "tmpfs", {from: component, path: "/"}, {cache: "id"}, {secret: value} or {stream: value}`,
		}
	}
	if _, ok := sharingModes[m.Sharing]; m.Cache && !ok {
		return &FieldError{
			Field: "mount." + path + ".sharing", Code: "bad-value",
			Message: fmt.Sprintf("%q is not a sharing mode", m.Sharing),
			Hint:    `write "shared", "private" or "locked"`,
		}
	}
	return nil
}

var sharingModes = map[string]llb.CacheMountSharingMode{
	"shared":  llb.CacheMountShared,
	"private": llb.CacheMountPrivate,
	"locked":  llb.CacheMountLocked,
}

// Modes of what is mounted from outside. A command that runs as another user
// than root may read neither.
const (
	secretMode = 0o400
	streamMode = 0o600
)

func (m Mount) lower(ctx context.Context, b Builder, path string) (llb.RunOption, error) {
	switch {
	case m.Cache:
		id := m.CacheID
		if id == "" {
			id = b.CacheID(path)
		}
		cache := llb.AsPersistentCacheDir(id, sharingModes[m.Sharing])
		return llb.AddMount(path, llb.Scratch(), cache), nil
	case m.Tmpfs:
		return llb.AddMount(path, llb.Scratch(), llb.Tmpfs()), nil
	case m.Secret != "":
		id, err := b.Secret(m.Secret)
		return llb.AddSecret(path, llb.SecretID(id), llb.SecretFileOpt(0, 0, secretMode)), err
	case m.Stream != "":
		id, err := b.Stream(m.Stream)
		return llb.AddSSHSocket(llb.SSHID(id), llb.SSHSocketOpt(path, 0, 0, streamMode)), err
	}
	from, err := b.Component(ctx, m.From)
	if err != nil {
		return nil, err
	}
	opts := []llb.MountOption{llb.ForceNoOutput}
	if m.Path != "" && m.Path != "/" {
		opts = append(opts, llb.SourcePath(m.Path))
	}
	return llb.AddMount(path, from, opts...), nil
}
