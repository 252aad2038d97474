//go:build linux

package enginetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/dagger/dagger-lsp/engine/image"
)

// The images that the catalog's packages start from. Go and Node.js are the
// real ones, over the busybox image instead of an Alpine Linux.
const (
	alpineImage = "alpine:3.22"
	goImage     = "golang:1.26-alpine"
	nodeImage   = "node:24-alpine"
)

// What npm's packages give the Node.js image; of this machine's architecture.
const (
	nodeVersion = "24.21.0"
	yarnVersion = "1.22.22"
)

// CatalogStore is a Store that also has the images of the catalog's packages.
// In its Alpine Linux, apk is a stand-in that unpacks what CatalogSite serves:
// no Debian package has Alpine's own.
func CatalogStore(tb testing.TB) *image.Store {
	tb.Helper()
	s := Store(tb)
	add := func(rootfs, ref, path string) {
		c := image.Config{Env: []string{"PATH=" + path}, Cmd: []string{"sh"}}
		if _, err := s.ImportRootFS(tb.Context(), rootfs, ref, c); err != nil {
			tb.Fatal(err)
		}
	}
	add(alpineRoot(tb), alpineImage, Path)
	add(goRoot(tb), goImage, "/usr/local/go/bin:"+Path)
	add(nodeRoot(tb), nodeImage, Path)
	return s
}

// apk is the stand-in for Alpine's.
const apk = `#!/bin/sh
# Stands in for Alpine's apk: unpacks what the test's site serves.
set -e
[ "$1" = add ] || { echo "apk: only add is here" >&2; exit 2; }
shift
for p; do
	case $p in -*) continue ;; esac
	name=${p%%[=~<>]*}
	wget -q -O /tmp/apk.tar "http://` + SiteHost + `/apk/$name.tar"
	tar xf /tmp/apk.tar -C /
	rm /tmp/apk.tar
done
`

func alpineRoot(tb testing.TB) string {
	tb.Helper()
	root := RootFS(tb)
	if err := os.RemoveAll(filepath.Join(root, "bin/bash")); err != nil {
		tb.Fatal(err)
	}
	write(tb, filepath.Join(root, "bin/apk"), apk, 0o755)
	return root
}

// AddPackages puts programs of this machine, with the libraries they need,
// where the stand-in for apk finds them.
func AddPackages(tb testing.TB, site string, programs ...string) {
	tb.Helper()
	for _, name := range programs {
		root := tb.TempDir()
		addProgram(tb, root, name)
		if err := os.MkdirAll(filepath.Join(site, "apk"), 0o755); err != nil {
			tb.Fatal(err)
		}
		command(tb, root, "tar", "cf", filepath.Join(site, "apk", name+".tar"), ".")
	}
}

// addProgram copies a program into root, as /usr/bin/NAME, and its libraries.
func addProgram(tb testing.TB, root, name string) {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		tb.Skipf("SKIPPED: install %s: %v", name, err)
	}
	command(tb, root, "install", "-D", path, filepath.Join(root, "usr/bin", name))
	addLibraries(tb, root, path)
	if name == "git" { // what speaks http for it
		helper := filepath.Join(strings.TrimSpace(command(tb, root, "git", "--exec-path")), "git-remote-http")
		command(tb, root, "install", "-D", helper, filepath.Join(root, helper))
		addLibraries(tb, root, helper)
	}
}

func addLibraries(tb testing.TB, root, path string) {
	tb.Helper()
	for word := range strings.FieldsSeq(command(tb, root, "ldd", path)) {
		if filepath.IsAbs(word) {
			command(tb, root, "install", "-D", word, filepath.Join(root, word))
		}
	}
}

// goRoot has the toolchain that runs this test, as far as building and testing
// programs of the standard library needs it.
func goRoot(tb testing.TB) string {
	tb.Helper()
	root := RootFS(tb)
	from := strings.TrimSpace(command(tb, root, "go", "env", "GOROOT"))
	to := filepath.Join(root, "usr/local/go")
	if err := os.MkdirAll(to, 0o755); err != nil {
		tb.Fatal(err)
	}
	const pack = `tar c -C "$1" --exclude=./src/cmd --exclude=testdata --exclude='*_test.go' --exclude=./bin/gofmt ` +
		`./VERSION ./go.env ./bin ./pkg/include ./pkg/tool ./src | tar x -C "$2"`
	command(tb, root, "sh", "-ec", pack, "sh", from, to)
	return root
}

// nodeRoot has Node.js and Yarn, as npm gives them.
func nodeRoot(tb testing.TB) string {
	tb.Helper()
	root := RootFS(tb)
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	node := npmPackage(tb, "node-linux-"+arch, nodeVersion)
	yarn := npmPackage(tb, "yarn", yarnVersion)
	opt := filepath.Join(root, "opt/yarn")
	if err := os.MkdirAll(opt, 0o755); err != nil {
		tb.Fatal(err)
	}
	command(tb, root, "tar", "xzf", node, "--strip-components=1", "-C", filepath.Join(root, "usr"), "package/bin/node")
	command(tb, root, "tar", "xzf", yarn, "--strip-components=1", "-C", opt)
	addLibraries(tb, root, filepath.Join(root, "usr/bin/node"))
	write(tb, filepath.Join(root, "bin/yarn"), "#!/bin/sh\nexec node /opt/yarn/bin/yarn.js \"$@\"\n", 0o755)
	command(tb, root, "ln", "-s", "/bin/env", "usr/bin/env")
	return root
}

// npmPackage is the archive of a package of npm's registry, kept below .cache.
func npmPackage(tb testing.TB, name, version string) string {
	tb.Helper()
	dir := filepath.Join(moduleRoot(tb), ".cache", "npm")
	path := filepath.Join(dir, name+"-"+version+".tgz")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if _, err := exec.LookPath("npm"); err != nil {
		tb.Skipf("SKIPPED: install npm: %v", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	part := tb.TempDir() // so that what is in dir is whole
	command(tb, part, "npm", "pack", "--silent", name+"@"+version)
	command(tb, part, "mv", filepath.Base(path), path)
	return path
}

// command runs a program in dir and returns what it prints.
func command(tb testing.TB, dir, name string, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}
