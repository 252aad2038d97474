// Package ops holds the operations of cuellb: for each a Go file with its
// typed fields and how it lowers to LLB, and a CUE file with its schema, whose
// doc comments feed hover, completion and docs/ops.md.
//
// To add an op: write <op>.go and <op>.cue, add its Kind to All, and write a
// case in testdata/ops/<op>.txtar.
package ops

import (
	"context"
	"errors"

	"github.com/moby/buildkit/client/llb"
)

// Spec is the typed form of one operation.
type Spec interface {
	// Lower turns the state before the op into the state after it. Mistakes
	// of the user that show only now come back as a *FieldError.
	Lower(ctx context.Context, b Builder, in llb.State) (llb.State, error)
	// Summary is the op in one short line for people: "exec make test".
	Summary() string
}

// Ref names a component by its path in the plan.
type Ref string

// FieldError is a user's mistake in one field, found while lowering.
type FieldError struct {
	// Field is the path inside the op: "dir", "mount./src".
	Field string
	// Code is the problem's code, such as "path-escapes".
	Code string
	// Message says what is wrong, Hint what to do about it.
	Message, Hint string
	// Line is the line of the field's text that is meant, from 1; 0 means the
	// field.
	Line int
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Message }

// Action is what an op does outside of LLB with the state before it, such as
// pushing it to a registry.
type Action struct {
	// Kind is the op's `do`; Target what it acts on: an image reference.
	Kind, Target string
	// Config is the image config that goes with the state, as JSON.
	Config []byte
}

// ActionResult is what an action has given.
type ActionResult struct {
	// Ref is the full reference of an image, Digest that of its manifest, ID
	// that of its config.
	Ref, Digest, ID string
	// Local names, among the job's local directories, the one that holds the
	// file File, if the action has made one.
	Local, File string
}

// ActsOutside reports that an op of that name has an action.
func ActsOutside(do string) bool { return do == PushName || do == SaveName }

// ErrPending says that an op's action is under way: the ops after it are for a
// later pass.
var ErrPending = errors.New("the action is not done yet")

// Builder is what an op may ask for while it is lowered.
type Builder interface {
	// Component returns the result of another component of the plan.
	Component(ctx context.Context, ref Ref) (llb.State, error)
	// Image returns the state of an image with its config applied.
	Image(ctx context.Context, ref string) (llb.State, error)
	// Dockerfile returns the state of an image that is built. What is wrong
	// with the build is a *FieldError.
	Dockerfile(ctx context.Context, d Dockerfile) (llb.State, error)
	// Local returns the state of a directory on the user's machine.
	Local(ctx context.Context, dir string, include, exclude []string) (llb.State, error)
	// Secret returns the id by which the daemon asks for a secret, Stream
	// that of a socket. Ids follow from names, never from what they stand for.
	Secret(ref SecretRef) (id string, err error)
	Stream(ref StreamRef) (id string, err error)
	// HostKeys returns the known keys of an ssh host, as lines of a
	// known_hosts file; addr may have a port. A host that the user has not met
	// is a *FieldError of the field `remote`.
	HostKeys(addr string) (string, error)
	// NoCache says that commands are to run again, whatever is cached. Those
	// without cache mounts are marked after lowering, by llb's IgnoreCache.
	NoCache() bool
	// RunID is another in each run.
	RunID() string
	// CacheID makes the id of a cache mount at path unique to the component.
	CacheID(path string) string
	// Export records that the file at path of state is read back as format.
	Export(state llb.State, path, format string)
	// Act gives the result of the op's action on in, if an earlier pass has
	// done it, or puts it into this pass and returns ErrPending.
	Act(ctx context.Context, in llb.State, a Action) (ActionResult, error)
	// Opts are the constraints of the op being lowered: its source range,
	// name and component path. Every vertex of the op must carry them.
	Opts() []llb.ConstraintsOpt
}

// Kind describes one operation.
type Kind struct {
	// Do is the op's name in the `do` field; Definition its CUE definition.
	Do, Definition string
	// Schema is the text of <op>.cue.
	Schema string
	// Source reports that the op starts a new state, dropping the one before.
	Source bool
	// New returns an empty Spec to decode the op's JSON into.
	New func() Spec
}
