package solve

import (
	"context"
	"sync"

	"github.com/containerd/containerd/v2/core/content"
	bksession "github.com/moby/buildkit/session"
	sessioncontent "github.com/moby/buildkit/session/content"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/grpchijack"
	digest "github.com/opencontainers/go-digest"
)

// open makes the session that all solves of a job share: the job's own, and one
// for each image that it pushes or saves. If the session breaks off, broken is
// called. The returned function ends it, and waits until it has ended.
func (s *session) open(ctx context.Context, l *live, broken func(error)) (*bksession.Session, func() error, error) {
	shared, err := bksession.NewSession(ctx, digest.FromString(s.req.Workspace).Encoded())
	if err != nil {
		return nil, nil, err
	}
	stores := map[string]content.Store{}
	for id, store := range s.req.Stores {
		stores["oci:"+id] = store
	}
	shared.Allow(filesync.NewFSSyncProvider(&s.dirs))
	shared.Allow(sessioncontent.NewAttachable(stores))
	shared.Allow(s.logins.attach())
	shared.Allow(&s.archives)
	for _, a := range s.handles.attach() {
		shared.Allow(a)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := shared.Run(context.WithoutCancel(ctx), grpchijack.Dialer(l.ControlClient())); err != nil {
			broken(err)
		}
	})
	return shared, func() error {
		_ = shared.Close()
		wg.Wait()
		return s.archives.remove()
	}, nil
}
