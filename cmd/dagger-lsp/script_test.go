//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dagger/dagger-lsp/engine/enginetest"
)

var rewrite = flag.Bool("update", false, "rewrite the expected output in scripts and docs")

// TestMain makes the test binary the program itself when it is called by that
// name, which also serves for the children that the program starts of itself.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dagger-lsp": main})
}

// TestScripts runs testdata/scripts against the program, with an image store
// that has a busybox and an embedded BuildKit that has no network.
func TestScripts(t *testing.T) {
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	images, rootfs := enginetest.Store(t).Dir(), enginetest.RootFS(t)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join(repo, "testdata", "scripts"),
		UpdateScripts:       *rewrite,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, ".home")
			env.Setenv("DAGGER_LSP_HOME", home)
			env.Setenv("REPO", repo)
			env.Setenv("ROOTFS", rootfs)
			env.Setenv("NO_COLOR", "1")
			env.Setenv("PATH", env.Getenv("PATH")+string(filepath.ListSeparator)+filepath.Join(repo, "bin"))
			if err := os.Mkdir(home, 0o700); err != nil {
				return err
			}
			env.Defer(func() { stopAt(t, filepath.Join(home, "buildkit")) })
			return os.CopyFS(filepath.Join(home, "images"), os.DirFS(images))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"during": during,
			"canary": canary,
		},
	})
}

// stopAt ends the daemon that a script left in dir and waits until it is gone,
// since its mounts would keep the script's folder.
func stopAt(t *testing.T, dir string) {
	a := app{env: environment{state: dir}}
	if _, err := stopDaemon(t.Context(), a.daemonOptions()); err != nil && t.Context().Err() == nil {
		t.Errorf("stop the script's daemon: %v", err)
	}
}

// exits runs a program that must end with a given code: exits 2 dagger-lsp …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	if got := codeOf(ts, ts.Exec(args[1], args[2:]...)); strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

func codeOf(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	ts.Fatalf("%v", err)
	return -1
}

// during does something to a run in its middle:
//
//	during TEXT kill-daemon|interrupt CODE dagger-lsp ARG...
//
// starts the program, waits for TEXT on its standard error, acts, and waits for
// exit code CODE. What it printed is in the files stdout and stderr.
func during(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: during TEXT kill-daemon|interrupt CODE PROGRAM ARG...")
	}
	text, action, code := args[0], args[1], args[2]
	cmd := exec.Command(args[3], args[4:]...)
	if path, err := exec.LookPath(filepath.Join(binDir(ts), args[3])); err == nil {
		cmd.Path, cmd.Err = path, nil
	}
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "DAGGER_LSP_HOME="+ts.Getenv("DAGGER_LSP_HOME"), "PATH="+ts.Getenv("PATH"), "NO_COLOR=1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout = &stdout
	lines, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	acted := false
	for scan := bufio.NewScanner(lines); scan.Scan(); {
		stderr.WriteString(scan.Text() + "\n")
		if !acted && strings.Contains(scan.Text(), text) {
			acted = true
			act(ts, action, cmd.Process)
		}
	}
	err = cmd.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("stdout"), stdout.Bytes(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), stderr.Bytes(), 0o644))
	ts.Logf("%s%s", stdout.String(), stderr.String())
	if !acted {
		ts.Fatalf("%q never appeared", text)
	}
	if got := codeOf(ts, err); strconv.Itoa(got) != code {
		ts.Fatalf("exit code %d, want %s", got, code)
	}
}

// binDir is where testscript put the program: the first folder of PATH.
func binDir(ts *testscript.TestScript) string {
	return filepath.SplitList(ts.Getenv("PATH"))[0]
}

func act(ts *testscript.TestScript, action string, p *os.Process) {
	switch action {
	case "interrupt":
		ts.Check(p.Signal(os.Interrupt))
	case "kill-daemon":
		ts.Check(killAt(filepath.Join(ts.Getenv("DAGGER_LSP_HOME"), "buildkit")))
	default:
		ts.Fatalf("unknown action %q", action)
	}
}
