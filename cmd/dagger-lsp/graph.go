package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/analysis/graph"
)

func (a *app) graphCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "graph [TARGET]",
		Short: "Draw the components and operations of a target, or of everything",
		Long: `Draw the components and operations of a target, or of everything.

Without --format the name of the output file decides, and DOT is written if
there is none.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeTargets,
	}
	format := &choice{allowed: formatNames()}
	cmd.Flags().Var(format, "format", "output format")
	output := cmd.Flags().StringP("output", "o", "", "write to `FILE` instead of standard output")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		got, target, err := a.loadTarget(cmd.Context(), args)
		if err != nil {
			return err
		}
		a.warn(got.problems)
		picture, err := graph.Render(cmd.Context(), got.plan.Graph(target), formatOf(format.value, *output))
		if err != nil {
			return interruption(cmd.Context(), err)
		}
		if *output == "" {
			_, err = a.stdout.Write(picture)
			return err
		}
		if err := os.WriteFile(a.env.abs(*output), picture, 0o644); err != nil {
			return fmt.Errorf("write the graph: %w", err)
		}
		return nil
	}
	return cmd
}

func formatNames() []string {
	var names []string
	for _, f := range graph.Formats() {
		names = append(names, string(f))
	}
	return names
}

// formatOf is the format asked for, or the one that the file's name suggests.
func formatOf(asked, file string) graph.Format {
	if asked != "" {
		return graph.Format(asked)
	}
	switch ext := strings.TrimPrefix(filepath.Ext(file), "."); ext {
	case "mmd":
		return graph.Mermaid
	case "gv", "":
		return graph.DOT
	default:
		for _, f := range graph.Formats() {
			if string(f) == ext {
				return f
			}
		}
	}
	return graph.DOT
}
