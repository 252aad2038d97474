package slug

import (
	"encoding/json"
	"fmt"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// metaField is the number of our field of pb.Definition, far above BuildKit's.
const metaField protowire.Number = 1 << 20

// Encode gives the file of a definition and what is to be known about it.
func Encode(def *pb.Definition, meta Meta) ([]byte, error) {
	// Deterministic sorts maps; the order of fields is that of their numbers.
	rest, err := proto.MarshalOptions{Deterministic: true}.Marshal(def)
	if err != nil {
		return nil, fmt.Errorf("encode the slug's definition: %w", err)
	}
	meta.Definition = digest.FromBytes(rest)
	text, err := json.Marshal(meta)
	if err != nil {
		return nil, fmt.Errorf("encode the slug's metadata: %w", err)
	}
	data := protowire.AppendTag(nil, metaField, protowire.BytesType)
	data = protowire.AppendBytes(data, text)
	return append(data, rest...), nil
}

// New encodes a slug and reads it back, so that what is written can be read.
func New(def *pb.Definition, meta Meta) (*Slug, []byte, error) {
	meta.Format = Format
	data, err := Encode(def, meta)
	if err != nil {
		return nil, nil, err
	}
	s, err := Decode(data)
	return s, data, err
}

// digestsOf names the vertices of a definition.
func digestsOf(def *pb.Definition) []digest.Digest {
	out := make([]digest.Digest, len(def.Def))
	for i, dt := range def.Def {
		out[i] = digest.FromBytes(dt)
	}
	return out
}
