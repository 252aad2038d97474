//go:build linux

package engine_test

import (
	"testing"

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
