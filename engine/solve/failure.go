package solve

import (
	"errors"

	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	digest "github.com/opencontainers/go-digest"
)

// Failure is the first vertex that failed.
type Failure struct {
	Digest digest.Digest
	// ExitCode is that of the vertex's process, if one ran.
	ExitCode *int
	Cause    error
}

func (e *Failure) Error() string { return e.Cause.Error() }

// Unwrap gives the error as BuildKit typed it.
func (e *Failure) Unwrap() error { return e.Cause }

// failure finds the failed vertex in an error of BuildKit.
func failure(err error) (*Failure, bool) {
	var v *errdefs.VertexError
	if !errors.As(err, &v) {
		return nil, false
	}
	f := &Failure{Digest: digest.Digest(v.Vertex.Digest), Cause: v}
	var exit *gatewaypb.ExitError
	if errors.As(err, &exit) && exit.ExitCode != gatewaypb.UnknownExitStatus {
		code := int(exit.ExitCode)
		f.ExitCode = &code
	}
	return f, true
}
