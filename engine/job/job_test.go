package job_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	digest "github.com/opencontainers/go-digest"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/runtime"
)

var update = flag.Bool("update", false, "rewrite the cases' results")

// epoch is when every case begins.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// TestCases replays what BuildKit reported, one case a file:
//
//	steps    one op a line: its id, what it does, its vertices
//	reports  one report a line: vertex start|done|cached|error TEXT|log TEXT,
//	         with "<- a,b" for what the vertex reads; or finish, job-done,
//	         job-failed TEXT, job-canceled
//
// and compares the events, a line each, and the last state as JSON.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) { runCase(t, f) })
	}
}

func runCase(t *testing.T, path string) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in := map[string][]byte{}
	for _, f := range a.Files {
		in[f.Name] = f.Data
	}
	events := replay(t, in["steps"], in["reports"])
	var state job.State
	var lines bytes.Buffer
	for _, e := range events {
		state = state.Apply(e)
		fmt.Fprintln(&lines, line(e))
	}
	js, err := json.MarshalIndent(state, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{"events": lines.Bytes(), "state.json": append(js, '\n')}
	if *update {
		a.Files = a.Files[:0]
		for _, name := range []string{"steps", "reports"} {
			a.Files = append(a.Files, txtar.File{Name: name, Data: in[name]})
		}
		for _, name := range []string{"events", "state.json"} {
			a.Files = append(a.Files, txtar.File{Name: name, Data: got[name]})
		}
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for name := range got {
		if !bytes.Equal(got[name], in[name]) {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", name, got[name], in[name])
		}
	}
}

// replay turns the case's reports into events, a second apart.
func replay(t *testing.T, steps, reports []byte) []job.Event {
	t.Helper()
	var rs []runtime.Step
	for sc := bufio.NewScanner(bytes.NewReader(steps)); sc.Scan(); {
		rs = append(rs, parseStep(t, sc.Text()))
	}
	tr := job.NewTracker(rs)
	now := epoch
	events := []job.Event{
		{Time: now, Kind: job.KindJobStarted, Job: "j1", Target: "t"},
		{Time: now, Kind: job.KindPlanLowered, Steps: job.Steps(rs)},
	}
	for sc := bufio.NewScanner(bytes.NewReader(reports)); sc.Scan(); {
		now = now.Add(time.Second)
		events = append(events, parseReport(t, tr, sc.Text(), now)...)
	}
	return events
}

func parseStep(t *testing.T, text string) runtime.Step {
	t.Helper()
	f := strings.Fields(text)
	var s runtime.Step
	comp, idx, _ := strings.Cut(strings.TrimSuffix(f[0], "]"), "[")
	if _, err := fmt.Sscan(idx, &s.ID.Index); err != nil {
		t.Fatalf("step %q: %v", text, err)
	}
	s.ID.Component, s.Do = comp, f[1]
	for _, v := range f[2:] {
		s.Digests = append(s.Digests, digest.FromString(v))
	}
	return s
}

func parseReport(t *testing.T, tr *job.Tracker, text string, now time.Time) []job.Event {
	t.Helper()
	text, reads, _ := strings.Cut(text, " <- ")
	word, rest, _ := strings.Cut(text, " ")
	switch kind := job.Kind(word); {
	case word == "finish":
		return tr.Finish(now)
	case kind.Last():
		return []job.Event{{Time: now, Kind: kind, Error: rest}}
	}
	verb, rest, _ := strings.Cut(rest, " ")
	v := job.Vertex{Digest: digest.FromString(word)}
	for _, r := range strings.Split(reads, ",") {
		if r != "" {
			v.Inputs = append(v.Inputs, digest.FromString(r))
		}
	}
	switch verb {
	case "log":
		var s string
		if err := json.Unmarshal([]byte(rest), &s); err != nil {
			t.Fatalf("report %q: %v", text, err)
		}
		return tr.Log(v.Digest, 1, []byte(s), now)
	case "start":
		v.Started = &now
	case "done":
		v.Started, v.Completed = &now, &now
	case "cached":
		v.Started, v.Completed, v.Cached = &now, &now, true
	case "error":
		v.Started, v.Completed, v.Error = &now, &now, rest
	default:
		t.Fatalf("report %q", text)
	}
	return tr.Vertex(v, now)
}

// line is an event for people.
func line(e job.Event) string {
	s := fmt.Sprintf("%2.0fs %s", e.Time.Sub(epoch).Seconds(), e.Kind)
	for _, id := range e.Op {
		s += " " + id.String()
	}
	for _, l := range e.Lines {
		s += fmt.Sprintf(" %q", l)
	}
	if e.ExitCode != nil {
		s += fmt.Sprintf(" exit=%d", *e.ExitCode)
	}
	if e.Error != "" {
		s += " error=" + e.Error
	}
	return s
}

// An event that is written and read again says the same.
func TestEventJSON(t *testing.T) {
	code := 3
	want := job.Event{
		Time: epoch, Kind: job.KindOpFailed, Op: []runtime.OpID{{Component: "a", Index: 1}},
		Error: "exit code: 3", ExitCode: &code,
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	const text = `{"time":"2026-01-01T00:00:00Z","kind":"op-failed","op":[{"component":"a","index":1}],"error":"exit code: 3","exitCode":3}`
	if string(b) != text {
		t.Errorf("got  %s\nwant %s", b, text)
	}
	var got job.Event
	if err := json.Unmarshal(b, &got); err != nil || line(got) != line(want) {
		t.Errorf("read again: %s (%v)", line(got), err)
	}
}

// Apply leaves the state it was called on alone.
func TestApplyIsPure(t *testing.T) {
	id := runtime.OpID{Component: "a"}
	before := job.State{Ops: []job.OpState{{ID: id, Status: job.StatusPending, LogTail: []string{"x"}}}}
	before.Apply(job.Event{Kind: job.KindOpLog, Op: []runtime.OpID{id}, Lines: []string{"y"}})
	before.Apply(job.Event{Kind: job.KindOpStarted, Op: []runtime.OpID{id}})
	before.Apply(job.Event{Kind: job.KindJobFailed})
	if o := before.Ops[0]; o.Status != job.StatusPending || len(o.LogTail) != 1 {
		t.Errorf("changed: %+v", o)
	}
}

// The tail of a log is bounded, and made of its last lines.
func TestLogTail(t *testing.T) {
	id := runtime.OpID{Component: "a"}
	s := job.State{Ops: []job.OpState{{ID: id}}}
	for i := range 100 {
		s = s.Apply(job.Event{Kind: job.KindOpLog, Op: []runtime.OpID{id}, Lines: []string{fmt.Sprint(i), fmt.Sprint(i, "b")}})
	}
	tail := s.Ops[0].LogTail
	if len(tail) != 20 || tail[0] != "90" || tail[19] != "99b" {
		t.Errorf("got %q", tail)
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ format, text, want string }{
		{"string", "a\n", `"a\n"`},
		{"", "a", `"a"`},
		{"number", " 12.50\n", `12.50`},
		{"boolean", "true\n", `true`},
		{"json", `{"a":[1,2]}`, `{"a":[1,2]}`},
		{"yaml", "a: [1, 2]\n", `{"a":[1,2]}`},
		{"number", "many", `error: "many" is not a number`},
		{"number", `"1"`, `error: "\"1\"" is not a number`},
		{"boolean", "yes", `error: "yes" is neither true nor false`},
		{"json", "{} {}", "error: not JSON: something follows the value"},
	} {
		v, err := job.Decode(c.format, []byte(c.text))
		b, _ := json.Marshal(v)
		got := string(b)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != c.want {
			t.Errorf("%s %q: got %s, want %s", c.format, c.text, got, c.want)
		}
	}
}
