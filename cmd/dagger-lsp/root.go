package main

import (
	"fmt"
	"io"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/engine/mask"
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/worker"
)

// app is one run of the program.
type app struct {
	env            environment
	stdin          io.Reader
	stdout, stderr io.Writer
	flags          commonFlags
	// values are given to the package beside those of --input.
	values []runtime.GivenValue
	// plain hides the secrets that the loaded package holds as plain text.
	plain *mask.Masker
}

// commonFlags are those of every subcommand.
type commonFlags struct {
	dir        string
	tags       []string
	buildkit   string
	offline    bool
	evalBudget time.Duration
	evalMemory int64 // MiB
	verbose    bool
	inputs     []string
}

func (a *app) rootCommand() *cobra.Command {
	serve := a.serveCommand()
	root := &cobra.Command{
		Use:   "dagger-lsp",
		Short: "Language server and runner for container pipelines written in CUE",
		Long: `Language server and runner for container pipelines written in CUE.

Without a subcommand it serves the Language Server Protocol on standard input
and output, for an editor to start.`,
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          serve.RunE,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			if !a.flags.verbose && cmd.Name() != daemonName {
				// Libraries of BuildKit log there; people get messages.
				logrus.SetOutput(io.Discard)
			}
		},
	}
	root.Flags().AddFlagSet(serve.Flags())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w\nrun `%s --help` for usage", err, cmd.CommandPath())
	})
	root.SuggestionsMinimumDistance = 2
	a.commonFlags(root)
	root.AddCommand(
		a.checkCommand(), a.planCommand(), a.graphCommand(), a.runCommand(), a.slugCommand(), a.imageCommand(), a.migrateCommand(),
		a.doctorCommand(), a.versionCommand(), a.workerCommand(), a.daemonCommand(),
	)
	return root
}

func (a *app) commonFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVarP(&a.flags.dir, "dir", "C", ".", "the CUE package's `folder`, or one file of it")
	f.StringArrayVarP(&a.flags.tags, "inject", "t", nil, "set a CUE @tag, as `name=value`; repeatable")
	f.StringArrayVar(&a.flags.inputs, "input", nil, inputHelp)
	f.StringVar(&a.flags.buildkit, "buildkit", "", "BuildKit `address`, such as tcp://host:1234 (default $BUILDKIT_HOST, a local daemon, or an embedded one)")
	f.BoolVar(&a.flags.offline, "offline", false, "ask no registry: the embedded BuildKit gets no network, images come from the local store")
	f.DurationVar(&a.flags.evalBudget, "eval-budget", worker.DefaultBudget, "how `long` CUE may evaluate before it is stopped")
	f.Int64Var(&a.flags.evalMemory, "eval-memory", worker.DefaultMemoryBytes>>20, "how many `MiB` CUE may use before it is stopped")
	f.BoolVarP(&a.flags.verbose, "verbose", "v", false, "log to standard error what happens inside")
}

// noArgs turns a mistyped subcommand into cobra's own suggestion.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	msg := fmt.Sprintf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		msg += fmt.Sprintf(": did you mean %q?", near[0])
	}
	return fmt.Errorf("%s\nrun `dagger-lsp --help` for usage", msg)
}
