//go:build linux

package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

// shout prints a secret in every form that programs print, to both outputs,
// in pieces and over lines.
const shout = `
T=$(cat /token)
echo "plain $T and $T$T"
echo "$T" >&2
printf %s "${T%??????????}"; sleep 0.3; echo "${T#"${T%??????????}"}"
printf %s "$T" | fold -w 1 | while read -r c || [ -n "$c" ]; do printf %s "$c"; done; echo
for before in '' a ab; do printf %s "$before$T" | base64; done
printf %s "$T" | base64 | tr +/ -_
printf %s "$T" | od -An -v -tx1 | tr -d ' \n'; echo
printf %s "$T" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F; echo
printf %s "$T" | sed -e 's/"/%22/g' -e 's|/|%2F|g' -e 's/&/%26/g' -e 's/</%3C/g' -e "s/'/%27/g" -e 's/+/%2B/g' -e 's/\$/%24/g'; echo
printf %s "$T" | sed -e 's/"/\\"/g' -e 's/&/\\u0026/g' -e 's/</\\u003c/g'; echo
printf %s "$T" | sed -e 's/"/\\"/g'; echo
set -x; : "$T"; set +x
printf %s "no end of line $T"
`

const canaryPlan = `
token:  string @dagger(secret)
header: string @dagger(secret)
file:   string @dagger(secret)

base: #up: [{do: "fetch-container", ref: "busybox"}]
_shout: {do: "exec", args: [...], mount: "/token": secret: token}

mount: #up: [{do: "load", from: base}, _shout & {args: ["sh", "-c", shout]}]
fails: #up: [{do: "load", from: base}, _shout & {args: ["sh", "-c", shout + "; exit 3"]}]
export: {
	string
	#up: [
		{do: "load", from: base},
		{do: "exec", args: ["sh", "-c", "base64 /file > /out"], mount: "/file": secret: file},
		{do: "export", source: "/out"},
	]
}
gitToken: #up: [{do: "fetch-git", remote: "http://127.0.0.1:8000/private/git/project.git", ref: "v1", authToken: token}]
gitHeader: #up: [{do: "fetch-git", remote: "http://127.0.0.1:8000/private/git/project.git", ref: "main", authHeader: header}]
gitWrong: #up: [{do: "fetch-git", remote: "http://127.0.0.1:8000/private/git/project.git", ref: "main", authToken: header}]
login: #up: [
	{do: "docker-login", target: "127.0.0.1:5001", username: "team", secret: token},
	{do: "write-file", dest: "/file", content: "pushed"},
	{do: "push-container", ref: "127.0.0.1:5001/team/canary:1"},
]
loginWrong: #up: [
	{do: "docker-login", target: "127.0.0.1:5001", username: "team", secret: header},
	{do: "write-file", dest: "/file", content: "refused"},
	{do: "push-container", ref: "127.0.0.1:5001/team/canary:2"},
]
buildArg: #up: [{do: "docker-build", dockerfile: """
	FROM busybox
	ARG T
	RUN echo "plain $T and $T$T"; printf %s "$T" | base64; printf %s "$T" | od -An -v -tx1; set -x; : "$T"
	""", buildArg: T: token}]
buildArgFails: #up: [{do: "docker-build", dockerfile: """
	FROM busybox
	ARG T
	RUN echo "$T" >&2; exit 4
	""", buildArg: T: token}]
late: {
	string
	#up: [
		{do: "load", from: base},
		_shout & {args: ["sh", "-c", "echo fine > /out"]},
		{do: "export", source: "/out"},
		_shout & {args: ["sh", "-c", shout + ": \(late)"]},
	]
}
lateExport: #up: [{do: "load", from: base}, {do: "exec", args: ["echo", export]}]
noImage: #up: [{do: "load", from: mount}, {do: "copy", from: #up: [{do: "fetch-container", ref: "example.invalid/none"}]}]
`

// TestCanary puts a secret through every path that secrets have, has commands
// print it in every form, and looks for it wherever something is kept or said.
func TestCanary(t *testing.T) {
	// What a command writes into the state of its own is in a layer: that
	// secret is another one, and looked for everywhere else.
	canary, inLayer := enginetest.NewCanary(t), enginetest.NewCanary(t)
	absent := func(what string, data []byte) {
		t.Helper()
		canary.Absent(t, what, data)
		inLayer.Absent(t, what, data)
	}
	server := enginetest.Start(t, enginetest.Config{Site: newSite(t), Token: canary.Text, Registry: true})
	var logged bytes.Buffer
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.AddSync(&logged), zap.DebugLevel))
	images := enginetest.Store(t)
	e := engine.New(engine.Options{Log: log, Images: images, Connect: solve.Options{Address: server.Addr}})
	dir := t.TempDir()
	quoted, err := json.Marshal(shout)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "ci.cue"), "package ci\nshout: "+string(quoted)+canaryPlan)
	plan := runtime.Evaluate(runtime.Source{Dir: dir})
	secrets := mapSecrets{"token": canary.Text, "header": "Bearer " + canary.Text, "file": inLayer.Text}

	for target, want := range map[string]job.Status{
		"mount": job.StatusDone, "fails": job.StatusFailed, "export": job.StatusFailed,
		"gitToken": job.StatusDone, "gitHeader": job.StatusDone, "gitWrong": job.StatusFailed,
		"noImage": job.StatusFailed, "login": job.StatusDone, "loginWrong": job.StatusFailed,
		"buildArg": job.StatusDone, "buildArgFails": job.StatusFailed,
		"late": job.StatusDone, "lateExport": job.StatusFailed,
	} {
		req := engine.Request{Plan: plan, Target: target, Workspace: dir, Secrets: secrets}
		req.Evaluate = func(_ context.Context, values []runtime.GivenValue) (*runtime.Plan, error) {
			return runtime.Evaluate(runtime.Source{Dir: dir, Values: values}), nil
		}
		j := e.Start(t.Context(), req)
		var events bytes.Buffer
		encode := json.NewEncoder(&events)
		state, err := j.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		j.Subscribe(func(_ job.State, e job.Event) {
			if err := encode.Encode(e); err != nil {
				t.Error(err)
			}
		})
		if state.Status != want {
			t.Errorf("%s: %s, want %s: %s %+v", target, state.Status, want, state.Error, state.Problems)
		}
		absent(target+"'s events", events.Bytes())
		stateText, err := json.Marshal(state)
		if err != nil {
			t.Fatal(err)
		}
		absent(target+"'s state", stateText)
		if target == "mount" || target == "fails" {
			wantMarks(t, state)
		}
		absent(target+"'s definition", definitions(t, images, req))
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	absent("the engine's log", logged.Bytes())
	planText, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	absent("the plan", planText)
	root := server.Options.Root
	if files := canary.AbsentBelow(t, root); files < 20 {
		t.Errorf("looked at %d files only", files)
	}
	inLayer.AbsentBelow(t, root, "snapshots")
	absent("the daemon's log", []byte(server.Log()))
}

// wantMarks holds that the lines are there, with marks in them.
func wantMarks(t *testing.T, s job.State) {
	t.Helper()
	tail := strings.Join(s.Ops[len(s.Ops)-1].LogTail, "\n")
	for _, want := range []string{"plain *** and ***", "no end of line ***"} {
		if !strings.Contains(tail, want) {
			t.Errorf("the log lacks %q:\n%s", want, tail)
		}
	}
}

// definitions are all that a compiled target consists of, its first pass if it
// has several.
func definitions(t *testing.T, images runtime.Resolver, req engine.Request) []byte {
	t.Helper()
	compiled, problems, err := req.Plan.Lower(t.Context(), req.Target, runtime.LowerOptions{Workspace: req.Workspace, Images: images})
	if err != nil {
		t.Fatal(err)
	}
	if compiled == nil {
		if !slices.ContainsFunc(problems, func(p runtime.Problem) bool { return p.Code == runtime.CodeImageNotFound }) {
			t.Errorf("%s has no definition: %+v", req.Target, problems)
		}
		return nil
	}
	all := []*llb.Definition{compiled.Definition}
	for _, e := range compiled.Early {
		all = append(all, e.Definition)
	}
	for _, a := range compiled.Actions {
		all = append(all, a.Definition)
	}
	var out bytes.Buffer
	for _, def := range all {
		if err := llb.WriteTo(def, &out); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// The search itself must find what it looks for.
func TestCanaryIsFound(t *testing.T) {
	canary := enginetest.NewCanary(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "f"), "xx"+canary.Text+"yy")
	data, err := os.ReadFile(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	if canary.In(data) == "" {
		t.Error("a canary in a file is not found")
	}
}
