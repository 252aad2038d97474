//go:build linux

package engine_test

import (
	"bytes"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/runtime"
)

const dockerfile = `
context: #up: [
	{do: "fetch-container", ref: "busybox"},
	{do: "exec", args: ["sh", "-c", "mkdir /src; echo 'FROM alpine' > /src/Dockerfile; echo 'COPY a /b' >> /src/Dockerfile; echo made > /src/a"]},
	{do: "subdir", dir: "/src"},
]
built: #up: [{do: "docker-build", context: context}]
main: {
	string
	#up: [
		{do: "load", from: built},
		{do: "exec", args: ["cp", "/b", "/c"]},
		{do: "export", source: "/c"},
	]
}`

// A Dockerfile that a component makes is read in the job's one session, and
// what was solved to read it is not solved again.
func TestDockerBuild(t *testing.T) {
	b := newBench(t)
	s := b.run(dockerfile, "main")
	b.wantStatus(s, job.StatusDone)
	if len(s.Exports) != 1 || s.Exports[0].Value != "made\n" {
		t.Errorf("exports: %+v", s.Exports)
	}
	if builds, solves := b.server.Solves(t); builds != 1 || solves != 2 {
		t.Errorf("the daemon saw %d builds and %d solves, want 1 and 2", builds, solves)
	}
	again := b.run(dockerfile, "main")
	b.wantStatus(again, job.StatusDone)
	for _, o := range again.Ops {
		if o.Do != "fetch-container" && o.Status != job.StatusCached {
			t.Errorf("%s is %s the second time", o.ID, o.Status)
		}
	}
}

// A RUN that fails fails the op, with its exit code and its output.
func TestDockerBuildFails(t *testing.T) {
	b := newBench(t)
	s := b.run(`main: #up: [{do: "docker-build", dockerfile: """
		FROM alpine
		RUN true
		RUN echo why && exit 7
		"""}]`, "main")
	b.wantStatus(s, job.StatusFailed)
	o, _ := s.Op(runtime.OpID{Component: "main"})
	if o.Status != job.StatusFailed || o.ExitCode == nil || *o.ExitCode != 7 || len(o.LogTail) == 0 || o.LogTail[0] != "why" {
		t.Errorf("got %+v", o)
	}
	if s.Error != "main[0] failed with exit code 7" {
		t.Errorf("got %q", s.Error)
	}
}

// So does a command that fails while the context is made.
func TestDockerBuildContextFails(t *testing.T) {
	b := newBench(t)
	s := b.run(`
context: #up: [{do: "fetch-container", ref: "busybox"}, {do: "exec", args: ["sh", "-c", "exit 3"]}]
main: #up: [{do: "docker-build", context: context}]`, "main")
	b.wantStatus(s, job.StatusFailed)
	if s.Error != "context[1] failed with exit code 3" {
		t.Errorf("got %q", s.Error)
	}
}

// A secret build argument reaches RUN as a variable, and is in neither the
// definition nor what is known of the job; another text runs nothing again.
func TestDockerBuildSecret(t *testing.T) {
	b := newBench(t)
	const canary = "canary-5e8f2c"
	text := `
token: string @dagger(secret)
built: #up: [{do: "docker-build", buildArg: TOKEN: token, dockerfile: """
	FROM busybox
	ARG TOKEN
	RUN test ${#TOKEN} = 13 && echo $TOKEN | md5sum > /sum
	"""}]
main: {
	string
	#up: [{do: "load", from: built}, {do: "exec", args: ["sh", "-c", "cp /sum /out; env >> /out"]}, {do: "export", source: "/out"}]
}`
	req := engine.Request{Plan: b.plan(text), Target: "main", Workspace: b.dir, Secrets: mapSecrets{"token": canary}}
	s := b.wait(b.engine.Start(t.Context(), req))
	b.wantStatus(s, job.StatusDone)
	sum := fmt.Sprintf("%x  -\n", md5.Sum([]byte(canary+"\n")))
	if got, _ := s.Exports[0].Value.(string); !strings.HasPrefix(got, sum) || strings.Contains(got, "TOKEN") {
		t.Errorf("got %q, want %q and no variable of the secret", got, sum)
	}
	compiled, _, err := b.engine.Compile(t.Context(), engine.CompileRequest{Request: req})
	if err != nil {
		t.Fatal(err)
	}
	var def bytes.Buffer
	if err := llb.WriteTo(compiled.Job.Definition, &def); err != nil {
		t.Fatal(err)
	}
	state, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for what, data := range map[string][]byte{"the definition": def.Bytes(), "the job's state": state} {
		if bytes.Contains(data, []byte(canary)) {
			t.Errorf("%s holds the secret", what)
		}
	}
	req.Secrets = mapSecrets{"token": "another-text1"}
	again := b.wait(b.engine.Start(t.Context(), req))
	if o, _ := again.Op(runtime.OpID{Component: "built"}); o.Status != job.StatusCached {
		t.Errorf("with another secret the build is %s", o.Status)
	}
}
