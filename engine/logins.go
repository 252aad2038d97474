package engine

import (
	"strings"
	"sync"

	"github.com/docker/cli/cli/config/configfile"
	"go.uber.org/zap"

	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// logins are the credentials of a job, by registry. The session's goroutine
// sets them, the daemon's questions read them.
type logins struct {
	mu sync.Mutex
	by map[string]solve.Login
}

func (l *logins) set(by map[string]solve.Login) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.by = by
}

// find is a solve.Request's Login.
func (l *logins) find(host string) (solve.Login, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	login, ok := l.by[host]
	return login, ok
}

// loginsOf collects what the docker-logins of a plan say, of all that the
// target needs: images are looked for before any op has run. A newline at the
// end of a secret is its file's, as docker login --password-stdin sees it.
func (r *running) loginsOf(plan *runtime.Plan) map[string]solve.Login {
	by := map[string]solve.Login{}
	for _, c := range plan.Closure(r.req.Target) {
		for _, op := range c.Ops {
			if spec, ok := op.Spec.(*ops.DockerLogin); ok {
				secret := strings.TrimRight(string(r.given.secrets[string(spec.Secret)]), "\r\n")
				by[spec.Registry()] = solve.Login{Username: spec.Username, Secret: secret}
			}
		}
	}
	return by
}

// dockerConfig is the user's docker configuration, read anew for each job. One
// that cannot be read is none: most jobs need no registry.
func (e *Engine) dockerConfig() *configfile.ConfigFile {
	if e.docker == nil {
		return nil
	}
	config, err := e.docker()
	if err != nil {
		e.log.Warn("the docker configuration cannot be read", zap.Error(err))
		return nil
	}
	return config
}
