package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/containerd/platforms"
	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/engine/slug"
)

func (a *app) slugDiffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Say what makes one slug another: steps, fields, inputs",
		Long: `Say what makes one slug another: which steps were added, removed or changed, in
which fields, and which inputs changed. Exit code 0: they are the same; 1: they
differ; 2: one of them cannot be read.`,
		Args: cobra.ExactArgs(2),
	}
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	all := cmd.Flags().Bool("all", false, "list all, however long")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		from, err := a.openSlug(args[0])
		if err != nil {
			return err
		}
		to, err := a.openSlug(args[1])
		if err != nil {
			return err
		}
		d := slug.Diff(from, to)
		if err := a.showDiff(d, *asJSON, *all); err != nil || d.Same {
			return err
		}
		return &exitError{code: exitProblems}
	}
	return cmd
}

func (a *app) slugVerifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify FILE|DIGEST",
		Short: "Say whether today's sources still give the same LLB",
		Long: `Compile the slug's target anew, from the package of --dir, and compare. Exit code
0: the LLB and all inputs are the same, whatever else changed in the CUE files; 1:
something differs, or the target does not compile any more; 2: the slug cannot be
read, or no BuildKit answers where one is needed. Tags and inputs that the slug was
built with have to be given again; values of exports that are part of it are taken
from it.`,
		Args: cobra.ExactArgs(1),
	}
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	all := cmd.Flags().Bool("all", false, "list all, however long")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		was, err := a.openSlug(args[0])
		if err != nil {
			return err
		}
		platform, err := platforms.Parse(was.Meta.Platform)
		if err != nil {
			return fmt.Errorf("the slug's platform: %w", err)
		}
		a.values = was.Meta.Given()
		got, target, err := a.loadTarget(cmd.Context(), []string{was.Meta.Target})
		if err != nil {
			return err
		}
		is, _, err := a.compileSlug(cmd.Context(), got, target, slugFlags{platform: platform, values: a.values})
		if err != nil {
			return err
		}
		d := slug.Diff(was, is)
		if err := a.showDiff(d, *asJSON, *all); err != nil || d.Same || d.SameLLB && len(d.Inputs)+len(d.Job) == 0 {
			return err
		}
		a.remindTags(was, is)
		return &exitError{code: exitProblems}
	}
	return cmd
}

// remindTags hints at the tags that the slug was built with.
func (a *app) remindTags(was, is *slug.Slug) {
	if then := strings.Join(was.Meta.Tags, ", "); then != strings.Join(is.Meta.Tags, ", ") {
		fmt.Fprintf(a.stderr, "hint: the slug was built with these tags and inputs: %s\n", orNone(then))
	}
}

func (a *app) showDiff(d slug.Difference, asJSON, all bool) error {
	if asJSON {
		return writeJSON(a.stdout, d)
	}
	limit := maxListed
	if all {
		limit = len(d.Steps) + len(d.Inputs) + len(d.Files)
	}
	diffText(a.stdout, d, limit)
	return nil
}

func diffText(w io.Writer, d slug.Difference, limit int) {
	if d.Same {
		fmt.Fprintln(w, "the same")
		return
	}
	for _, f := range d.Job {
		fmt.Fprintf(w, "~ %s\n", fieldText(f))
	}
	for i, s := range d.Steps {
		if i == limit {
			fmt.Fprintf(w, "… %d more steps, --all shows them\n", len(d.Steps)-i)
			break
		}
		fmt.Fprintf(w, "%s %s  %s  %s\n", signs[s.Kind], printable(s.Step.ID().String()), printable(s.Step.Summary), printable(s.Step.Place()))
		for _, f := range s.Fields {
			fmt.Fprintf(w, "    %s\n", fieldText(f))
		}
	}
	inputsText(w, "inputs", d.Inputs, limit)
	inputsText(w, "CUE files", d.Files, limit)
	if d.Vertices > 0 {
		fmt.Fprintf(w, "~ %s that belong to no step\n", plural(d.Vertices, "vertex"))
	}
	if d.SameLLB {
		fmt.Fprintln(w, "the LLB is the same")
	}
}

var signs = map[string]string{slug.Added: "+", slug.Removed: "-", slug.Changed: "~"}

func inputsText(w io.Writer, head string, list []slug.InputChange, limit int) {
	for i, c := range list {
		if i == 0 {
			fmt.Fprintln(w, head)
		}
		if i == limit {
			fmt.Fprintf(w, "  … %d more, --all shows them\n", len(list)-i)
			return
		}
		fmt.Fprintf(w, "  %s %s %s", signs[c.Kind], c.What, printable(c.Name))
		if c.Kind == slug.Changed {
			fmt.Fprintf(w, ": %s → %s", brevity(c.Old), brevity(c.New))
		}
		fmt.Fprintln(w)
	}
}

func fieldText(f slug.FieldChange) string {
	return fmt.Sprintf("%s: %s → %s", printable(f.Field), brevity(f.Old), brevity(f.New))
}

// maxValue is how much of a value fits beside another on a line.
const maxValue = 80

// brevity is a value on one line.
func brevity(v string) string {
	if v == "" {
		return "(nothing)"
	}
	line := []rune(strings.Join(strings.Fields(printable(v)), " "))
	if len(line) > maxValue {
		line = append(line[:maxValue-1], '…')
	}
	return string(line)
}
