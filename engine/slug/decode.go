package slug

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// MaxSize bounds a slug. The definition crosses to the daemon in one message,
// which is bounded in the same way.
const MaxSize = 64 << 20

// ErrNotSlug says that some bytes are no slug, or a damaged one.
var ErrNotSlug = errors.New("not a slug, or a damaged one")

// bad wraps ErrNotSlug with what is wrong.
func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrNotSlug, fmt.Errorf(format, args...))
}

// Decode reads a slug and checks it.
func Decode(data []byte) (*Slug, error) {
	if len(data) > MaxSize {
		return nil, bad("it is larger than %d MiB", MaxSize>>20)
	}
	text, rest, err := split(data)
	if err != nil {
		return nil, err
	}
	s := &Slug{Digest: digest.FromBytes(data), Definition: &pb.Definition{}}
	if err := decodeMeta(text, &s.Meta); err != nil {
		return nil, err
	}
	if digest.FromBytes(rest) != s.Meta.Definition {
		return nil, bad("its definition is cut off or changed")
	}
	if err := s.decodeDefinition(rest); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// Read decodes what r holds, and no more than a slug may have.
func Read(r io.Reader) (*Slug, []byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read the slug: %w", err)
	}
	s, err := Decode(data)
	return s, data, err
}

// split takes our field off the front.
func split(data []byte) (meta, definition []byte, err error) {
	num, typ, n := protowire.ConsumeTag(data)
	if n < 0 || num != metaField || typ != protowire.BytesType {
		return nil, nil, bad("it does not begin as one")
	}
	meta, m := protowire.ConsumeBytes(data[n:])
	if m < 0 {
		return nil, nil, bad("its metadata is cut off")
	}
	return meta, data[n+m:], nil
}

func decodeMeta(text []byte, meta *Meta) error {
	if err := countJSON(text); err != nil {
		return err
	}
	var head struct {
		Format int `json:"cuellb-slug"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return bad("its metadata: %w", err)
	}
	if head.Format != Format {
		return fmt.Errorf("the slug has format %d, and this dagger-lsp reads %d: use the dagger-lsp that made it, or build it again", head.Format, Format)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(meta); err != nil {
		return bad("its metadata: %w", err)
	}
	return nil
}

func (s *Slug) decodeDefinition(data []byte) error {
	b := budget(maxFields)
	if err := b.count(data, definitionDescriptor, 0); err != nil {
		return err
	}
	if err := proto.Unmarshal(data, s.Definition); err != nil {
		return bad("its definition: %w", err)
	}
	if n := len(s.Definition.ProtoReflect().GetUnknown()); n > 0 {
		return bad("%d bytes of its definition are of no known field", n)
	}
	for _, dt := range s.Definition.Def {
		if err := b.count(dt, opDescriptor, 0); err != nil {
			return err
		}
		op := &pb.Op{}
		if err := proto.Unmarshal(dt, op); err != nil {
			return bad("its vertex %d: %w", len(s.ops), err)
		}
		s.ops = append(s.ops, op)
	}
	s.digests = digestsOf(s.Definition)
	s.index = make(map[string]int, len(s.digests))
	for i, d := range s.digests {
		s.index[d.String()] = i
	}
	return nil
}
