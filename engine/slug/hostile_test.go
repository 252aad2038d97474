package slug_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"

	"github.com/dagger/dagger-lsp/engine/slug"
	"github.com/dagger/dagger-lsp/runtime"
)

// sample is a small slug that reads a folder.
func sample(tb testing.TB) (*slug.Slug, []byte) {
	tb.Helper()
	dir := tb.TempDir()
	unpack(tb, "../../testdata/ops/local.txtar", dir)
	s, data := compile(tb, dir)
	if s == nil {
		tb.Fatal("the case local does not compile")
	}
	return s, data
}

// Whatever is cut off, the rest is no slug, and says so.
func TestTruncated(t *testing.T) {
	_, data := sample(t)
	for n := range data {
		if _, err := slug.Decode(data[:n]); !errors.Is(err, slug.ErrNotSlug) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(data), err)
		}
	}
}

// Slugs that lie are refused, each with a reason.
func TestLies(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(*pb.Definition, *slug.Meta)
		want string
	}{
		"folder outside":    {func(d *pb.Definition, m *slug.Meta) { m.Locals[0].Name = "../../etc" }, "leads out of the workspace"},
		"absolute folder":   {func(d *pb.Definition, m *slug.Meta) { m.Locals[0].Name = "/etc" }, "leads out of the workspace"},
		"windows folder":    {func(d *pb.Definition, m *slug.Meta) { m.Locals[0].Name = `..\etc` }, "leads out of the workspace"},
		"drive":             {func(d *pb.Definition, m *slug.Meta) { m.Locals[0].Name = `C:/etc` }, "leads out of the workspace"},
		"folder unsaid":     {func(d *pb.Definition, m *slug.Meta) { m.Locals = nil }, "does not say so"},
		"other patterns":    {func(d *pb.Definition, m *slug.Meta) { m.Locals[0].Exclude = nil }, "does not say so"},
		"no digest":         {func(d *pb.Definition, m *slug.Meta) { m.Locals[0].Digest = "sha256:12" }, "has no digest"},
		"file outside":      {func(d *pb.Definition, m *slug.Meta) { m.Steps[0].File = "../../etc/shadow" }, "is nowhere"},
		"source outside":    {func(d *pb.Definition, m *slug.Meta) { d.Source.Infos[0].Filename = "/etc/shadow" }, "source map"},
		"negative place":    {func(d *pb.Definition, m *slug.Meta) { m.Steps[0].Range[2] = -1 }, "is nowhere"},
		"vertex beyond":     {func(d *pb.Definition, m *slug.Meta) { m.Steps[0].Vertices = []int{9999} }, "a vertex that there is not"},
		"vertex before":     {func(d *pb.Definition, m *slug.Meta) { m.Steps[0].Vertices = []int{-1} }, "a vertex that there is not"},
		"step left out":     {func(d *pb.Definition, m *slug.Meta) { m.Steps[0].Index = 1 << 40 }, "not in order"},
		"export format":     {func(d *pb.Definition, m *slug.Meta) { m.Exports = []slug.Export{{Component: "a", Format: "exe"}} }, "its export"},
		"target":            {func(d *pb.Definition, m *slug.Meta) { m.Target = "" }, "no target"},
		"no vertices":       {func(d *pb.Definition, m *slug.Meta) { *d = pb.Definition{} }, "empty"},
		"vertex lost":       {func(d *pb.Definition, m *slug.Meta) { d.Def = d.Def[1:] }, "does not stand before it"},
		"wrong order":       {func(d *pb.Definition, m *slug.Meta) { n := len(d.Def); d.Def[n-2], d.Def[n-1] = d.Def[n-1], d.Def[n-2] }, "does not stand before it"},
		"no result":         {func(d *pb.Definition, m *slug.Meta) { d.Def = d.Def[:1]; d.Metadata, m.Steps = nil, nil }, "not the result"},
		"unknown described": {func(d *pb.Definition, m *slug.Meta) { d.Metadata["sha256:0"] = &pb.OpMetadata{} }, "a vertex that it has not"},
		"garbage vertex":    {func(d *pb.Definition, m *slug.Meta) { d.Def[0] = []byte("\xff\xff") }, "cut off"},
		"source map beyond": {func(d *pb.Definition, m *slug.Meta) { d.Source.Infos = nil }, "source map"},
		"other session": {func(d *pb.Definition, m *slug.Meta) {
			*d = *source(t, "local://.", map[string]string{pb.AttrLocalSessionID: "x"})
			m.Locals, m.Steps = []slug.Local{{Name: ".", Digest: digest.FromString("")}}, nil
		}, "another session"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := sample(t)
			def, meta := proto.CloneOf(s.Definition), clone(t, s.Meta)
			c.lie(def, &meta)
			data, err := slug.Encode(def, meta)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := slug.Decode(data); !errors.Is(err, slug.ErrNotSlug) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// source is a definition of one source.
func source(t *testing.T, id string, attrs map[string]string) *pb.Definition {
	t.Helper()
	def, err := llb.NewState(llb.NewSource(id, attrs, llb.Constraints{}).Output()).Marshal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return def.ToPB()
}

func clone(t *testing.T, m slug.Meta) (out slug.Meta) {
	t.Helper()
	data, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A few bytes that would become very many things are refused before they do.
func TestBombs(t *testing.T) {
	s, _ := sample(t)
	meta := clone(t, s.Meta)
	many := bytes.Repeat([]byte{0x0a, 0}, 16<<20) // empty inputs, or vertices
	op := &pb.Definition{Def: [][]byte{many}}
	inOp, err := slug.Encode(op, meta)
	if err != nil {
		t.Fatal(err)
	}
	inList, err := slug.Encode(unread(many), meta)
	if err != nil {
		t.Fatal(err)
	}
	meta.Tags = make([]string, 4<<20)
	inMeta, err := slug.Encode(s.Definition, meta)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"vertices": inList, "inputs": inOp, "metadata": inMeta, "size": make([]byte, slug.MaxSize+1),
	} {
		before := allocated()
		if _, err := slug.Decode(data); !errors.Is(err, slug.ErrNotSlug) {
			t.Errorf("%s: %v", name, err)
		}
		// What is copied is the definition's own bytes, once.
		if used := allocated() - before; used > uint64(len(data))+8<<20 {
			t.Errorf("%s: %d MiB to refuse it", name, used>>20)
		}
	}
}

// unread is a definition whose bytes are data.
func unread(data []byte) *pb.Definition {
	d := &pb.Definition{}
	d.ProtoReflect().SetUnknown(data)
	return d
}

func allocated() uint64 {
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	return m.TotalAlloc
}

// A slug of another format says which program reads it.
func TestOtherFormat(t *testing.T) {
	s, _ := sample(t)
	meta := clone(t, s.Meta)
	meta.Format = 2
	data, err := slug.Encode(s.Definition, meta)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slug.Decode(data); err == nil || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("got %v", err)
	}
}

// A store gives back what was put in, and notices what was changed since.
func TestStore(t *testing.T) {
	s, data := sample(t)
	store := slug.OpenStore(filepath.Join(t.TempDir(), "slugs"))
	if _, _, err := store.Get(s.Digest); !errors.Is(err, slug.ErrUnknown) {
		t.Errorf("an empty store: %v", err)
	}
	for range 2 {
		if err := store.Put(data); err != nil {
			t.Fatal(err)
		}
	}
	if got, _, err := store.Get(s.Digest); err != nil || got.Digest != s.Digest {
		t.Errorf("got %v", err)
	}
	if _, _, err := store.Get("sha256:../../etc/passwd"); err == nil {
		t.Error("a path is no digest")
	}
	other := bytes.Replace(data, []byte(`"version":"test"`), []byte(`"version":"tset"`), 1)
	if err := os.WriteFile(store.Path(s.Digest), other, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.Get(s.Digest); !errors.Is(err, slug.ErrNotSlug) {
		t.Errorf("a changed slug: %v", err)
	}
}

// passwordError builds the slug of a job that fetches from an address.
func passwordError(t *testing.T, address string) error {
	t.Helper()
	def, err := llb.Git(address, "").Marshal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	job := &runtime.Job{Target: "main", Definition: def}
	_, _, err = slug.Build(t.Context(), job, slug.Source{Plan: &runtime.Plan{Dir: "/w", Root: "/w"}, Workspace: "/w"})
	return err
}
