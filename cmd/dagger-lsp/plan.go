package main

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/analysis"
	"github.com/dagger/dagger-lsp/runtime"
)

func (a *app) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan [TARGET]",
		Short: "Show what a target would do, or list the targets",
		Long: `Show what a target would do, dependencies first, with the images, local
folders, secrets and streams it needs. Without a target it lists what can be run.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeTargets,
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		got, target, err := a.loadTarget(cmd.Context(), args)
		if err != nil {
			return err
		}
		switch {
		case format.value == "json":
			err = a.planJSON(got, target)
		case target == "":
			err = a.listTargets(got)
		default:
			a.planText(got, target)
		}
		if err == nil && runtime.HasErrors(got.problems) {
			err = &exitError{code: exitProblems}
		}
		return err
	}
	return cmd
}

func (a *app) listTargets(got loaded) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, c := range got.plan.Targets() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", printable(c.Path), plural(len(c.Ops), "operation"), brief(c.Doc))
	}
	a.warn(got.problems)
	return w.Flush()
}

func (a *app) planText(got loaded, target string) {
	needs, problems := got.plan.Needs(target, got.plan.Root)
	fmt.Fprint(a.stdout, printable(analysis.PlanText(got.plan, target)))
	for i, ref := range slices.Sorted(maps.Keys(needs.Images)) {
		if i == 0 {
			fmt.Fprintln(a.stdout, "\nimages")
		}
		fmt.Fprintf(a.stdout, "  %s\n", printable(ref))
	}
	for i, key := range slices.Sorted(maps.Keys(needs.Locals)) {
		if i == 0 {
			fmt.Fprintln(a.stdout, "\nlocal folders")
		}
		fmt.Fprintf(a.stdout, "  %s\n", printable(a.env.rel(needs.Locals[key].Dir)))
	}
	a.planHandles("secrets", "secret", needs.Secrets)
	a.planHandles("streams", "stream", needs.Streams)
	a.warn(analysis.Merge(got.problems, problems))
}

// planHandles lists what a run must be given, by name.
func (a *app) planHandles(title, flag string, given map[string]runtime.Given) {
	for i, path := range slices.Sorted(maps.Keys(given)) {
		if i == 0 {
			fmt.Fprintf(a.stdout, "\n%s, given with --%s\n", title, flag)
		}
		fmt.Fprintf(a.stdout, "  %s\n", printable(path))
	}
}

// planned is the JSON of `plan`.
type planned struct {
	Dir        string               `json:"dir"`
	Package    string               `json:"package"`
	Target     string               `json:"target,omitempty"`
	Components []*runtime.Component `json:"components"`
	Images     []string             `json:"images"`
	Locals     []string             `json:"locals"`
	Secrets    []string             `json:"secrets"`
	Streams    []string             `json:"streams"`
	// Passes is how many passes the target takes, Barriers what forces them.
	Passes   int               `json:"passes,omitempty"`
	Barriers []runtime.Barrier `json:"barriers,omitempty"`
	Problems []jsonProblem     `json:"problems"`
}

func (a *app) planJSON(got loaded, target string) error {
	out := planned{
		Dir: got.plan.Dir, Package: got.plan.Package, Target: target,
		Components: got.plan.Components, Images: []string{}, Locals: []string{},
		Secrets: []string{}, Streams: []string{},
	}
	problems := got.problems
	if target != "" {
		needs, more := got.plan.Needs(target, got.plan.Root)
		problems = analysis.Merge(problems, more)
		out.Passes, out.Barriers = got.plan.Passes(target)
		out.Components = nil
		for _, path := range needs.Components {
			out.Components = append(out.Components, got.plan.Component(path))
		}
		out.Images = slices.Sorted(maps.Keys(needs.Images))
		for _, key := range slices.Sorted(maps.Keys(needs.Locals)) {
			out.Locals = append(out.Locals, needs.Locals[key].Dir)
		}
		out.Secrets = append(out.Secrets, slices.Sorted(maps.Keys(needs.Secrets))...)
		out.Streams = append(out.Streams, slices.Sorted(maps.Keys(needs.Streams))...)
	}
	out.Problems = a.jsonProblems(problems)
	return writeJSON(a.stdout, out)
}
