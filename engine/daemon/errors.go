package daemon

import (
	"os"
	"path/filepath"
)

// UnavailableError says why there can be no embedded daemon on this machine,
// and what the user can do about it.
type UnavailableError struct {
	Reason, Hint string
	Cause        error
}

// Error leaves the hint out: whoever shows the error shows the hint beside it.
func (e *UnavailableError) Error() string {
	msg := "the embedded BuildKit cannot run: " + e.Reason
	if e.Cause != nil {
		msg += ": " + e.Cause.Error()
	}
	return msg
}

// Unwrap gives the cause, if any.
func (e *UnavailableError) Unwrap() error { return e.Cause }

// runtimeNames are the OCI runtimes that BuildKit can drive, best first.
var runtimeNames = [...]string{"buildkit-runc", "runc", "crun"}

// FindRuntime returns the first OCI runtime in dirs: the binary's own folder
// first, then those of PATH. None is an *UnavailableError.
func FindRuntime(dirs ...string) (string, error) {
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		for _, name := range runtimeNames {
			path := filepath.Join(dir, name)
			if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
				return path, nil
			}
		}
	}
	return "", noRuntime()
}

func noRuntime() *UnavailableError {
	return &UnavailableError{
		Reason: "no OCI runtime (runc) was found beside the binary or on PATH",
		Hint:   "run `make runc`, or install the package runc, or set a BuildKit address",
	}
}
