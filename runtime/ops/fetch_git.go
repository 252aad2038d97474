package ops

import (
	"context"
	_ "embed"
	"errors"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/util/gitutil"
)

//go:embed fetch_git.cue
var fetchGitSchema string

// FetchGit starts from a checkout of a git repository.
type FetchGit struct {
	Remote     string    `json:"remote"`
	Ref        string    `json:"ref"`
	KeepGitDir bool      `json:"keepGitDir"`
	AuthToken  SecretRef `json:"authToken,omitempty"`
	AuthHeader SecretRef `json:"authHeader,omitempty"`
}

func fetchGit() Kind {
	return Kind{
		Do: "fetch-git", Definition: "#FetchGit", Schema: fetchGitSchema, Source: true,
		New: func() Spec { return new(FetchGit) },
	}
}

// Validate refuses what is no address of a repository, and secrets where they
// would have no effect.
func (op *FetchGit) Validate() []*FieldError {
	if op.Ref == "" {
		return []*FieldError{{
			Field: "ref", Code: "bad-value", Message: "no branch, tag or commit",
		}}
	}
	u, err := op.address()
	if err != nil || u.Scheme == gitutil.GitProtocol || u.Host == "" {
		return []*FieldError{{
			Field: "remote", Code: "bad-value",
			Message: "not an http, https or ssh address of a repository",
			Hint:    "write https://host/path/repository.git or ssh://git@host/path/repository.git",
		}}
	}
	return append(op.checkPassword(u), op.checkAuth(u)...)
}

// address reads the remote as llb does: https where it does not say.
func (op *FetchGit) address() (*gitutil.GitURL, error) {
	u, err := gitutil.ParseURL(op.Remote)
	if errors.Is(err, gitutil.ErrUnknownProtocol) && strings.Contains(op.Remote, "/") {
		return gitutil.ParseURL("https://" + op.Remote)
	}
	return u, err
}

// checkPassword refuses a password in the address: it would be in the plan, the
// definition and every message. Of http even a user's name may be a token.
func (op *FetchGit) checkPassword(u *gitutil.GitURL) []*FieldError {
	if u.User == nil {
		return nil
	}
	if _, has := u.User.Password(); !has && u.Scheme == gitutil.SSHProtocol {
		return nil
	}
	return []*FieldError{{
		Field: "remote", Code: "secret-as-value", Message: "the address holds a user's name or password",
		Hint: "take it out, and give the password or token as authToken",
	}}
}

func (op *FetchGit) checkAuth(u *gitutil.GitURL) []*FieldError {
	var errs []*FieldError
	if op.AuthToken != "" && op.AuthHeader != "" {
		errs = append(errs, &FieldError{
			Field: "authHeader", Code: "bad-value", Message: "a token makes the header itself",
			Hint: "give authToken or authHeader, not both",
		})
	}
	if u.Scheme != gitutil.SSHProtocol {
		return errs
	}
	const message, hint = "has no meaning over ssh", "take it out: over ssh the user's agent proves who asks"
	if op.AuthToken != "" {
		errs = append(errs, &FieldError{Field: "authToken", Code: "bad-value", Message: message, Hint: hint})
	}
	if op.AuthHeader != "" {
		errs = append(errs, &FieldError{Field: "authHeader", Code: "bad-value", Message: message, Hint: hint})
	}
	return errs
}

// NeedsAgent reports that the repository is fetched over ssh.
func (op *FetchGit) NeedsAgent() bool {
	u, err := op.address()
	return err == nil && u.Scheme == gitutil.SSHProtocol
}

// Lower implements Spec. llb would ask an ssh host for its keys if it were not
// told, and trust them; and it would have the daemon ask for secrets under
// names of its own.
func (op *FetchGit) Lower(_ context.Context, b Builder, _ llb.State) (llb.State, error) {
	opts := []llb.GitOption{llb.GitRef(op.Ref)}
	if op.KeepGitDir {
		opts = append(opts, llb.KeepGitDir())
	}
	auth, err := op.auth(b)
	if err != nil {
		return llb.State{}, err
	}
	opts = append(opts, auth...)
	for _, o := range b.Opts() {
		opts = append(opts, o)
	}
	return llb.Git(op.Remote, "", opts...), nil
}

func (op *FetchGit) auth(b Builder) ([]llb.GitOption, error) {
	if op.NeedsAgent() {
		u, err := op.address()
		if err != nil {
			return nil, err
		}
		keys, err := b.HostKeys(u.Host)
		return []llb.GitOption{
			llb.AuthTokenSecret(""), llb.AuthHeaderSecret(""), llb.KnownSSHHosts(keys), llb.MountSSHSock(AgentStream),
		}, err
	}
	token, header := "", ""
	var err error
	if op.AuthToken != "" {
		token, err = b.Secret(op.AuthToken)
	}
	if op.AuthHeader != "" && err == nil {
		header, err = b.Secret(op.AuthHeader)
	}
	return []llb.GitOption{llb.AuthTokenSecret(token), llb.AuthHeaderSecret(header)}, err
}

// AgentStream is the id under which git reaches the user's ssh agent: BuildKit's
// own name for it, which `buildctl build --ssh default` takes too.
const AgentStream = "default"

// Summary implements Spec.
func (op *FetchGit) Summary() string { return "fetch-git " + op.Remote + " " + op.Ref }
