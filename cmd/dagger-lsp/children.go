package main

import (
	"flag"
	"time"

	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/engine/daemon"
	"github.com/dagger/dagger-lsp/runtime/worker"
)

// The subcommands that this program starts of itself. They are hidden: their
// flags and protocols may change with every version.
const (
	workerName = "eval-worker"
	daemonName = "daemon"
)

// daemonIdle is how long the embedded daemon outlives its last client: long
// enough to keep its cache in memory between two runs, short enough not to
// linger for an afternoon.
const daemonIdle = 10 * time.Minute

// workerCommand evaluates CUE for its parent, which may kill it at any time.
func (a *app) workerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    workerName,
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return worker.Serve(cmd.Context(), a.stdin, a.stdout)
		},
	}
}

// daemonCommand is the embedded BuildKit.
func (a *app) daemonCommand() *cobra.Command {
	opts := daemon.Options{Command: []string{a.env.executable, daemonName}}
	cmd := &cobra.Command{
		Use:    daemonName,
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return daemon.Serve(cmd.Context(), opts)
		},
	}
	flags := flag.NewFlagSet(daemonName, flag.ContinueOnError)
	daemon.Flags(flags, &opts)
	cmd.Flags().AddGoFlagSet(flags)
	cmd.AddCommand(&cobra.Command{
		Use:   "stop",
		Short: "End the embedded BuildKit and wait until it is gone",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := stopDaemon(cmd.Context(), a.daemonOptions())
			return err
		},
	})
	return cmd
}
