package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/engine/image"
)

func (a *app) imageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Manage the local image store, which jobs ask before any registry",
	}
	cmd.AddCommand(a.imageImportCommand(), a.imageListCommand(), a.imageRemoveCommand())
	return cmd
}

func (a *app) imageImportCommand() *cobra.Command {
	var (
		ref    string
		rootfs bool
		config image.Config
	)
	cmd := &cobra.Command{
		Use:   "import PATH",
		Short: "Add an image to the store",
		Long: `Add an image to the store: an OCI layout (a folder or a tar of one), an archive
of ` + "`docker save`" + `, or with --rootfs a folder or tar with the files of a root file
system, of which an image of one layer is made.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			entries, err := a.importImage(cmd.Context(), args[0], ref, rootfs, config)
			if err != nil {
				return err
			}
			for _, e := range entries {
				fmt.Fprintf(a.stdout, "%s %s\n", e.Ref, e.Digest)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&ref, "ref", "", "`name` of the image, such as example/base:1.0; needed where the archive carries none")
	f.BoolVar(&rootfs, "rootfs", false, "PATH holds the files of a root file system")
	f.StringArrayVar(&config.Env, "env", nil, "with --rootfs: a `variable=value` of the image's environment; repeatable")
	f.StringVar(&config.WorkDir, "workdir", "", "with --rootfs: the image's working `directory`")
	f.StringVar(&config.User, "user", "", "with --rootfs: the image's `user`")
	return cmd
}

func (a *app) importImage(ctx context.Context, path, ref string, rootfs bool, c image.Config) ([]image.Entry, error) {
	if !rootfs {
		entries, err := a.store().Import(ctx, a.env.abs(path), ref)
		if errors.Is(err, image.ErrNoName) {
			err = fmt.Errorf("%w: give it one with --ref", err)
		}
		return entries, err
	}
	if ref == "" {
		return nil, errors.New("image import --rootfs needs a name: give it one with --ref")
	}
	e, err := a.store().ImportRootFS(ctx, a.env.abs(path), ref, c)
	return []image.Entry{e}, err
}

func (a *app) imageListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the images of the store",
		Args:    cobra.NoArgs,
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		entries, err := a.store().List()
		if err != nil {
			return err
		}
		if format.value == "json" {
			return writeJSON(a.stdout, append([]image.Entry{}, entries...))
		}
		w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		for _, e := range entries {
			fmt.Fprintf(w, "%s\t%s\t%s\t%v\n", e.Ref, e.Digest, units.BytesSize(float64(e.Size)), e.Platforms)
		}
		return w.Flush()
	}
	return cmd
}

func (a *app) imageRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "remove REF...",
		Aliases: []string{"rm"},
		Short:   "Remove images from the store",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, ref := range args {
				found, err := a.store().Remove(cmd.Context(), ref)
				if err != nil {
					return err
				}
				if !found {
					return fmt.Errorf("the store has no image %s: `dagger-lsp image list` shows what it has", ref)
				}
			}
			return nil
		},
	}
}

func (a *app) store() *image.Store { return image.Open(a.env.images) }
