package daemon

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/moby/buildkit/cmd/buildkitd/config"
	"github.com/moby/buildkit/control"
	"github.com/moby/buildkit/frontend"
	dockerfile "github.com/moby/buildkit/frontend/dockerfile/builder"
	"github.com/moby/buildkit/frontend/gateway"
	"github.com/moby/buildkit/frontend/gateway/forwarder"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/bboltcachestorage"
	"github.com/moby/buildkit/util/db/boltutil"
	"github.com/moby/buildkit/util/resolver"
	"github.com/moby/buildkit/util/tracing/detect"
	"github.com/moby/buildkit/worker"
	bolt "go.etcd.io/bbolt"
)

// maxHistory is how many builds BuildKit's own history keeps. Ours is kept by
// the client, so this one stays small.
const maxHistory int64 = 50

// newController wires BuildKit together, as upstream's main does.
func newController(ctx context.Context, o Options) (*control.Controller, error) {
	// Without a recorder every solve logs a warning.
	detect.Recorder = detect.NewTraceRecorder()
	sessions, err := session.NewManager()
	if err != nil {
		return nil, fmt.Errorf("session manager: %w", err)
	}
	hosts := resolver.NewRegistryConfig(nil)
	w, err := newWorker(ctx, o, hosts)
	if err != nil {
		return nil, err
	}
	wc := &worker.Controller{}
	if err := wc.Add(w); err != nil {
		return nil, fmt.Errorf("add the worker: %w", err)
	}
	fes, err := frontends(wc)
	if err != nil {
		return nil, err
	}
	opt, err := stores(o)
	if err != nil {
		return nil, err
	}
	opt.SessionManager, opt.WorkerController, opt.Frontends = sessions, wc, fes
	opt.CacheManager = solver.NewCacheManager(ctx, "local", opt.CacheStore, worker.NewCacheResultStorage(wc))
	opt.TraceCollector = detect.Recorder
	opt.LeaseManager, opt.ContentStore = w.LeaseManager(), w.ContentStore()
	opt.GarbageCollect = w.GarbageCollect
	opt.GracefulStop = ctx.Done()
	withRemoteCaches(&opt, sessions, w, hosts)
	return control.NewController(opt)
}

func frontends(wc *worker.Controller) (map[string]frontend.Frontend, error) {
	gw, err := gateway.NewGatewayFrontend(wc.Infos(), nil)
	if err != nil {
		return nil, fmt.Errorf("gateway frontend: %w", err)
	}
	return map[string]frontend.Frontend{
		"dockerfile.v0": forwarder.NewGatewayForwarder(wc.Infos(), dockerfile.Build),
		"gateway.v0":    gw,
	}, nil
}

// stores opens the cache and history databases.
func stores(o Options) (control.Opt, error) {
	cache, err := bboltcachestorage.NewStore(filepath.Join(o.Root, "cache.db"))
	if err != nil {
		return control.Opt{}, fmt.Errorf("open the cache database: %w", err)
	}
	history, err := boltutil.SafeOpen(filepath.Join(o.Root, "history.db"), 0o600, &bolt.Options{
		FreelistType:   bolt.FreelistMapType,
		NoFreelistSync: true,
	})
	if err != nil {
		return control.Opt{}, fmt.Errorf("open the history database: %w", err)
	}
	entries := maxHistory
	return control.Opt{
		CacheStore:    cache,
		HistoryDB:     history,
		HistoryConfig: &config.HistoryConfig{MaxEntries: &entries},
	}, nil
}

// registryHosts shortens signatures.
type registryHosts = docker.RegistryHosts
