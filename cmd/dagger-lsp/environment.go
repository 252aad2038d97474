package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/adrg/xdg"

	"github.com/dagger/dagger-lsp/engine/solve"
)

// environment is what the process gets from outside, read once at the start.
type environment struct {
	// cwd is what relative paths start from and are shown against.
	cwd string
	// executable is this binary, run again for children.
	executable string
	// images is the local image store, state the embedded daemon's root, slugs
	// the compiled jobs.
	images, state, slugs string
	// docker is the folder of the user's docker configuration.
	docker string
	// buildkit is BUILDKIT_HOST.
	buildkit string
	// buildkitSockets are where daemons of this machine or user listen.
	buildkitSockets []string
	// path are the folders of PATH.
	path []string
	// sshAgent is the socket of the user's ssh agent, if there is one, and
	// knownHosts are the files with the ssh hosts that the user knows.
	sshAgent   string
	knownHosts []string
	// color is false where NO_COLOR asks for it.
	color bool
}

// home overrides the folders of the XDG base directories; tests and demos use
// it to leave no trace.
const home = "DAGGER_LSP_HOME"

func readEnvironment() (environment, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return environment{}, fmt.Errorf("find the working directory: %w", err)
	}
	executable, err := os.Executable()
	if err != nil {
		return environment{}, fmt.Errorf("find this program's own file: %w", err)
	}
	env := environment{
		cwd: cwd, executable: executable,
		images:   filepath.Join(xdg.DataHome, "dagger-lsp", "images"),
		state:    filepath.Join(xdg.StateHome, "dagger-lsp", "buildkit"),
		slugs:    filepath.Join(xdg.DataHome, "dagger-lsp", "slugs"),
		docker:   os.Getenv("DOCKER_CONFIG"),
		buildkit: os.Getenv("BUILDKIT_HOST"),
		buildkitSockets: []string{
			solve.LocalSocket,
			filepath.Join(xdg.RuntimeDir, "buildkit", "buildkitd.sock"),
		},
		path:       filepath.SplitList(os.Getenv("PATH")),
		sshAgent:   os.Getenv("SSH_AUTH_SOCK"),
		knownHosts: knownHosts(xdg.Home),
		color:      os.Getenv("NO_COLOR") == "",
	}
	if dir := os.Getenv(home); dir != "" {
		if dir, err = filepath.Abs(dir); err != nil {
			return environment{}, fmt.Errorf("read %s: %w", home, err)
		}
		env.images = filepath.Join(dir, "images")
		env.state = filepath.Join(dir, "buildkit")
		env.slugs = filepath.Join(dir, "slugs")
		env.buildkitSockets = nil
	}
	return env, nil
}

// abs makes path absolute against the working directory.
func (e environment) abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(e.cwd, path)
}

// rel shows path as a person in the working directory would write it.
func (e environment) rel(path string) string {
	rel, err := filepath.Rel(e.cwd, path)
	if err != nil || len(rel) > len(path) {
		return path
	}
	return rel
}

// runtimeDirs are where an OCI runtime is looked for: beside this binary first.
func (e environment) runtimeDirs() []string {
	return append([]string{filepath.Dir(e.executable)}, e.path...)
}
