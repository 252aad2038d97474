package solve

import (
	"fmt"
	"maps"
	"sync"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"

	"github.com/dagger/dagger-lsp/runtime"
)

// directories are those of the user's machine that a session serves: none
// until the job is lowered, then exactly those that its passes have named.
type directories struct {
	mu  sync.Mutex
	dir map[string]fsutil.FS
}

func (d *directories) add(locals map[string]runtime.Local) error {
	dirs := make(map[string]fsutil.FS, len(locals))
	for name, l := range locals {
		plain, err := fsutil.NewFS(l.Dir)
		if err != nil {
			return fmt.Errorf("open local directory %s: %w", l.Dir, err)
		}
		// Owners on the user's machine mean nothing in a container.
		fs, err := fsutil.NewFilterFS(plain, &fsutil.FilterOpt{Map: rootOwned})
		if err != nil {
			return fmt.Errorf("open local directory %s: %w", l.Dir, err)
		}
		dirs[name] = fs
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dir == nil {
		d.dir = map[string]fsutil.FS{}
	}
	maps.Copy(d.dir, dirs)
	return nil
}

func rootOwned(_ string, st *types.Stat) fsutil.MapResult {
	st.Uid, st.Gid = 0, 0
	return fsutil.MapResultKeep
}

// LookupDir implements filesync.DirSource.
func (d *directories) LookupDir(name string) (fsutil.FS, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fs, ok := d.dir[name]
	return fs, ok
}
