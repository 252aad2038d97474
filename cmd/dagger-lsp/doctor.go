package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/engine/daemon"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/worker"
)

// health is one thing that doctor looks at.
type health struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Needed things that are not OK keep jobs from running.
	Needed bool   `json:"needed"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

func (a *app) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what this machine has for running jobs, and what is missing",
		Long: `Tell what this machine has for running jobs, and what is missing.

Exit code 0: jobs can run; 1: something they need is missing. Checking, planning,
drawing and the editor's help need none of it.`,
		Args: cobra.NoArgs,
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		all := a.examine(cmd.Context())
		var err error
		if format.value == "json" {
			err = writeJSON(a.stdout, all)
		} else {
			err = a.healthText(all)
		}
		for _, h := range all {
			if h.Needed && !h.OK && err == nil {
				err = &exitError{code: exitProblems}
			}
		}
		return err
	}
	return cmd
}

func (a *app) healthText(all []health) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, h := range all {
		word := "ok"
		switch {
		case !h.OK && h.Needed:
			word = "MISSING"
		case !h.OK:
			word = "note"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", word, h.Name, h.Detail)
		if h.Hint != "" {
			fmt.Fprintf(w, "\t\t%s\n", h.Hint)
		}
	}
	return w.Flush()
}

// examine looks at everything. What only the embedded BuildKit needs is needed
// only where that is the one to be used.
func (a *app) examine(ctx context.Context) []health {
	buildkit, embedded := a.buildkitHealth(ctx)
	parts := []health{userHealth(), a.runtimeHealth(ctx), cgroupHealth(), overlayHealth()}
	for i := range parts {
		parts[i].Needed = parts[i].Needed && embedded
	}
	all := append([]health{a.cueHealth(ctx), buildkit}, parts...)
	return append(all, a.storeHealth())
}

// buildkitHealth asks the BuildKit that a job would use, starting the embedded
// one if it is that. It reports whether it is.
func (a *app) buildkitHealth(ctx context.Context) (health, bool) {
	h := health{Name: "BuildKit", Needed: true}
	choice, workers, err := a.connect().Probe(ctx)
	embedded := choice.Addr == "" || choice.Addr == a.daemonOptions().Addr()
	if err != nil {
		h.Detail = err.Error()
		var unreachable *solve.UnreachableError
		if errors.As(err, &unreachable) {
			h.Hint = unreachable.Hint
		}
		return h, embedded
	}
	h.OK = len(workers) > 0
	h.Detail = fmt.Sprintf("%s, %s, %s", choice.From, choice.Addr, plural(len(workers), "worker"))
	return h, embedded
}

// cueHealth evaluates a line of CUE in a worker, as an editor would.
func (a *app) cueHealth(ctx context.Context) health {
	h := health{Name: "CUE", Needed: true}
	file := filepath.Join(os.TempDir(), "doctor.cue")
	src := runtime.Source{Dir: filepath.Dir(file), File: file, Overlay: map[string][]byte{file: []byte("ok: true\n")}, Offline: true}
	pool := worker.New(a.workerOptions())
	plan, err := pool.Evaluate(ctx, src)
	if closing := pool.Close(); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		h.Detail, h.Hint = "the evaluator does not start: "+err.Error(), "this program starts itself again as a child; is that forbidden here?"
	case runtime.HasErrors(plan.Problems):
		h.Detail = "the evaluator fails: " + plan.Problems[0].Message
	default:
		h.OK, h.Detail = true, moduleVersion("cuelang.org/go")+", built in"
	}
	return h
}

func userHealth() health {
	h := health{Name: "user", Needed: true, OK: os.Geteuid() == 0, Detail: "root"}
	if !h.OK {
		h.Detail = fmt.Sprintf("user %d is not root, which the embedded BuildKit must be", os.Geteuid())
		h.Hint = "run as root, or point --buildkit or BUILDKIT_HOST at a BuildKit, such as a rootless one"
	}
	return h
}

func (a *app) runtimeHealth(ctx context.Context) health {
	h := health{Name: "OCI runtime", Needed: true}
	path, err := daemon.FindRuntime(a.env.runtimeDirs()...)
	if err != nil {
		h.Detail = "there is none beside this program or on PATH"
		h.Hint = "run `make tools` in the source tree, or install the package runc"
		return h
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		h.Detail = path + " does not run: " + err.Error()
		return h
	}
	line, _, _ := strings.Cut(string(out), "\n")
	h.OK, h.Detail = true, path+", "+printable(line)
	return h
}

func overlayHealth() health {
	h := health{Name: "overlay file system", Detail: "known to the kernel"}
	data, err := os.ReadFile("/proc/filesystems")
	h.OK = err == nil && strings.Contains(string(data), "\toverlay\n")
	if !h.OK {
		h.Detail = "not known to the kernel; BuildKit copies files instead, which is slower"
	}
	return h
}

func cgroupHealth() health {
	h := health{Name: "cgroups", Needed: true}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		h.OK, h.Detail = true, "version 2"
		return h
	}
	if _, err := os.Stat("/sys/fs/cgroup/memory"); err == nil {
		h.OK, h.Detail = true, "version 1"
		return h
	}
	h.Detail, h.Hint = "not mounted at /sys/fs/cgroup", "containers need them: mount -t cgroup2 none /sys/fs/cgroup"
	if goruntime.GOOS != "linux" {
		h.Hint = "the embedded BuildKit runs on Linux; point --buildkit or BUILDKIT_HOST at one"
	}
	return h
}

func (a *app) storeHealth() health {
	h := health{Name: "image store"}
	entries, err := a.store().List()
	if err != nil {
		h.Detail = err.Error()
		return h
	}
	h.OK, h.Detail = true, fmt.Sprintf("%s, %s", a.store().Dir(), plural(len(entries), "image"))
	if len(entries) == 0 {
		h.Hint = "references are asked of registries; `dagger-lsp image import` adds images that need none"
	}
	return h
}
