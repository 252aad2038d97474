package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/analysis"
	"github.com/dagger/dagger-lsp/runtime"
)

func (a *app) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Check a package without running anything",
		Long: `Check a package without running anything; of a folder, every package in it.

Exit code 0: no errors (there may be warnings and hints); 1: errors; 2: the
check itself could not be done.`,
		Args: cobra.MaximumNArgs(1),
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir := a.flags.dir
		if len(args) == 1 {
			dir = args[0]
		}
		got, err := a.loadAll(cmd.Context(), dir)
		if err != nil {
			return err
		}
		if format.value == "json" {
			err = a.checkJSON(got)
		} else {
			a.checkText(got)
		}
		if err == nil && runtime.HasErrors(got.problems) {
			err = &exitError{code: exitProblems}
		}
		return err
	}
	return cmd
}

// checked is what a folder holds: all of its packages.
type checked struct {
	dir        string
	files      []string
	components int
	problems   []runtime.Problem
}

// loadAll evaluates every package of a folder.
func (a *app) loadAll(ctx context.Context, dir string) (checked, error) {
	src, err := a.source(dir)
	if err != nil {
		return checked{}, err
	}
	all := checked{dir: src.Dir}
	for _, one := range runtime.Packages(src) {
		got, err := a.loadSource(ctx, one)
		if err != nil {
			return checked{}, err
		}
		all.files = append(all.files, got.plan.Files...)
		all.components += len(got.plan.Targets())
		all.problems = append(all.problems, got.problems...)
	}
	all.problems = analysis.Merge(all.problems)
	return all, nil
}

func (a *app) checkText(got checked) {
	a.report(a.stdout, got.problems)
	if len(got.problems) > 0 {
		fmt.Fprintln(a.stdout, tally(got.problems))
		return
	}
	fmt.Fprintf(a.stdout, "ok: %s in %s\n", plural(got.components, "component"), plural(len(got.files), "file"))
}

func (a *app) checkJSON(got checked) error {
	return writeJSON(a.stdout, struct {
		Dir        string        `json:"dir"`
		Files      []string      `json:"files"`
		Components int           `json:"components"`
		Problems   []jsonProblem `json:"problems"`
	}{got.dir, got.files, got.components, a.jsonProblems(got.problems)})
}
