package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/runtime"
)

// loadTarget evaluates the package of --dir and finds the component that args
// name. Without an argument the target is empty. A mistake in the name is
// reported like any other problem.
func (a *app) loadTarget(ctx context.Context, args []string) (loaded, string, error) {
	src, err := a.source(a.flags.dir)
	if err != nil {
		return loaded{}, "", err
	}
	if len(args) > 0 {
		src = holding(src, args[0])
	}
	got, err := a.loadSource(ctx, src)
	if err != nil || len(args) == 0 {
		return got, "", err
	}
	target := args[0]
	if p, ok := unknown(got.plan, target); ok {
		a.report(a.stderr, []runtime.Problem{p})
		a.warn(got.problems)
		return got, "", &exitError{code: exitProblems}
	}
	return got, target, nil
}

// holding narrows a folder with several packages to the one that has a target of
// that name; where none or several do, it stays as it is.
func holding(src runtime.Source, target string) runtime.Source {
	var found []runtime.Source
	for _, one := range runtime.Packages(src) {
		if runtime.Syntax(one).Component(target) != nil {
			found = append(found, one)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return src
}

// unknown is the problem of a target that does not exist. Its place is the
// command line, not the file.
func unknown(p *runtime.Plan, target string) (runtime.Problem, bool) {
	_, problems := p.Needs(target, p.Root)
	for _, problem := range problems {
		if problem.Code == runtime.CodeUnknownTarget {
			problem.Range = runtime.Range{}
			return problem, true
		}
	}
	return runtime.Problem{}, false
}

// warn prints on standard error what is wrong with the package when something
// else is the result.
func (a *app) warn(problems []runtime.Problem) {
	if len(problems) == 0 {
		return
	}
	a.report(a.stderr, problems)
	fmt.Fprintln(a.stderr, tally(problems))
}

// completeTargets lets the shell complete component names.
func (a *app) completeTargets(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	src, err := a.source(a.flags.dir)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, c := range runtime.Syntax(src).Targets() {
		names = append(names, c.Path)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
