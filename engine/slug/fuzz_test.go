package slug_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/dagger/dagger-lsp/engine/slug"
)

// seal stands in metadata for the digest of the definition, which no fuzzer
// would guess.
const seal = "@"

// FuzzSlug holds that no file makes reading panic, that what is read names
// nothing outside the workspace, and that it is written and compared like any
// other slug.
func FuzzSlug(f *testing.F) {
	for _, path := range cases(f) {
		dir := f.TempDir()
		unpack(f, path, dir)
		if s, data := compile(f, dir); s != nil {
			meta, def := halves(f, data)
			f.Add(bytes.Replace(meta, []byte(s.Meta.Definition), []byte(seal), 1), def)
		}
	}
	_, plain := sample(f)
	f.Fuzz(func(t *testing.T, meta, def []byte) {
		s, err := slug.Decode(join(meta, def))
		if err != nil {
			return
		}
		for _, l := range s.Inputs().Locals {
			if !filepath.IsLocal(filepath.FromSlash(l.Name)) {
				t.Errorf("folder %q", l.Name)
			}
		}
		again, _, err := slug.New(s.Definition, s.Meta)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if d := slug.Diff(s, again); !d.SameLLB || len(d.Steps)+len(d.Inputs)+len(d.Job) > 0 {
			t.Errorf("written anew it is another: %+v", d)
		}
		other, err := slug.Decode(plain)
		if err != nil {
			t.Fatal(err)
		}
		slug.Diff(s, other)
		if _, err := s.Bound("workspace", "run"); err != nil {
			t.Errorf("it cannot be bound to a run: %v", err)
		}
	})
}

// halves takes a file apart.
func halves(tb testing.TB, data []byte) (meta, def []byte) {
	tb.Helper()
	_, _, n := protowire.ConsumeTag(data)
	meta, m := protowire.ConsumeBytes(data[n:])
	if err := proto.Unmarshal(data[n+m:], &pb.Definition{}); err != nil {
		tb.Fatal(err)
	}
	return meta, data[n+m:]
}

// join makes a file whose seal fits.
func join(meta, def []byte) []byte {
	meta = bytes.Replace(meta, []byte(`"`+seal+`"`), []byte(`"`+digest.FromBytes(def).String()+`"`), 1)
	data := protowire.AppendTag(nil, 1<<20, protowire.BytesType)
	return append(protowire.AppendBytes(data, meta), def...)
}
