package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/slug"
)

func (a *app) slugRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run FILE|DIGEST",
		Short: "Run a slug, in the workspace of --dir",
		Long: `Run exactly what a slug says, as one BuildKit solve: no CUE is read. Folders come
from the workspace of --dir; where one holds something else than what the slug was
built with, that is said, and with --strict nothing runs. Secrets and streams are
given by name, as to ` + "`run`" + `. A slug is a program: look at one from elsewhere with
` + "`slug inspect`" + ` first.

Progress, exported values and exit codes are those of ` + "`run`" + `.`,
		Args: cobra.ExactArgs(1),
	}
	progress := progressFlag(cmd)
	noCache := cmd.Flags().Bool("no-cache", false, "run every step, whatever is cached")
	strict := cmd.Flags().Bool("strict", false, "fail where a folder is not what the slug was built with")
	var given handleFlags
	given.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := a.openSlug(args[0])
		if err != nil {
			return err
		}
		workspace, err := a.workspace()
		if err != nil {
			return err
		}
		changed, err := a.changedFolders(cmd.Context(), s, workspace)
		if err != nil {
			return err
		}
		if changed && *strict {
			return &exitError{code: exitProblems}
		}
		req := engine.Request{Slug: s, Workspace: workspace, NoCache: *noCache}
		if err := a.give(&req, given); err != nil {
			return err
		}
		eng := a.engine()
		state, err := a.follow(cmd.Context(), eng, req, a.view(progress.value))
		if err = errors.Join(err, eng.Close()); err != nil {
			return err
		}
		return verdict(state)
	}
	return cmd
}

// changedFolders says which folders are not what the slug was built with. Those
// that cannot be found are the run's to report.
func (a *app) changedFolders(ctx context.Context, s *slug.Slug, workspace string) (bool, error) {
	changed := false
	for _, then := range s.Meta.Locals {
		dir, err := slug.Dir(workspace, then.Name)
		if err != nil {
			continue
		}
		now, err := slug.HashDir(ctx, then, dir)
		if err != nil {
			return false, interruption(ctx, err)
		}
		if now.Digest != then.Digest {
			changed = true
			fmt.Fprintf(a.stderr, "warning: the folder %s is not what the slug was built with: %s then, %s now (%s)\n",
				printable(then.Name), then.Digest, now.Digest, plural(now.Files, "file"))
		}
	}
	return changed, nil
}
