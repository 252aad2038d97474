package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	digest "github.com/opencontainers/go-digest"
	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/engine/slug"
)

func (a *app) slugCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "slug",
		Short: "Compile a target to one file, and look at, run and compare such files",
		Long: `A slug is a compiled target: one file that holds the LLB definition with its
source map, what maps its steps back to CUE, and the digests of what went in. The
digest of the file is its name: the same inputs give the same file on every
machine. No secret and no path of a machine is inside.

` + "`buildctl build < FILE`" + ` runs one too; ` + "`slug inspect`" + ` prints the options it needs.`,
	}
	cmd.AddCommand(a.slugBuildCommand(), a.slugInspectCommand(), a.slugRunCommand(), a.slugDiffCommand(), a.slugVerifyCommand())
	return cmd
}

func (a *app) slugs() *slug.Store { return slug.OpenStore(a.env.slugs) }

// openSlug reads the slug that an argument names: a digest, a file, or "-".
func (a *app) openSlug(arg string) (*slug.Slug, error) {
	s, err := a.readSlug(arg)
	if errors.Is(err, slug.ErrNotSlug) {
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	return s, err
}

func (a *app) readSlug(arg string) (*slug.Slug, error) {
	if strings.HasPrefix(arg, digest.SHA256.String()+":") {
		s, _, err := a.slugs().Get(digest.Digest(arg))
		if errors.Is(err, slug.ErrUnknown) {
			err = fmt.Errorf("%w: `dagger-lsp slug build` keeps what it builds", err)
		}
		return s, err
	}
	if arg == "-" {
		s, _, err := slug.Read(a.stdin)
		return s, err
	}
	f, err := os.Open(a.env.abs(arg))
	if err != nil {
		return nil, fmt.Errorf("open the slug: %w", err)
	}
	defer f.Close()
	s, _, err := slug.Read(f)
	return s, err
}
