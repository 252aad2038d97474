//go:build linux

package image_test

import (
	"archive/tar"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dagger/dagger-lsp/engine/image"
	"github.com/dagger/dagger-lsp/runtime"
)

var (
	amd64 = ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	arm64 = ocispecs.Platform{OS: "linux", Architecture: "arm64"}
)

// randomImage is an image for a platform.
func randomImage(t *testing.T, arch string) v1.Image {
	t.Helper()
	img, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	cf, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	cf = cf.DeepCopy()
	cf.OS, cf.Architecture = "linux", arch
	cf.Config.Env = []string{"ARCH=" + arch}
	if img, err = mutate.ConfigFile(img, cf); err != nil {
		t.Fatal(err)
	}
	return img
}

// writeLayout is an OCI layout with an image of two platforms, named as
// containerd does.
func writeLayout(t *testing.T) string {
	t.Helper()
	idx := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: randomImage(t, "amd64"), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: randomImage(t, "arm64"), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
	)
	dir := filepath.Join(t.TempDir(), "layout")
	p, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	err = p.AppendIndex(idx, layout.WithAnnotations(map[string]string{
		"io.containerd.image.name": "docker.io/library/multi:1", ocispecs.AnnotationRefName: "1",
	}))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// pack makes a tar of a directory.
func pack(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func refs(t *testing.T, s *image.Store) []string {
	t.Helper()
	es, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range es {
		out = append(out, e.Ref+" "+strings.Join(e.Platforms, ","))
	}
	return out
}

// A layout, as a folder and as a tar, comes in under its own name and is
// resolved for each of its platforms.
func TestImportLayout(t *testing.T) {
	dir := writeLayout(t)
	for kind, path := range map[string]string{"folder": dir, "tar": pack(t, dir)} {
		t.Run(kind, func(t *testing.T) {
			s := image.Open(filepath.Join(t.TempDir(), "store"))
			if _, err := s.Import(t.Context(), path, ""); err != nil {
				t.Fatal(err)
			}
			want := []string{"docker.io/library/multi:1 linux/amd64,linux/arm64"}
			if diff := cmp.Diff(want, refs(t, s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, p := range []ocispecs.Platform{amd64, arm64} {
				img, err := s.ResolveImage(t.Context(), "multi:1", p)
				if err != nil {
					t.Fatal(err)
				}
				if img.Config.Config.Env[0] != "ARCH="+p.Architecture || img.Layout != image.StoreID {
					t.Errorf("%s: got %+v", p.Architecture, img)
				}
			}
			_, err := s.ResolveImage(t.Context(), "multi:1", ocispecs.Platform{OS: "linux", Architecture: "s390x"})
			var missing *runtime.NotFoundError
			if !errors.As(err, &missing) || !strings.Contains(err.Error(), "not for linux/s390x") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// An archive of `docker save` comes in under its tag, or the one given.
func TestImportDocker(t *testing.T) {
	path := filepath.Join(t.TempDir(), "save.tar")
	tag, err := name.NewTag("app:2")
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(path, tag, randomImage(t, "amd64")); err != nil {
		t.Fatal(err)
	}
	s := image.Open(t.TempDir())
	for _, ref := range []string{"", "registry.example/team/app@bad", "registry.example/team/app:3"} {
		_, err := s.Import(t.Context(), path, ref)
		if bad := strings.HasSuffix(ref, "bad"); bad != (err != nil) {
			t.Errorf("%q: %v", ref, err)
		}
	}
	want := []string{"docker.io/library/app:2 linux/amd64", "registry.example/team/app:3 linux/amd64"}
	if diff := cmp.Diff(want, refs(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	img, err := s.ResolveImage(t.Context(), "app:2", amd64)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ResolveImage(t.Context(), "app@"+img.Digest.String(), amd64); err != nil {
		t.Errorf("by digest: %v", err)
	}
}

// Importing an image again replaces it; removing it takes its blobs along,
// unless another image has them too.
func TestReplaceAndRemove(t *testing.T) {
	dir := t.TempDir()
	s := image.Open(dir)
	rootfs := t.TempDir()
	if err := os.WriteFile(filepath.Join(rootfs, "file"), []byte("1"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"a", "a", "b"} {
		if _, err := s.ImportRootFS(t.Context(), rootfs, ref, image.Config{Env: []string{"A=1"}, User: "nobody"}); err != nil {
			t.Fatal(err)
		}
	}
	before := blobs(t, dir)
	if len(refs(t, s)) != 2 || before != 3 {
		t.Errorf("images %v, %d blobs", refs(t, s), before)
	}
	for i, left := range []int{3, 0} {
		ok, err := s.Remove(t.Context(), []string{"a", "b"}[i])
		if err != nil || !ok || blobs(t, dir) != left {
			t.Errorf("removed %v (%v), %d blobs left", ok, err, blobs(t, dir))
		}
	}
	if ok, err := s.Remove(t.Context(), "a"); ok || err != nil {
		t.Errorf("removed what was not there: %v (%v)", ok, err)
	}
}

func blobs(t *testing.T, dir string) int {
	t.Helper()
	n := 0
	err := fs.WalkDir(os.DirFS(dir), "blobs", func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The same tree gives the same image, whenever it is packed.
func TestReproducible(t *testing.T) {
	var digests [2]string
	for i := range digests {
		rootfs := t.TempDir()
		for _, f := range []string{"b", "a"} {
			if err := os.WriteFile(filepath.Join(rootfs, f), []byte(f), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink("a", filepath.Join(rootfs, "link")); err != nil {
			t.Fatal(err)
		}
		e, err := image.Open(t.TempDir()).ImportRootFS(t.Context(), rootfs, "x", image.Config{})
		if err != nil {
			t.Fatal(err)
		}
		digests[i] = e.Digest.String()
	}
	if digests[0] != digests[1] {
		t.Errorf("%s and %s", digests[0], digests[1])
	}
}

// Writers at the same time lose nothing of each other's.
func TestConcurrentImports(t *testing.T) {
	dir := t.TempDir()
	rootfs := t.TempDir()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			ref := "image" + string(rune('a'+i))
			if _, err := image.Open(dir).ImportRootFS(t.Context(), rootfs, ref, image.Config{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := refs(t, image.Open(dir)); len(got) != 8 {
		t.Errorf("images: %v", got)
	}
}

// What is no image says so.
func TestImportMistakes(t *testing.T) {
	s := image.Open(t.TempDir())
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte(strings.Repeat("junk", 1000)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{junk, t.TempDir(), filepath.Join(t.TempDir(), "nowhere")} {
		if _, err := s.Import(t.Context(), path, "x"); err == nil || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("%s: %v", path, err)
		}
	}
	nameless := filepath.Join(t.TempDir(), "nameless")
	p, err := layout.Write(nameless, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AppendImage(randomImage(t, "amd64")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), nameless, ""); !errors.Is(err, image.ErrNoName) {
		t.Errorf("got %v", err)
	}
}

// An archive whose names lead out of the folder is refused.
func TestTarEscape(t *testing.T) {
	path := filepath.Join(t.TempDir(), "evil.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	for _, n := range []string{"oci-layout", "../../evil"} {
		if err := w.WriteHeader(&tar.Header{Name: n, Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := image.Open(t.TempDir()).Import(t.Context(), path, "x"); err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("got %v", err)
	}
}
