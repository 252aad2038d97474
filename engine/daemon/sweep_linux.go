package daemon

import (
	"fmt"
	"os"
	"path/filepath"
)

// cgroupRoots are where control groups are mounted: one hierarchy per
// controller, or one for all.
var cgroupRoots = [...]string{"/sys/fs/cgroup/*", "/sys/fs/cgroup"}

// sweep removes what a killed daemon of this root left: empty control groups
// and temporary directories. Its containers and mounts died with it.
func sweep(o Options) error {
	removeCgroups(o.Root)
	tmp := filepath.Join(o.Root, tmpName)
	if err := os.RemoveAll(tmp); err != nil {
		return fmt.Errorf("clear the daemon's temporary files: %w", err)
	}
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return fmt.Errorf("create the daemon's temporary directory: %w", err)
	}
	return nil
}

// removeCgroups removes the control groups of a root's containers, and those
// above them. Only empty groups can be removed, and no other is meant.
func removeCgroups(root string) {
	for _, dir := range cgroupRoots {
		parent := filepath.Join(dir, cgroupParent(root))
		for _, pattern := range []string{filepath.Join(parent, "*", "*"), filepath.Join(parent, "*"), parent} {
			// The pattern is well-formed: the root is in it as a hash.
			dirs, _ := filepath.Glob(pattern)
			for _, d := range dirs {
				if st, err := os.Lstat(d); err == nil && st.IsDir() {
					_ = os.Remove(d)
				}
			}
		}
	}
}
