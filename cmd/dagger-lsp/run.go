package main

import (
	"context"
	"errors"
	"os"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/job"
)

func (a *app) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "run TARGET",
		Aliases: []string{"up"},
		Short:   "Run a target and all that it depends on",
		Long: `Run a target and all that it depends on, as one BuildKit solve.

Progress goes to standard error and the values that the target exports to
standard output. Ctrl-C stops the containers; a second one does not wait for
them. Exit code 0: done; 1: the job failed; 130: it was cancelled.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeTargets,
	}
	progress := progressFlag(cmd)
	noCache := cmd.Flags().Bool("no-cache", false, "run every step, whatever is cached")
	var given handleFlags
	given.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		got, target, err := a.loadTarget(cmd.Context(), args)
		if err != nil {
			return err
		}
		req := engine.Request{Plan: got.plan, Target: target, Workspace: got.plan.Root, NoCache: *noCache}
		if err := a.give(&req, given); err != nil {
			return err
		}
		req.Evaluate = a.again(got)
		eng := a.engine()
		state, err := a.follow(cmd.Context(), eng, req, a.view(progress.value))
		if err = errors.Join(err, eng.Close()); err != nil {
			return err
		}
		return verdict(state)
	}
	return cmd
}

// progressFlag declares --progress.
func progressFlag(cmd *cobra.Command) *choice {
	progress := &choice{value: "auto", allowed: []string{"auto", "tty", "plain", "json", "quiet"}}
	cmd.Flags().Var(progress, "progress", "how to show what happens; json is one event per line on standard output")
	return progress
}

// view shows a job while it runs and when it has ended.
type view interface {
	// show is told each event with the state after it.
	show(job.State, job.Event)
	// tick comes some times a second, for clocks.
	tick()
	// end is told the last state.
	end(job.State)
}

// view picks the way to show progress. `auto` needs a terminal that a person
// sits at.
func (a *app) view(progress string) view {
	if progress == "auto" {
		progress = "plain"
		if f, ok := a.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			progress = "tty"
		}
	}
	switch progress {
	case "json":
		return newJSONView(a.stdout)
	case "quiet":
		return &quietView{a}
	case "tty":
		return newTTYView(a)
	default:
		return newPlainView(a)
	}
}

// update is one event of a job on its way to the view.
type update struct {
	state job.State
	event job.Event
}

// follow runs a job to its end and shows it.
func (a *app) follow(ctx context.Context, eng *engine.Engine, req engine.Request, v view) (job.State, error) {
	j := eng.Start(ctx, req)
	stop := context.AfterFunc(ctx, func() { j.Cancel(context.Cause(ctx)) })
	defer stop()
	updates := make(chan update)
	var feeding sync.WaitGroup
	// Of a job that has ended already, Subscribe tells all before it returns.
	feeding.Go(func() {
		j.Subscribe(func(s job.State, e job.Event) {
			updates <- update{s, e}
			if e.Kind.Last() {
				close(updates)
			}
		})
	})
	showAll(updates, v)
	feeding.Wait()
	// The job has ended: its own end, not ctx, is what is waited for.
	state, err := j.Wait(context.WithoutCancel(ctx))
	v.end(state)
	return state, err
}

// verdict is the exit code of a job's end.
func verdict(s job.State) error {
	switch s.Status {
	case job.StatusDone:
		return nil
	case job.StatusCanceled:
		return &exitError{code: exitCanceled}
	default:
		return &exitError{code: exitProblems}
	}
}
