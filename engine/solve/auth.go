package solve

import (
	"context"
	"sync"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	bksession "github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth/authprovider"
)

// Login is what a job says of a registry.
type Login struct{ Username, Secret string }

// dockerHub is the host that Docker Hub's registry goes by.
const dockerHub = authprovider.DockerHubRegistryHost

// logins answer the daemon's questions for credentials: with those that the job
// gives, then with the user's own.
type logins struct {
	// job gives what the job says of a registry; nil says nothing.
	job func(host string) (Login, bool)
	// docker is the user's docker configuration; nil has none.
	docker authprovider.AuthConfigProvider

	mu sync.Mutex
	// given tells of the registries that were asked for, whether there was
	// something to answer.
	given map[string]bool
}

func newLogins(job func(host string) (Login, bool), config *configfile.ConfigFile) *logins {
	l := &logins{job: job, given: map[string]bool{}}
	if config != nil {
		l.docker = authprovider.LoadAuthConfig(config)
	}
	return l
}

// attach is what the session offers.
func (l *logins) attach() bksession.Attachable {
	return authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{AuthConfigProvider: l.find})
}

// find is an authprovider.AuthConfigProvider.
func (l *logins) find(
	ctx context.Context, host string, scopes []string, expired authprovider.ExpireCachedAuthCheck,
) (types.AuthConfig, error) {
	found := types.AuthConfig{ServerAddress: host}
	job, ok := Login{}, false
	if l.job != nil {
		job, ok = l.job(host)
		found.Username, found.Password = job.Username, job.Secret
	}
	if !ok && l.docker != nil {
		var err error
		if found, err = l.docker(ctx, host, scopes, expired); err != nil {
			return found, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.given[host] = found.Password != "" || found.IdentityToken != "" || found.RegistryToken != ""
	return found, nil
}

// hint says what may help after a registry has refused; empty if it never asked
// who we are.
func (l *logins) hint(host string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	given, asked := l.given[host]
	switch {
	case !asked:
		return ""
	case given:
		return "the credentials for " + host + " may be wrong, or lack the right"
	}
	if host == dockerHub {
		host = "docker.io"
	}
	return `give credentials with {do: "docker-login", target: "` + host + `", …}, or with: docker login ` + host
}
