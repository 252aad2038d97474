package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/runtime"
)

// choice is a flag with a closed set of values.
type choice struct {
	value   string
	allowed []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.allowed, "|") }

func (c *choice) Set(v string) error {
	if !slices.Contains(c.allowed, v) {
		return fmt.Errorf("must be one of %s", strings.Join(c.allowed, ", "))
	}
	c.value = v
	return nil
}

// formatFlag declares --format; the first value is the default.
func formatFlag(cmd *cobra.Command, allowed ...string) *choice {
	c := &choice{value: allowed[0], allowed: allowed}
	cmd.Flags().Var(c, "format", "output format")
	return c
}

// writeJSON prints v indented, for people and programs alike.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// jsonProblem is a problem in the command line's JSON: severities by name and
// places as a person counts them would break editors, so positions stay as in
// the plan and the readable place is added.
type jsonProblem struct {
	runtime.Problem
	Severity string `json:"severity"`
	// Place is file:line:column, counted from 1, relative to the working
	// directory.
	Place string `json:"place,omitempty"`
}

// jsonProblems never is nil, so that it encodes as a list.
func (a *app) jsonProblems(problems []runtime.Problem) []jsonProblem {
	out := make([]jsonProblem, 0, len(problems))
	for _, p := range problems {
		out = append(out, jsonProblem{p, p.Severity.String(), strings.TrimSuffix(a.place(p.Range), ": ")})
	}
	return out
}

// brief is the first sentence of a doc comment, on one line.
func brief(doc string) string {
	line := strings.Join(strings.Fields(doc), " ")
	if i := strings.Index(line, ". "); i >= 0 {
		line = line[:i+1]
	}
	return printable(line)
}
