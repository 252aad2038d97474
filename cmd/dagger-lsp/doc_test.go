package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// TestCommandLineDoc keeps docs/cli.md what the commands say of themselves.
func TestCommandLineDoc(t *testing.T) {
	const path = "../../docs/cli.md"
	a := &app{stdout: io.Discard, stderr: io.Discard}
	var b bytes.Buffer
	b.WriteString("# The command line\n\nGenerated from the commands themselves; `make generate` writes it anew.\n")
	describe(&b, a.rootCommand())
	if *rewrite {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), b.String()); diff != "" {
		t.Errorf("docs/cli.md is stale, run `make generate` (-have +want):\n%s", diff)
	}
}

// describe writes a command and what is below it; hidden ones are our own.
func describe(w io.Writer, cmd *cobra.Command) {
	if cmd.Hidden || cmd.Name() == "help" {
		return
	}
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	cmd.InitDefaultHelpFlag()
	usage := cmd.UsageString()
	if cmd.HasParent() {
		usage, _, _ = strings.Cut(usage, "\nGlobal Flags:")
	}
	fmt.Fprintf(w, "\n## %s\n\n%s\n\n```\n%s\n```\n", cmd.CommandPath(), text, strings.TrimSpace(usage))
	for _, sub := range cmd.Commands() {
		describe(w, sub)
	}
}
