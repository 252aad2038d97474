package slug

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Inputs are what a job takes from outside, as its definition says.
type Inputs struct {
	Images  []Image  `json:"images"`
	Locals  []Local  `json:"locals"`
	Remotes []Remote `json:"remotes"`
	// Secrets and Streams are names; what they hold is given to each run.
	Secrets []Handle `json:"secrets"`
	Streams []Handle `json:"streams"`
}

// Handle is a secret or a stream.
type Handle struct {
	// Name is its CUE path, ID what BuildKit calls it.
	Name string `json:"name"`
	ID   string `json:"id"`
}

// Image is an image that a job starts from.
type Image struct {
	Ref    string        `json:"ref"`
	Digest digest.Digest `json:"digest,omitempty"`
	// Store is the name of the local store it was found in; empty if it comes
	// from its registry.
	Store string `json:"store,omitempty"`
}

// Remote is a git repository or a file of a web server.
type Remote struct {
	Kind string `json:"kind"` // git or http
	URL  string `json:"url"`
	// Ref is the branch, tag or commit of a git repository.
	Ref string `json:"ref,omitempty"`
	// Pinned says what the content must be: a commit or a checksum. Without
	// it, what is there when the job runs is taken.
	Pinned string `json:"pinned,omitempty"`
}

const (
	schemeImage  = "docker-image://"
	schemeLayout = "oci-layout://"
	schemeGit    = "git://"
	schemeLocal  = "local://"
)

// Inputs lists what the job takes from outside, each once, in the definition's
// order.
func (s *Slug) Inputs() Inputs {
	in := Inputs{
		Images: []Image{}, Locals: slices.Clone(s.Meta.Locals), Remotes: []Remote{}, Secrets: []Handle{}, Streams: []Handle{},
	}
	if in.Locals == nil {
		in.Locals = []Local{}
	}
	for _, op := range s.ops {
		if src := op.GetSource(); src != nil {
			in.source(s, src)
		}
		if exec := op.GetExec(); exec != nil {
			in.exec(s, exec)
		}
	}
	return in
}

func (in *Inputs) source(s *Slug, src *pb.SourceOp) {
	id := src.Identifier
	switch {
	case strings.HasPrefix(id, schemeImage), strings.HasPrefix(id, schemeLayout):
		in.Images = once(in.Images, imageOf(src))
	case strings.HasPrefix(id, schemeGit):
		in.Remotes = once(in.Remotes, gitOf(src))
	case strings.HasPrefix(id, "http://"), strings.HasPrefix(id, "https://"):
		in.Remotes = once(in.Remotes, Remote{Kind: "http", URL: id, Pinned: src.Attrs[pb.AttrHTTPChecksum]})
	}
	in.sourceSecrets(s, src.Attrs)
}

// secretAttrs are the attributes of sources that name secrets.
var secretAttrs = []string{pb.AttrAuthTokenSecret, pb.AttrAuthHeaderSecret, pb.AttrHTTPAuthHeaderSecret, pb.AttrMountSSHSock}

// sourceSecrets finds the secrets of a source. The names that llb gives by
// itself are asked for and need not be there.
func (in *Inputs) sourceSecrets(s *Slug, attrs map[string]string) {
	for _, key := range secretAttrs {
		id := attrs[key]
		switch {
		case id == "" || id == llb.GitAuthTokenKey || id == llb.GitAuthHeaderKey:
		case key == pb.AttrMountSSHSock:
			in.Streams = once(in.Streams, s.handle(id))
		default:
			in.Secrets = once(in.Secrets, s.handle(id))
		}
	}
}

// handle names an id as the CUE text does.
func (s *Slug) handle(id string) Handle {
	return Handle{Name: strings.TrimPrefix(id, scopePrefix(s.Meta.Scope)), ID: id}
}

func (in *Inputs) exec(s *Slug, exec *pb.ExecOp) {
	for _, e := range exec.Secretenv {
		if strings.HasPrefix(e.GetID(), ops.RunIDPrefix) {
			continue
		}
		in.Secrets = once(in.Secrets, s.handle(e.GetID()))
	}
	for _, m := range exec.Mounts {
		if m.GetSecretOpt() != nil {
			in.Secrets = once(in.Secrets, s.handle(m.SecretOpt.ID))
		}
		if m.GetSSHOpt() != nil {
			in.Streams = once(in.Streams, s.handle(m.SSHOpt.ID))
		}
	}
}

func once[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

func imageOf(src *pb.SourceOp) Image {
	ref := strings.TrimPrefix(strings.TrimPrefix(src.Identifier, schemeImage), schemeLayout)
	name, dgst, _ := strings.Cut(ref, "@")
	return Image{Ref: name, Digest: digest.Digest(dgst), Store: src.Attrs[pb.AttrOCILayoutStoreID]}
}

var commit = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func gitOf(src *pb.SourceOp) Remote {
	id, fragment, _ := strings.Cut(strings.TrimPrefix(src.Identifier, schemeGit), "#")
	r := Remote{Kind: "git", URL: src.Attrs[pb.AttrFullRemoteURL], Pinned: src.Attrs[pb.AttrGitChecksum]}
	if r.URL == "" {
		r.URL = id
	}
	r.Ref, _, _ = strings.Cut(fragment, ":")
	if r.Pinned == "" && commit.MatchString(r.Ref) {
		r.Pinned = r.Ref
	}
	return r
}

// localOf is the folder that a vertex reads, with the patterns it reads it by.
func localOf(op *pb.Op) (Local, bool, error) {
	src := op.GetSource()
	name, ok := strings.CutPrefix(src.GetIdentifier(), schemeLocal)
	if !ok {
		return Local{}, false, nil
	}
	l := Local{Name: name}
	for key, list := range map[string]*[]string{
		pb.AttrIncludePatterns: &l.Include, pb.AttrExcludePatterns: &l.Exclude, pb.AttrFollowPaths: &l.Follow,
	} {
		if text := src.Attrs[key]; text != "" {
			if err := json.Unmarshal([]byte(text), list); err != nil {
				return l, false, bad("the patterns of the folder %.80q: %w", name, err)
			}
		}
	}
	return l, true, nil
}

// same reports that two readings of a folder take the same files.
func (l Local) same(other Local) bool {
	return l.Name == other.Name && slices.Equal(l.Include, other.Include) &&
		slices.Equal(l.Exclude, other.Exclude) && slices.Equal(l.Follow, other.Follow)
}
