package solve

import (
	"context"
	"sync"
	"time"

	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// drainTimeout bounds the wait for containers that were told to stop. Another
// job may need the very same vertex, which then goes on for that one.
const drainTimeout = 8 * time.Second

// marker is the text of the warning that stands for "all before this has been
// reported".
const marker = "dagger-lsp: the solve has returned"

// vertices follows which vertices run, by the status stream.
//
// When a solve is cancelled or fails, BuildKit answers at once and stops the
// containers meanwhile; when the session is then closed, the stream says that
// everything has ended, whether or not it has. So the session stays open until
// the stream has said so on its own account.
type vertices struct {
	mu      sync.Mutex
	running map[digest.Digest]bool
	marked  bool
	ended   bool
	// changed is closed and replaced at each report.
	changed chan struct{}
}

func newVertices() *vertices {
	return &vertices{running: map[digest.Digest]bool{}, changed: make(chan struct{})}
}

// apply takes one report.
func (v *vertices) apply(st *client.SolveStatus) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, vx := range st.Vertexes {
		if vx.Started != nil && vx.Completed == nil {
			v.running[vx.Digest] = true
		} else {
			delete(v.running, vx.Digest)
		}
	}
	for _, w := range st.Warnings {
		v.marked = v.marked || string(w.Short) == marker
	}
	v.wake()
}

// end says that no report will follow.
func (v *vertices) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = true
	v.wake()
}

func (v *vertices) wake() {
	close(v.changed)
	v.changed = make(chan struct{})
}

// quiet reports whether nothing runs, or else what to wait for.
func (v *vertices) quiet() (bool, <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ended || (v.marked && len(v.running) == 0), v.changed
}

// drain waits until no vertex of the session runs. It puts a marker into the
// stream first, because reports come later than answers.
func (v *vertices) drain(ctx context.Context, gw gateway.Client, def *pb.Definition) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	last := digest.FromBytes(def.Def[len(def.Def)-1])
	if err := gw.Warn(ctx, last, marker, gateway.WarnOpts{}); err != nil {
		// The daemon is gone or does not know warnings: nothing to wait for.
		return
	}
	for {
		done, changed := v.quiet()
		if done {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
