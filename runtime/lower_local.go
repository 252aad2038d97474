package runtime

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/client/llb"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// alwaysExcluded is left out of every local directory: it is our own state.
const alwaysExcluded = "**/.dagger/"

// Local implements ops.Builder.
func (l *lowering) Local(_ context.Context, dir string, include, exclude []string) (llb.State, error) {
	name, local, mistake := l.plan.resolveLocal(l.op, dir, l.opt.Workspace)
	if mistake != nil {
		return llb.State{}, mistake
	}
	if _, ok := l.job.Locals[name]; !ok {
		l.job.Locals[name] = local
	}
	opts := []llb.LocalOption{
		llb.ExcludePatterns(append([]string{alwaysExcluded}, exclude...)),
		llb.SharedKeyHint(name),
	}
	if len(include) > 0 {
		opts = append(opts, llb.IncludePatterns(include))
	}
	for _, o := range l.Opts() {
		opts = append(opts, o)
	}
	return llb.Local(name, opts...), nil
}

// resolveLocal finds the directory of a `local` op. Its name in the LLB is the
// path from the workspace, so that the same text gives the same bytes on every
// machine.
func (p *Plan) resolveLocal(op *Op, dir, workspace string) (string, Local, *ops.FieldError) {
	abs := dir
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(p.opDir(op), filepath.FromSlash(dir))
	}
	if workspace == "" {
		workspace = p.Root
	}
	real, realWorkspace := followLinks(abs), followLinks(workspace)
	rel, err := filepath.Rel(realWorkspace, real)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", Local{}, &ops.FieldError{
			Field: "dir", Code: string(CodePathEscapes),
			Message: fmt.Sprintf("%q leads out of the workspace %s", dir, workspace),
			Hint:    "keep the directory inside the workspace, or open a folder that holds both",
		}
	}
	return filepath.ToSlash(rel), Local{Dir: real, Op: op.ID}, nil
}

// opDir is the folder that an op's relative paths start from: that of the
// package it is written in.
func (p *Plan) opDir(op *Op) string {
	if op.Range.File != "" && strings.Contains(op.ID.Component, ":") {
		return filepath.Dir(op.Range.File)
	}
	return p.Dir
}

// followLinks resolves symbolic links as far as the path exists.
func followLinks(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}
