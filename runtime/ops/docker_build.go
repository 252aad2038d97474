package ops

import (
	"context"
	_ "embed"
	"net"
	"path"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

//go:embed docker_build.cue
var dockerBuildSchema string

// DockerBuild builds a Dockerfile.
type DockerBuild struct {
	Context Ref `json:"context,omitempty"`
	// Dockerfile is its text; nil takes DockerfilePath in the context.
	Dockerfile     *string                   `json:"dockerfile,omitempty"`
	DockerfilePath string                    `json:"dockerfilePath"`
	Platforms      []string                  `json:"platforms,omitempty"`
	BuildArg       map[string]StringOrSecret `json:"buildArg,omitempty"`
	Label          map[string]string         `json:"label,omitempty"`
	Target         string                    `json:"target,omitempty"`
	Hosts          map[string]string         `json:"hosts,omitempty"`
}

// Dockerfile is a build that an op asks its Builder for.
type Dockerfile struct {
	// Text is the Dockerfile; nil is read from the context at Path.
	Text *string
	Path string
	// Context is empty if there is none.
	Context   Ref
	Platforms []ocispecs.Platform
	Args      map[string]StringOrSecret
	Labels    map[string]string
	Target    string
	Hosts     []llb.HostIP
}

func dockerBuild() Kind {
	return Kind{
		Do: "docker-build", Definition: "#DockerBuild", Schema: dockerBuildSchema, Source: true,
		New: func() Spec { return new(DockerBuild) },
	}
}

// Validate checks what the schema cannot say: that there is a Dockerfile, and
// that paths, platforms and addresses are some.
func (op *DockerBuild) Validate() []*FieldError {
	var errs []*FieldError
	if op.Dockerfile == nil && op.Context == "" {
		errs = append(errs, &FieldError{
			Field: "context", Code: "missing-field",
			Message: "there is no Dockerfile", Hint: "give a context that holds one, or its text as dockerfile",
		})
	}
	if op.Dockerfile != nil && *op.Dockerfile == "" {
		errs = append(errs, &FieldError{Field: "dockerfile", Code: "bad-value", Message: "it is empty"})
	}
	if op.DockerfilePath == "" {
		errs = append(errs, &FieldError{Field: "dockerfilePath", Code: "bad-value", Message: "no path"})
	}
	for i, text := range op.Platforms {
		if _, err := platforms.Parse(text); err != nil {
			errs = append(errs, &FieldError{
				Field: index("platforms", i), Code: "bad-value",
				Message: text + " is not a platform", Hint: `write "linux/amd64" or "linux/arm64"`,
			})
		}
	}
	return append(errs, badHosts(op.Hosts)...)
}

// Lower implements Spec.
func (op *DockerBuild) Lower(ctx context.Context, b Builder, _ llb.State) (llb.State, error) {
	d := Dockerfile{
		Text: op.Dockerfile, Path: path.Join("/", op.DockerfilePath), Context: op.Context,
		Args: op.BuildArg, Labels: op.Label, Target: op.Target,
	}
	for _, text := range op.Platforms {
		p, err := platforms.Parse(text)
		if err != nil {
			return llb.State{}, err
		}
		d.Platforms = append(d.Platforms, platforms.Normalize(p))
	}
	for _, h := range sortedKeys(op.Hosts) {
		d.Hosts = append(d.Hosts, llb.HostIP{Host: h, IP: net.ParseIP(op.Hosts[h])})
	}
	return b.Dockerfile(ctx, d)
}

// Summary implements Spec.
func (op *DockerBuild) Summary() string {
	line := "docker-build"
	if op.Dockerfile == nil {
		line += " " + op.DockerfilePath
	}
	if op.Target != "" {
		line += " target " + op.Target
	}
	return line
}
