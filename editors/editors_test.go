// Package editors tests the set-ups in this folder with the real editors.
package editors

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/image"
)

// editorTimeout is far beyond what an editor takes to do its test.
const editorTimeout = 2 * time.Minute

const workspace = `package ci

hello: {string, #up: [
	{do: "fetch-container", ref: "busybox"},
	{do: "exce", args: ["sh", "-c", "echo -n from the container > /out"]},
	{do: "export", source: "/out"},
]}
`

// TestNeovim plays nvim/test/test.lua in Neovim, with the real binary and its
// embedded daemon, which has no network.
func TestNeovim(t *testing.T) {
	nvim, err := exec.LookPath("nvim")
	if err != nil {
		t.Skip("SKIPPED: install neovim")
	}
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: the embedded BuildKit needs root here")
	}
	s := newSetting(t)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), editorTimeout)
	defer cancel()
	test := filepath.Join(here, "nvim", "test")
	cmd := exec.CommandContext(ctx, nvim, "--headless", "-i", "NONE",
		"-u", filepath.Join(test, "init.lua"), "-c", "luafile "+filepath.Join(test, "test.lua"))
	cmd.Dir = s.workspace
	cmd.Env = append(s.env(),
		"DAGGER_TEST_RUNTIME="+filepath.Join(here, "nvim"),
		"DAGGER_TEST_SERVER="+s.binary,
		"DAGGER_TEST_FILE="+filepath.Join(s.workspace, "ci.cue"))
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("nvim: %v", err)
	}
	s.stopDaemon(t)
	s.wantNothingLeft(t)
}

// setting is a home, a workspace and a binary for one editor.
type setting struct {
	home, workspace, binary string
	// runtime is the folder of the OCI runtime.
	runtime string
}

func newSetting(t *testing.T) setting {
	t.Helper()
	s := setting{home: t.TempDir(), workspace: t.TempDir(), runtime: filepath.Dir(enginetest.Runtime(t))}
	s.binary = filepath.Join(s.home, "dagger-lsp")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", s.binary, "../cmd/dagger-lsp").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(s.workspace, "ci.cue"), []byte(workspace), 0o644); err != nil {
		t.Fatal(err)
	}
	images := image.Open(filepath.Join(s.home, "images"))
	_, err := images.ImportRootFS(t.Context(), enginetest.RootFS(t), "busybox", image.Config{
		Env: []string{"PATH=" + enginetest.Path},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stopDaemon(t) })
	return s
}

// env keeps the editor and the server out of the user's own folders.
func (s setting) env() []string {
	return append(os.Environ(), "PATH="+os.Getenv("PATH")+string(filepath.ListSeparator)+s.runtime, "DAGGER_LSP_HOME="+s.home, "BUILDKIT_HOST=",
		"HOME="+s.home, "XDG_CONFIG_HOME="+s.home, "XDG_DATA_HOME="+s.home, "XDG_STATE_HOME="+s.home, "XDG_CACHE_HOME="+s.home)
}

// stopDaemon ends the embedded daemon, which would outlive the editor for a
// while.
func (s setting) stopDaemon(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), s.binary, "daemon", "stop")
	cmd.Env = s.env()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("stop the daemon: %v\n%s", err, out)
	}
}

// wantNothingLeft looks for processes with this setting's home.
func (s setting) wantNothingLeft(t *testing.T) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		env, err := os.ReadFile(p)
		if err != nil || !bytes.Contains(env, []byte("DAGGER_LSP_HOME="+s.home)) {
			continue
		}
		name, _ := os.ReadFile(strings.Replace(p, "environ", "cmdline", 1))
		t.Errorf("left behind: %s %q", p, name)
	}
}
