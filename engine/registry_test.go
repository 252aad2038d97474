//go:build linux

package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"go.uber.org/goleak"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

// registryBench is a bench whose daemon has registries beside it.
func registryBench(t *testing.T) *bench {
	t.Helper()
	server := enginetest.Start(t, enginetest.Config{Registry: true})
	opt := goleak.IgnoreCurrent()
	b := &bench{T: t, dir: t.TempDir(), server: server, images: enginetest.Store(t)}
	b.engine = engine.New(engine.Options{Images: b.images, Connect: solve.Options{Address: server.Addr}})
	t.Cleanup(func() {
		if err := b.engine.Close(); err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t, opt, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
			goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
			goleak.IgnoreAnyFunction("net/http.(*conn).serve"))
	})
	return b
}

func (b *bench) runWith(text, target string, secrets mapSecrets) job.State {
	b.Helper()
	return b.wait(b.engine.Start(b.Context(), engine.Request{
		Plan: b.plan(text), Target: target, Workspace: b.dir, Secrets: secrets,
		Evaluate: func(_ context.Context, values []runtime.GivenValue) (*runtime.Plan, error) {
			return runtime.Evaluate(runtime.Source{Dir: b.dir, Values: values}), nil
		},
	}))
}

// pushAndPull pushes an image, reads what the op says of it, and runs it.
const pushAndPull = `
password: string @dagger(secret)
login: {do: "docker-login", target: "%[1]s", username: "team", secret: password}

built: #up: [{do: "docker-build", dockerfile: """
	FROM busybox
	RUN echo worker:x:1000:1000::/work:/bin/sh >> /etc/passwd && mkdir /work && chown 1000:1000 /work
	ENV GREETING=hello
	LABEL team=ours
	WORKDIR /work
	USER worker
	ENTRYPOINT ["/bin/sh"]
	"""}]

pushed: {
	string
	#up: [
		login,
		{do: "load", from: built},
		{do: "push-container", ref: "%[1]s/team/app"},
		{do: "export", source: "/dagger/image_ref"},
	]
}

main: {
	string
	#up: [
		login,
		{do: "fetch-container", ref: pushed},
		{do: "exec", args: ["sh", "-c", "echo $GREETING $(pwd) $(id -un) > out"]},
		{do: "export", source: "/work/out"},
	]
}`

// What is pushed to a private registry is pulled and run by another component,
// in the same session, with its config; the digest is the registry's.
func TestPushAndPull(t *testing.T) {
	for _, host := range []string{enginetest.BasicHost, enginetest.TokenHost} {
		t.Run(host, func(t *testing.T) {
			b := registryBench(t)
			s := b.runWith(fmt.Sprintf(pushAndPull, host), "main", mapSecrets{"password": enginetest.RegistryPassword + "\n"})
			b.wantStatus(s, job.StatusDone)
			if len(s.Exports) != 2 || s.Exports[1].Value != "hello /work worker\n" {
				t.Fatalf("exports: %+v", s.Exports)
			}
			ref, _ := s.Exports[0].Value.(string)
			if !strings.HasPrefix(ref, host+"/team/app:latest@sha256:") {
				t.Errorf("image_ref is %q", ref)
			}
			if n := b.server.Calls(t)["/moby.buildkit.v1.Control/Session"]; n != 1 {
				t.Errorf("the daemon saw %d sessions, want 1", n)
			}
			if o, _ := s.Op(runtime.OpID{Component: "pushed", Index: 2}); o.Status != job.StatusDone {
				t.Errorf("push-container is %s", o.Status)
			}
		})
	}
}

// A push that a registry refuses fails the op, and says what to do.
func TestPushRefused(t *testing.T) {
	b := registryBench(t)
	for _, c := range []struct{ name, login, hint string }{
		{"no login", "", "docker-login"},
		{"wrong password", `{do: "docker-login", target: "127.0.0.1:5001", username: "team", secret: password},`, "may be wrong"},
	} {
		s := b.runWith(`
password: string @dagger(secret)
main: #up: [
	`+c.login+`
	{do: "fetch-container", ref: "busybox"},
	{do: "push-container", ref: "127.0.0.1:5001/team/app:1"},
]`, "main", mapSecrets{"password": "wrong"})
		b.wantStatus(s, job.StatusFailed)
		o := s.Ops[len(s.Ops)-1]
		if o.Status != job.StatusFailed || !strings.Contains(o.Error, "401") || !strings.Contains(s.Hint, c.hint) {
			t.Errorf("%s: %s %q, hint %q", c.name, o.Status, o.Error, s.Hint)
		}
	}
}

// Without a login the user's own docker configuration holds.
func TestDockerConfig(t *testing.T) {
	b := registryBench(t)
	e := engine.New(engine.Options{
		Images: b.images, Connect: solve.Options{Address: b.server.Addr},
		Docker: func() (*configfile.ConfigFile, error) {
			c := configfile.New("")
			c.AuthConfigs[enginetest.BasicHost] = types.AuthConfig{
				Username: enginetest.RegistryUser, Password: enginetest.RegistryPassword,
			}
			return c, nil
		},
	})
	defer e.Close()
	p := b.plan(`main: #up: [{do: "fetch-container", ref: "busybox"}, {do: "push-container", ref: "127.0.0.1:5001/team/own"}]`)
	s := b.wait(e.Start(t.Context(), engine.Request{Plan: p, Target: "main", Workspace: b.dir}))
	b.wantStatus(s, job.StatusDone)
}

// An image of a private registry that nobody may pull says what to do.
func TestPullRefused(t *testing.T) {
	b := registryBench(t)
	s := b.run(`main: #up: [{do: "fetch-container", ref: "127.0.0.1:5002/team/app"}]`, "main")
	b.wantStatus(s, job.StatusFailed)
	if len(s.Problems) != 1 || !strings.Contains(s.Problems[0].Hint, "docker-login") {
		t.Errorf("problems: %+v", s.Problems)
	}
}
