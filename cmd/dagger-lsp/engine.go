package main

import (
	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/daemon"
	"github.com/dagger/dagger-lsp/engine/solve"
)

// engine is what runs jobs. It connects to a BuildKit when the first job asks.
func (a *app) engine() *engine.Engine {
	return engine.New(engine.Options{Log: a.log(), Images: a.store(), Connect: a.connect(), Docker: a.dockerConfig})
}

// connect says which BuildKit: the flag, BUILDKIT_HOST, a local daemon, or the
// embedded one. Only the embedded one can be cut off from the network, so
// --offline takes no daemon that merely happens to run here.
func (a *app) connect() solve.Options {
	embedded := a.daemonOptions()
	o := solve.Options{
		Address: a.flags.buildkit, EnvAddress: a.env.buildkit,
		LocalSockets: a.env.buildkitSockets, Embedded: &embedded,
	}
	if a.flags.offline {
		o.LocalSockets = nil
	}
	return o
}

func (a *app) daemonOptions() daemon.Options {
	o := daemon.Options{
		Root:    a.env.state,
		Idle:    daemonIdle,
		Offline: a.flags.offline,
		Command: []string{a.env.executable, daemonName},
	}
	// Where there is none, the daemon says so when it is asked to start.
	o.Runtime, _ = daemon.FindRuntime(a.env.runtimeDirs()...)
	return o
}
