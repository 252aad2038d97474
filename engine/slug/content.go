package slug

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	digest "github.com/opencontainers/go-digest"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// HashDir fills in the digest of the folder at dir, as far as l's patterns reach:
// the same files, by the same filter, that a solve would read. What the daemon
// does not look at (owners, times, how often a file is linked) does not count.
func HashDir(ctx context.Context, l Local, dir string) (Local, error) {
	plain, err := fsutil.NewFS(dir)
	if err != nil {
		return l, fmt.Errorf("open the folder %s: %w", l.Name, err)
	}
	files, err := fsutil.NewFilterFS(plain, &fsutil.FilterOpt{
		IncludePatterns: l.Include, ExcludePatterns: l.Exclude, FollowPaths: l.Follow,
	})
	if err != nil {
		return l, fmt.Errorf("the patterns of the folder %s: %w", l.Name, err)
	}
	sum := contentSum{hash: sha256.New(), files: files}
	err = files.Walk(ctx, "", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return sum.add(path, entry)
	})
	if err != nil {
		return l, fmt.Errorf("read the folder %s: %w", l.Name, err)
	}
	l.Digest, l.Files, l.Bytes = digest.NewDigest(digest.SHA256, sum.hash), sum.count, sum.bytes
	return l, nil
}

type contentSum struct {
	hash  hash.Hash
	files fsutil.FS
	count int
	bytes int64
}

func (c *contentSum) add(path string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*types.Stat)
	if !ok {
		return fmt.Errorf("%s has no stat", path)
	}
	mode, link := os.FileMode(st.Mode), st.Linkname
	if mode.IsRegular() {
		link = "" // a second link to a file is a file
	}
	// Lengths stand before what varies, so that no two folders read alike.
	path = filepath.ToSlash(path)
	fmt.Fprintf(c.hash, "%d:%s %o %d:%s %d,%d %d\n", len(path), path, mode, len(link), link, st.Devmajor, st.Devminor, len(st.Xattrs))
	for _, key := range sortedKeys(st.Xattrs) {
		fmt.Fprintf(c.hash, "%d:%s %d:%s\n", len(key), key, len(st.Xattrs[key]), st.Xattrs[key])
	}
	if !mode.IsRegular() {
		return nil
	}
	return c.content(path)
}

func (c *contentSum) content(path string) error {
	r, err := c.files.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	own := sha256.New()
	n, err := io.Copy(own, r)
	if err != nil {
		return err
	}
	c.count++
	c.bytes += n
	fmt.Fprintf(c.hash, "%d %x\n", n, own.Sum(nil))
	return nil
}
