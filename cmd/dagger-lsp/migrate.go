package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/runtime"
)

func (a *app) migrateCommand() *cobra.Command {
	var write bool
	cmd := &cobra.Command{
		Use:   "migrate [DIR...]",
		Short: "Write configs of older versions in today's spelling",
		Long: `Write configs of older versions in today's spelling: script fields, imports,
mounts, list arithmetic, the module file. Older configs run as they are; this
is for people who want to read one spelling.

It takes every package in the folders and below them. Comments and layout stay.
Without --write it shows the changes.`,
	}
	cmd.Flags().BoolVarP(&write, "write", "w", false, "write the files instead of showing the changes")
	cmd.RunE = func(_ *cobra.Command, dirs []string) error {
		if len(dirs) == 0 {
			dirs = []string{a.flags.dir}
		}
		changed, err := a.migrations(dirs)
		if err != nil {
			return err
		}
		if write {
			return a.writeMigrations(changed)
		}
		return a.showMigrations(changed)
	}
	return cmd
}

// migrations are the new texts of the files below dirs, by path.
func (a *app) migrations(dirs []string) (map[string][]byte, error) {
	changed := map[string][]byte{}
	for _, dir := range dirs {
		src, err := a.source(dir)
		if err != nil {
			return nil, err
		}
		all, err := runtime.PackagesBelow(src)
		if err != nil {
			return nil, fmt.Errorf("look through %s: %w", dir, err)
		}
		for _, one := range all {
			maps.Copy(changed, runtime.Migrate(one))
		}
	}
	return changed, nil
}

func (a *app) showMigrations(changed map[string][]byte) error {
	for _, path := range slices.Sorted(maps.Keys(changed)) {
		was, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read %s: %w", a.env.rel(path), err)
		}
		name := filepath.ToSlash(a.env.rel(path))
		fmt.Fprint(a.stdout, printable(string(diff.Diff(name, was, name, changed[path]))))
	}
	if len(changed) > 0 {
		fmt.Fprintf(a.stderr, "%s would change; --write changes them\n", plural(len(changed), "file"))
		return nil
	}
	fmt.Fprintln(a.stderr, "nothing to migrate")
	return nil
}

func (a *app) writeMigrations(changed map[string][]byte) error {
	for _, path := range slices.Sorted(maps.Keys(changed)) {
		if err := replaceFile(path, changed[path]); err != nil {
			return fmt.Errorf("write %s: %w", a.env.rel(path), err)
		}
		fmt.Fprintln(a.stdout, filepath.ToSlash(a.env.rel(path)))
	}
	fmt.Fprintf(a.stderr, "migrated %s\n", plural(len(changed), "file"))
	return nil
}

// replaceFile writes a file whole or not at all, with the rights it has. A link
// stays a link.
func replaceFile(path string, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".migrate-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // renamed away when all went well
	_, err = bytes.NewReader(text).WriteTo(tmp)
	for _, step := range []func() error{
		func() error { return err },
		func() error { return tmp.Chmod(info.Mode().Perm()) },
		tmp.Close,
		func() error { return os.Rename(tmp.Name(), path) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
