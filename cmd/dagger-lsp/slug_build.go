package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/slug"
	"github.com/dagger/dagger-lsp/runtime"
)

func (a *app) slugBuildCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "build [TARGET]",
		Short: "Compile a target to a slug, and print its digest",
		Long: `Compile a target and all that it depends on to a slug. It is kept under its
digest, which is printed, and written to the file of --output. TARGET may be left
out where there is only one.

No BuildKit is needed where the local image store has every image that the target
starts from; otherwise the images are looked up through it. Where an operation needs
a value that only an export gives, --solve runs what comes before it, and the value
becomes part of the slug.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeTargets,
	}
	output := cmd.Flags().StringP("output", "o", "", "write the slug to `FILE` too; - is standard output, and the digest then goes to standard error")
	var how slugFlags
	cmd.Flags().BoolVar(&how.solve, "solve", false, "run the passes that give values which the last one is compiled with")
	how.given.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		got, target, err := a.loadTarget(cmd.Context(), args)
		if err == nil && target == "" {
			target, err = onlyTarget(got.plan)
		}
		if err != nil {
			return err
		}
		s, data, err := a.compileSlug(cmd.Context(), got, target, how)
		if err != nil {
			return err
		}
		if err := a.slugs().Put(data); err != nil {
			return err
		}
		return a.writeSlug(s, data, *output)
	}
	return cmd
}

// onlyTarget is the target of a package that has just one.
func onlyTarget(p *runtime.Plan) (string, error) {
	targets := p.Targets()
	if len(targets) != 1 {
		return "", fmt.Errorf("the package has %s: say which, `dagger-lsp plan` lists them", plural(len(targets), "target"))
	}
	return targets[0].Path, nil
}

// slugFlags say how to compile.
type slugFlags struct {
	given    handleFlags
	solve    bool
	platform ocispecs.Platform
	// values stand in the plan already.
	values []runtime.GivenValue
}

// compileSlug lowers a target and makes its slug.
func (a *app) compileSlug(ctx context.Context, got loaded, target string, how slugFlags) (*slug.Slug, []byte, error) {
	if how.platform.OS == "" {
		how.platform = runtime.MachinePlatform()
	}
	compiled, problems, err := a.compile(ctx, got, target, how)
	if err != nil {
		return nil, nil, interruption(ctx, fmt.Errorf("compile %s: %w", target, err))
	}
	for i := range problems {
		if problems[i].Code == runtime.CodeWaiting && problems[i].Severity == runtime.SeverityError {
			problems[i].Hint = "--solve runs what gives the value, and makes it part of the slug"
		}
	}
	a.warn(problems)
	if compiled == nil {
		return nil, nil, &exitError{code: exitProblems}
	}
	return slug.Build(ctx, compiled.Job, slug.Source{
		Plan: compiled.Plan, Workspace: compiled.Plan.Root, Version: programVersion(),
		Tags:     tagNames(append(slices.Clone(a.flags.tags), a.flags.inputs...)),
		Values:   append(how.values, compiled.Values...),
		Platform: platforms.Format(platforms.Normalize(how.platform)),
	})
}

func (a *app) compile(ctx context.Context, got loaded, target string, how slugFlags) (_ *engine.Compiled, _ []runtime.Problem, err error) {
	req := engine.Request{Plan: got.plan, Target: target, Workspace: got.plan.Root, Evaluate: a.again(got)}
	if err := a.give(&req, how.given); err != nil {
		return nil, nil, err
	}
	eng := a.engine()
	defer func() { err = errors.Join(err, eng.Close()) }()
	return eng.Compile(ctx, engine.CompileRequest{
		Request: req, Scope: slug.Scope(got.plan), Platform: how.platform,
		Solve: how.solve, Watch: newPlainView(a).show,
	})
}

// tagNames are the names of CUE tags, without their values.
func tagNames(tags []string) []string {
	var out []string
	for _, t := range tags {
		name, _, _ := strings.Cut(t, "=")
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (a *app) writeSlug(s *slug.Slug, data []byte, output string) error {
	switch output {
	case "":
	case "-":
		fmt.Fprintln(a.stderr, s.Digest)
		_, err := a.stdout.Write(data)
		return err
	default:
		if err := os.WriteFile(a.env.abs(output), data, 0o644); err != nil {
			return fmt.Errorf("write the slug: %w", err)
		}
	}
	fmt.Fprintln(a.stdout, s.Digest)
	return nil
}
