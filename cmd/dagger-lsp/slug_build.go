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
starts from; otherwise the images are looked up through it.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeTargets,
	}
	output := cmd.Flags().StringP("output", "o", "", "write the slug to `FILE` too; - is standard output, and the digest then goes to standard error")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		got, target, err := a.loadTarget(cmd.Context(), args)
		if err == nil && target == "" {
			target, err = onlyTarget(got.plan)
		}
		if err != nil {
			return err
		}
		s, data, err := a.compileSlug(cmd.Context(), got.plan, target, ocispecs.Platform{})
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

// compileSlug lowers a target and makes its slug.
func (a *app) compileSlug(ctx context.Context, plan *runtime.Plan, target string, p ocispecs.Platform) (_ *slug.Slug, _ []byte, err error) {
	if p.OS == "" {
		p = runtime.MachinePlatform()
	}
	eng := a.engine()
	defer func() { err = errors.Join(err, eng.Close()) }()
	compiled, problems, err := eng.Compile(ctx, engine.CompileRequest{
		Request: engine.Request{Plan: plan, Target: target, Workspace: plan.Root, KnownHosts: a.env.knownHosts},
		Scope:   slug.Scope(plan), Platform: p,
	})
	if err != nil {
		return nil, nil, interruption(ctx, fmt.Errorf("compile %s: %w", target, err))
	}
	a.warn(problems)
	if compiled == nil {
		return nil, nil, &exitError{code: exitProblems}
	}
	return slug.Build(ctx, compiled, slug.Source{
		Plan: plan, Workspace: plan.Root, Version: programVersion(), Tags: tagNames(a.flags.tags),
		Platform: platforms.Format(platforms.Normalize(p)),
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
