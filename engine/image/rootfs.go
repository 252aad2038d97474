package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/containerd/platforms"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Config is what an image made from a root file system says about itself.
type Config struct {
	Env     []string
	WorkDir string
	User    string
	Cmd     []string
}

// ImportRootFS makes an image of one layer from a directory, or a tar archive
// of one, and adds it as ref. Files keep their modes; owners become root and
// times the epoch, so that the same tree gives the same image.
func (s *Store) ImportRootFS(ctx context.Context, path, ref string, c Config) (Entry, error) {
	named, err := normalise(ref)
	if err != nil {
		return Entry{}, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return Entry{}, fmt.Errorf("import root file system: %w", err)
	}
	archive := path
	if st.IsDir() {
		if archive, err = tarOf(path); err != nil {
			return Entry{}, fmt.Errorf("pack %s: %w", path, err)
		}
		defer os.Remove(archive)
	}
	layer, err := tarball.LayerFromFile(archive, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return Entry{}, fmt.Errorf("import %s: %w", path, err)
	}
	img, err := imageOf(layer, c)
	if err != nil {
		return Entry{}, fmt.Errorf("import %s: %w", path, err)
	}
	es, err := s.add(ctx, []add{imageAdd(named, img)})
	if err != nil {
		return Entry{}, err
	}
	return es[0], nil
}

func imageOf(layer v1.Layer, c Config) (v1.Image, error) {
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return nil, err
	}
	cf, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	cf = cf.DeepCopy()
	p := linux(platforms.DefaultSpec())
	cf.OS, cf.Architecture, cf.Variant = p.OS, p.Architecture, p.Variant
	cf.Config = v1.Config{Env: c.Env, WorkingDir: c.WorkDir, User: c.User, Cmd: c.Cmd}
	return mutate.ConfigFile(img, cf)
}

// tarOf packs dir into a temporary archive, in the order of names.
func tarOf(dir string) (path string, err error) {
	f, err := os.CreateTemp("", "dagger-lsp-rootfs-*.tar")
	if err != nil {
		return "", err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	w := tar.NewWriter(f)
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		return pack(w, dir, p, d)
	})
	return f.Name(), errors.Join(err, w.Close())
}

func pack(w *tar.Writer, dir, path string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	link := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if link, err = os.Readlink(path); err != nil {
			return err
		}
	}
	h, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	h.Name = filepath.ToSlash(rel)
	if d.IsDir() {
		h.Name += "/"
	}
	h.Uid, h.Gid, h.Uname, h.Gname = 0, 0, "", ""
	h.ModTime, h.AccessTime, h.ChangeTime = time.Unix(0, 0), time.Time{}, time.Time{}
	if err := w.WriteHeader(h); err != nil || !info.Mode().IsRegular() {
		return err
	}
	return copyFile(w, path)
}

func copyFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// untar unpacks the plain files of an archive. The root keeps names and links
// from leaving dir.
func untar(path, dir string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := unpack(root, filepath.Clean(h.Name), r); err != nil {
			return err
		}
	}
}

func unpack(root *os.Root, name string, r io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
