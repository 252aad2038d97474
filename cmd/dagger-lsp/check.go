package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/runtime"
)

func (a *app) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Check a package without running anything",
		Long: `Check a package without running anything.

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
		got, err := a.load(cmd.Context(), dir)
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

func (a *app) checkText(got loaded) {
	a.report(a.stdout, got.problems)
	if len(got.problems) > 0 {
		fmt.Fprintln(a.stdout, tally(got.problems))
		return
	}
	fmt.Fprintf(a.stdout, "ok: %s in %s\n", plural(len(got.plan.Targets()), "component"), plural(len(got.plan.Files), "file"))
}

func (a *app) checkJSON(got loaded) error {
	return writeJSON(a.stdout, struct {
		Dir        string        `json:"dir"`
		Files      []string      `json:"files"`
		Components int           `json:"components"`
		Problems   []jsonProblem `json:"problems"`
	}{got.plan.Dir, got.plan.Files, len(got.plan.Targets()), a.jsonProblems(got.problems)})
}
