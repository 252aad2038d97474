package ops

import (
	"context"
	_ "embed"
	"net/url"
	"strings"

	"github.com/moby/buildkit/client/llb"
)

//go:embed docker_login.cue
var dockerLoginSchema string

// DockerLogin gives the credentials of a registry.
type DockerLogin struct {
	Target   string    `json:"target"`
	Username string    `json:"username"`
	Secret   SecretRef `json:"secret"`
}

func dockerLogin() Kind {
	return Kind{
		Do: "docker-login", Definition: "#DockerLogin", Schema: dockerLoginSchema,
		New: func() Spec { return new(DockerLogin) },
	}
}

// DockerHub is the host of Docker Hub's registry, which has other names too.
const DockerHub = "registry-1.docker.io"

// Registry is the registry's host, with its port if it has one, as BuildKit asks
// for its credentials; empty if the target names none.
func (op *DockerLogin) Registry() string {
	target := op.Target
	if !strings.Contains(target, "://") {
		target = "https://" + target
	}
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	switch host := strings.ToLower(u.Host); host {
	case "docker.io", "index.docker.io", "hub.docker.com", "www.docker.io":
		return DockerHub
	default:
		return host
	}
}

// Validate checks that the target names a registry.
func (op *DockerLogin) Validate() []*FieldError {
	var errs []*FieldError
	if op.Registry() == "" {
		errs = append(errs, &FieldError{
			Field: "target", Code: "bad-value",
			Message: "not a registry", Hint: `write its name, such as "ghcr.io" or "localhost:5000"`,
		})
	}
	if op.Username == "" {
		errs = append(errs, &FieldError{Field: "username", Code: "bad-value", Message: "no name"})
	}
	return errs
}

// Lower implements Spec. The session has the credentials: nothing is lowered.
func (op *DockerLogin) Lower(_ context.Context, _ Builder, in llb.State) (llb.State, error) {
	return in, nil
}

// Summary implements Spec.
func (op *DockerLogin) Summary() string { return "docker-login " + op.Target + " as " + op.Username }
