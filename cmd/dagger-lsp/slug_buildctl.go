package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/engine/slug"
	"github.com/dagger/dagger-lsp/runtime"
)

// workspace is the folder of the CUE module that --dir is in.
func (a *app) workspace() (string, error) {
	src, err := a.source(a.flags.dir)
	if err != nil {
		return "", err
	}
	return runtime.ModuleRoot(src.Dir), nil
}

// buildctl is the command that runs a slug without this program. What the user
// has to fill in stands in capitals.
func (a *app) buildctl(s *slug.Slug, arg, workspace string) []string {
	in := s.Inputs()
	cmd := []string{"buildctl", "build"}
	stores := map[string]bool{}
	for _, i := range in.Images {
		if i.Store != "" && !stores[i.Store] {
			stores[i.Store] = true
			cmd = append(cmd, "--oci-layout", i.Store+"="+a.env.images)
		}
	}
	names := map[string]bool{}
	for _, l := range in.Locals {
		if !names[l.Name] {
			names[l.Name] = true
			cmd = append(cmd, "--local", l.Name+"="+filepath.Join(workspace, filepath.FromSlash(l.Name)))
		}
	}
	for _, h := range in.Secrets {
		cmd = append(cmd, "--secret", fmt.Sprintf("id=%s,src=FILE", h.ID))
	}
	for _, h := range in.Streams {
		cmd = append(cmd, "--ssh", h.ID+"=SOCKET")
	}
	switch {
	case strings.HasPrefix(arg, digest.SHA256.String()+":"):
		arg = a.slugs().Path(s.Digest)
	case arg == "-":
		return cmd
	}
	return append(cmd, "<", arg)
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./<-]+$`)

// shell writes a command as a shell reads it.
func shell(cmd []string) string {
	words := slices.Clone(cmd)
	for i, w := range words {
		if !plainWord.MatchString(w) {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
