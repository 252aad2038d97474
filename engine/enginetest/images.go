//go:build linux

package enginetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dagger/dagger-lsp/engine/image"
)

// busybox is where Debian's busybox-static puts it.
const busybox = "/bin/busybox"

// Images are the references in every test store, all the same busybox.
var Images = [...]string{"busybox:latest", "alpine:3.20", "alpine:latest"}

// Path is the PATH of the test images.
const Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Store is an image store with a busybox in it, for the length of the test.
func Store(tb testing.TB) *image.Store {
	tb.Helper()
	s := image.Open(filepath.Join(tb.TempDir(), "images"))
	rootfs := RootFS(tb)
	for _, ref := range Images {
		c := image.Config{Env: []string{"PATH=" + Path}, Cmd: []string{"sh"}}
		if _, err := s.ImportRootFS(tb.Context(), rootfs, ref, c); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

// RootFS is a directory with the root file system of a busybox image.
func RootFS(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	for _, d := range []string{"bin", "etc", "tmp", "root", "usr/bin", "var"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	b, err := os.ReadFile(busybox)
	if err != nil {
		tb.Skipf("SKIPPED: install busybox-static: %v", err)
	}
	write(tb, filepath.Join(dir, "bin/busybox"), string(b), 0o755)
	write(tb, filepath.Join(dir, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n", 0o644)
	write(tb, filepath.Join(dir, "etc/group"), "root:x:0:\nnogroup:x:65534:\n", 0o644)
	if err := os.Chmod(filepath.Join(dir, "tmp"), 0o777|os.ModeSticky); err != nil {
		tb.Fatal(err)
	}
	list, err := exec.CommandContext(tb.Context(), busybox, "--list").Output()
	if err != nil {
		tb.Fatal(err)
	}
	for _, applet := range strings.Fields(string(list)) {
		if applet == "busybox" {
			continue
		}
		if err := os.Symlink("busybox", filepath.Join(dir, "bin", applet)); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func write(tb testing.TB, path, text string, mode os.FileMode) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		tb.Fatal(err)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
