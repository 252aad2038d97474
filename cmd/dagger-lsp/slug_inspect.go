package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/docker/go-units"
	digest "github.com/opencontainers/go-digest"
	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/engine/slug"
)

// maxListed is how many lines of a kind are shown of a slug unless all are
// asked for: a slug may have thousands of steps.
const maxListed = 100

func (a *app) slugInspectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect FILE|DIGEST",
		Short: "Show what a slug does, what it takes, and how buildctl runs it",
		Args:  cobra.ExactArgs(1),
	}
	asJSON := cmd.Flags().Bool("json", false, "print JSON, with every step")
	all := cmd.Flags().Bool("all", false, "list all, however long")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		s, err := a.openSlug(args[0])
		if err != nil {
			return err
		}
		workspace, err := a.workspace()
		if err != nil {
			return err
		}
		v := inspected{slug: s, command: a.buildctl(s, args[0], workspace), limit: maxListed}
		if *asJSON {
			return writeJSON(a.stdout, v.json())
		}
		if *all {
			v.limit = len(s.Meta.Steps) + len(s.Definition.Def) + len(s.Meta.Files)
		}
		return v.text(a.stdout)
	}
	return cmd
}

// inspected is a slug to be shown.
type inspected struct {
	slug    *slug.Slug
	command []string
	limit   int
}

type inspectedJSON struct {
	Digest digest.Digest `json:"digest"`
	slug.Meta
	Vertices []digest.Digest `json:"vertices"`
	Inputs   slug.Inputs     `json:"inputs"`
	Buildctl []string        `json:"buildctl"`
}

func (v inspected) json() inspectedJSON {
	return inspectedJSON{v.slug.Digest, v.slug.Meta, v.slug.Vertices(), v.slug.Inputs(), v.command}
}

func (v inspected) text(out io.Writer) error {
	m, in := v.slug.Meta, v.slug.Inputs()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "slug\t%s\n", v.slug.Digest)
	fmt.Fprintf(w, "target\t%s, of package %s in %s\n", printable(m.Target), orNone(m.Package), printable(m.Dir))
	fmt.Fprintf(w, "platform\t%s\n", printable(m.Platform))
	fmt.Fprintf(w, "made by\tdagger-lsp %s, format %d\n", printable(m.Version), m.Format)
	if len(m.Tags) > 0 {
		fmt.Fprintf(w, "tags and inputs\t%s\n", printable(strings.Join(m.Tags, ", ")))
	}
	list(v, w, "steps", m.Steps, stepLine)
	list(v, w, "images", in.Images, imageLine)
	list(v, w, "local folders", in.Locals, localLine)
	list(v, w, "addresses", in.Remotes, remoteLine)
	list(v, w, "secrets, given to each run", in.Secrets, handleLine)
	list(v, w, "streams, given to each run", in.Streams, handleLine)
	list(v, w, "values of exports that are part of it", m.Values, func(x slug.Value) string {
		return printable(x.Path) + "\t" + brevity(x.Value)
	})
	list(v, w, "exports", m.Exports, func(e slug.Export) string {
		return fmt.Sprintf("%s\t%s as %s", printable(e.Component), printable(e.Source), e.Format)
	})
	list(v, w, "CUE files", m.Files, func(f slug.File) string { return printable(f.Path) + "\t" + f.Digest.String() })
	fmt.Fprintf(w, "\nwith buildctl\n  %s\n", printable(shell(v.command)))
	return w.Flush()
}

// list writes a headed list, up to the limit; nothing if it is empty.
func list[T any](v inspected, w io.Writer, head string, items []T, line func(T) string) {
	for i, item := range items {
		if i == 0 {
			fmt.Fprintf(w, "\n%s\n", head)
		}
		if i == v.limit {
			fmt.Fprintf(w, "  … %d more, --all shows them\n", len(items)-i)
			return
		}
		fmt.Fprintf(w, "  %s\n", line(item))
	}
}

func stepLine(s slug.Step) string {
	note := ""
	if s.Unused {
		note = "  (not used: it never runs)"
	}
	return fmt.Sprintf("%s\t%s\t%s%s", printable(s.ID().String()), printable(s.Summary), printable(s.Place()), note)
}

func imageLine(i slug.Image) string {
	from := "from its registry"
	if i.Store != "" {
		from = "from the local store"
	}
	return fmt.Sprintf("%s\t%s\t%s", printable(i.Ref), printable(i.Digest.String()), from)
}

func localLine(l slug.Local) string {
	line := fmt.Sprintf("%s\t%s\t%s, %s", printable(l.Name), l.Digest, plural(l.Files, "file"), units.HumanSize(float64(l.Bytes)))
	if len(l.Include) > 0 {
		line += printable(fmt.Sprintf(", only %q", l.Include))
	}
	if len(l.Exclude) > 0 {
		line += printable(fmt.Sprintf(", without %q", l.Exclude))
	}
	return line
}

func remoteLine(r slug.Remote) string {
	if r.Pinned == "" {
		return fmt.Sprintf("%s %s %s\tnot pinned: taken as it is when the job runs", r.Kind, printable(r.URL), printable(r.Ref))
	}
	return fmt.Sprintf("%s %s\t%s", r.Kind, printable(r.URL), printable(r.Pinned))
}

func handleLine(h slug.Handle) string { return printable(h.Name) }

func orNone(name string) string {
	if name == "" {
		return "(none)"
	}
	return printable(name)
}
