package runtime

import (
	"context"

	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Image is a resolved image reference.
type Image struct {
	// Ref is normalised: "docker.io/library/alpine:3.20".
	Ref string
	// Digest is of the manifest (not of an index).
	Digest digest.Digest
	// Config is the image's config: env, working directory, user.
	Config ocispecs.Image
	// Raw is the config as its registry has it, with what Config does not
	// know; nil takes Config.
	Raw []byte
	// Layout names the OCI layout store that holds it; empty for a registry.
	Layout string
}

// Resolver turns an image reference (normalised, with tag or digest) into an
// Image. An image that does not exist is a *NotFoundError.
type Resolver interface {
	ResolveImage(ctx context.Context, ref string, platform ocispecs.Platform) (Image, error)
}

// NotFoundError says that no source has an image.
type NotFoundError struct {
	Ref string
	// Tried lists where it was looked for, in plain words.
	Tried []string
	Cause error
	// Hint is what the user can do about it, if that is known.
	Hint string
}

// LowerOptions is what lowering needs from outside the plan.
type LowerOptions struct {
	// Workspace is the absolute folder that `local` may not leave.
	Workspace string
	Images    Resolver
	// Files reads files of a component's result; nil cannot, and then a
	// Dockerfile that is in one cannot be compiled.
	Files Files
	// CacheScope keeps the cache mounts of one project apart from another's
	// on the same daemon; the package's name if empty.
	CacheScope string
	// LocalID tells the local directories of one job from those of jobs that
	// run beside it, and its commands that always run from those of jobs
	// before: the daemon takes vertices of the same bytes for one. The same id
	// gives the same bytes; empty takes CacheScope.
	LocalID string
	// NoCache has commands run again that a mark on the definition does not.
	NoCache bool
	// Platform is the target; the zero value takes the machine's.
	Platform ocispecs.Platform
	// HostKeys gives the known keys of an ssh host, as lines of a known_hosts
	// file; nothing of a host that is not known. nil knows none.
	HostKeys func(addr string) string
	// Read are the exports that earlier passes have read, and Done the
	// results of the actions that they have done. Both are empty at first.
	Read map[OpID]bool
	Done map[OpID]ops.ActionResult
}

// Local is a directory that the solve reads from the user's machine. The LLB
// names it by the key of Job.Locals; the daemon asks for it by that name.
type Local struct {
	// Dir is absolute.
	Dir string
	// Op is the `local` op that asked first.
	Op OpID
}

// Export is a file that is read back into CUE after the solve.
type Export struct {
	Op OpID
	// Source is the path the user wrote; Path the place to read it from in
	// the solved result, which may be a copy at another place.
	Source, Path string
	// Format is string, json, yaml, number or boolean.
	Format string
}

// Step is one op of a job, with the vertices that are its own. A step without
// vertices (load, workdir, export) is done when what it refers to is.
type Step struct {
	ID      OpID
	Do      string
	Summary string
	Range   Range
	// Digests are the op's own vertices in the LLB. Ops alike to the letter
	// share them.
	Digests []digest.Digest
	// Unused says that a later op replaces the state before anything took it,
	// so that the op is not part of the definition and never runs.
	Unused bool
	// Waiting says that the op is not compiled yet: it, or what it builds on,
	// waits for a value that this pass reads or for an action that it does.
	Waiting bool
	// Outside says that the op is an action: it is done when that is.
	Outside bool
}

// Early is an export that something waits for. It has a definition of its own,
// so that it is read as soon as its state is there.
type Early struct {
	Export
	Definition *llb.Definition
}

// Action is what a pass does outside of LLB with a state that it solves.
type Action struct {
	ops.Action
	Op OpID
	// Definition is the state before the op; empty for one without content.
	Definition *llb.Definition
	// Variants are all platforms of a state that was built for several.
	Variants []Variant
}

// Job is a compiled target, or as much of it as is known: one LLB definition and
// what is needed to solve it once and map its statuses back.
type Job struct {
	Target     string
	Definition *llb.Definition
	// Steps are in dependency order, each op of the target's closure once.
	Steps  []Step
	Locals map[string]Local
	// Partial says that steps are waiting: for Early or Actions. Exports is
	// empty then, and Definition holds all that waits for nothing.
	Partial bool
	Early   []Early
	Actions []Action
	// Exports are read from the result of Definition.
	Exports []Export
	// Secrets and Streams are what the daemon will ask for: paths by id.
	Secrets, Streams map[string]string
}

// Needs is what a target asks of the outside, known before it is lowered.
type Needs struct {
	// Components are the paths of the target's closure, dependencies first.
	Components []string
	// Images maps each normalised image reference to the op that asks first.
	Images map[string]OpID
	Locals map[string]Local
	// Secrets and Streams are what must be given to a run, by path.
	Secrets, Streams map[string]Given
	// Agent is the op that first asks for the user's ssh agent; zero if none
	// does.
	Agent OpID
}

// Given is a secret or a stream that a target needs.
type Given struct {
	Handle
	// Op asks first.
	Op OpID
}

// Error gives the reference and where it was looked for.
func (e *NotFoundError) Error() string {
	msg := "image " + e.Ref + " not found"
	for i, t := range e.Tried {
		if i == 0 {
			msg += ": tried " + t
		} else {
			msg += ", " + t
		}
	}
	return msg
}

// Unwrap gives the last source's error.
func (e *NotFoundError) Unwrap() error { return e.Cause }
