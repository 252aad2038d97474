package daemon

import (
	"github.com/moby/buildkit/cache/remotecache"
	"github.com/moby/buildkit/cache/remotecache/inline"
	"github.com/moby/buildkit/cache/remotecache/local"
	"github.com/moby/buildkit/cache/remotecache/registry"
	"github.com/moby/buildkit/control"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/worker"
)

// withRemoteCaches adds the kinds of cache import and export that need no
// cloud account.
func withRemoteCaches(opt *control.Opt, sm *session.Manager, w worker.Worker, hosts registryHosts) {
	opt.ResolveCacheExporterFuncs = map[string]remotecache.ResolveCacheExporterFunc{
		"registry": registry.ResolveCacheExporterFunc(sm, hosts),
		"local":    local.ResolveCacheExporterFunc(sm),
		"inline":   inline.ResolveCacheExporterFunc(),
	}
	opt.ResolveCacheImporterFuncs = map[string]remotecache.ResolveCacheImporterFunc{
		"registry": registry.ResolveCacheImporterFunc(sm, w.ContentStore(), hosts),
		"local":    local.ResolveCacheImporterFunc(sm),
	}
}
