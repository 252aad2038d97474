//go:build linux

package engine_test

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/casetest"
)

var update = flag.Bool("update", false, "rewrite the golden sections of testdata/ops")

// TestOps runs every archive of testdata/ops on a real BuildKit: what the
// component called main says and exports is the section want/run. Package
// runtime has the other sections. What newSite makes is served to the jobs, and
// the file given.txt of an archive gives a job secrets and streams.
func TestOps(t *testing.T) {
	user := enginetest.NewSSH(t)
	server := enginetest.Start(t, enginetest.Config{Registry: true, Site: newSite(t), SSH: user})
	e := engine.New(engine.Options{Images: enginetest.Store(t), Connect: solve.Options{Address: server.Addr}})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	agent := newAgent(t, user.Key)
	casetest.Play(t, "../testdata/ops/*.txtar", *update, func(c *casetest.Case) {
		req := caseRequest(c)
		req.KnownHosts = []string{user.KnownHosts}
		give(c, &req, agent)
		state, err := e.Start(c.Context(), req).Wait(c.Context())
		if err != nil {
			c.Fatal(err)
		}
		c.Golden("run", c.Relative(runText(state)))
	})
}

// caseRequest asks for the component main of a case.
func caseRequest(c *casetest.Case) engine.Request {
	src := runtime.Source{Dir: c.Dir}
	return engine.Request{
		Plan: runtime.Evaluate(src), Target: "main", Workspace: c.Dir,
		Evaluate: func(_ context.Context, values []runtime.GivenValue) (*runtime.Plan, error) {
			with := src
			with.Values = values
			return runtime.Evaluate(with), nil
		},
	}
}

func runText(s job.State) string {
	var b strings.Builder
	fmt.Fprintln(&b, s.Status)
	for _, o := range s.Ops {
		// Whether an op is cached depends on which case ran before.
		if !slices.Contains([]job.Status{job.StatusDone, job.StatusCached}, o.Status) {
			fmt.Fprintf(&b, "%s %s %s\n", o.ID, o.Status, o.Error)
		}
	}
	for _, p := range s.Problems {
		fmt.Fprintf(&b, "%s: %s\n", p.Range, p.Code)
	}
	// Which of several late exports is read first depends on the machine.
	slices.SortFunc(s.Exports, func(a, b job.ExportValue) int { return cmp.Compare(a.Op.String(), b.Op.String()) })
	for _, e := range s.Exports {
		value, err := json.Marshal(e.Value)
		fmt.Fprintf(&b, "%s = %s\n", e.Op, value)
		if err != nil {
			fmt.Fprintln(&b, err)
		}
	}
	return b.String()
}

// newSite makes what the cases fetch: the file hello.txt, and the repository
// project.git with the tag v1 and, later, the branch main.
func newSite(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	script := `
		printf 'hello from the web\n' > hello.txt
		git init -q -b main work
		cd work
		printf 'one\n' > file.txt
		git add file.txt && git commit -q -m one && git tag v1
		printf 'two\n' > file.txt
		git commit -q -a -m two
		git clone -q --bare . ../project.git
	`
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), gitIdentity...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make the site: %v\n%s", err, out)
	}
	return dir
}

// gitIdentity makes commits the same wherever and whenever they are made.
var gitIdentity = []string{
	"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.test", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.test",
	"GIT_AUTHOR_DATE=2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2020-01-01T00:00:00Z",
}
