//go:build !linux

package daemon

import (
	"context"
	goruntime "runtime"
)

func unsupported() error {
	return &UnavailableError{
		Reason: "containers need Linux, this is " + goruntime.GOOS,
		Hint:   "set a BuildKit address, such as docker-container://buildkitd",
	}
}

// Check says whether the daemon could run here.
func Check(Options) error { return unsupported() }

// Ensure needs Linux.
func Ensure(context.Context, Options) (string, error) { return "", unsupported() }

// Serve needs Linux.
func Serve(context.Context, Options) error { return unsupported() }

// Ping needs Linux.
func Ping(context.Context, string) error { return unsupported() }

// PID needs Linux.
func PID(context.Context, string) (int, error) { return 0, unsupported() }
