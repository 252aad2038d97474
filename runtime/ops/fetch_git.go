package ops

import (
	"context"
	_ "embed"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/util/gitutil"
)

//go:embed fetch_git.cue
var fetchGitSchema string

// FetchGit starts from a checkout of a git repository.
type FetchGit struct {
	Remote     string `json:"remote"`
	Ref        string `json:"ref"`
	KeepGitDir bool   `json:"keepGitDir"`
}

func fetchGit() Kind {
	return Kind{
		Do: "fetch-git", Definition: "#FetchGit", Schema: fetchGitSchema, Source: true,
		New: func() Spec { return new(FetchGit) },
	}
}

// Validate refuses what is no address of a repository that can be fetched
// without a key: llb asks an ssh host for its keys while it lowers, and that is
// a session's business.
func (op *FetchGit) Validate() []*FieldError {
	u, err := gitutil.ParseURL(op.Remote)
	if err != nil || u.Scheme != gitutil.HTTPProtocol && u.Scheme != gitutil.HTTPSProtocol {
		return []*FieldError{{
			Field: "remote", Code: "bad-value",
			Message: "not an http or https address of a repository",
			Hint:    "write https://host/path/repository.git",
		}}
	}
	if op.Ref == "" {
		return []*FieldError{{
			Field: "ref", Code: "bad-value", Message: "no branch, tag or commit",
		}}
	}
	return nil
}

// Lower implements Spec.
func (op *FetchGit) Lower(_ context.Context, b Builder, _ llb.State) (llb.State, error) {
	opts := []llb.GitOption{llb.GitRef(op.Ref)}
	if op.KeepGitDir {
		opts = append(opts, llb.KeepGitDir())
	}
	for _, o := range b.Opts() {
		opts = append(opts, o)
	}
	return llb.Git(op.Remote, "", opts...), nil
}

// Summary implements Spec.
func (op *FetchGit) Summary() string { return "fetch-git " + op.Remote + " " + op.Ref }
