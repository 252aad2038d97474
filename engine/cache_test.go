//go:build linux

package engine_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dagger/dagger-lsp/engine/job"
)

// An op that always runs has what follows it run again, and nothing else.
func TestAlways(t *testing.T) {
	b := newBench(t)
	const text = `
before: #up: [{do: "fetch-container", ref: "busybox"}, {do: "exec", args: ["touch", "/a"]}]
side: #up: [{do: "load", from: before}, {do: "exec", args: ["touch", "/side"]}]
now: #up: [{do: "load", from: before}, {do: "exec", args: ["sh", "-c", "cat /proc/uptime > /now"], always: true}, {do: "exec", args: ["cp", "/now", "/then"]}]
main: #up: [{do: "load", from: now}, {do: "copy", from: side, src: "/side", dest: "/side"}, {do: "exec", args: ["test", "-e", "/side"]}]
`
	b.wantStatus(b.run(text, "main"), job.StatusDone)
	s := b.run(text, "main")
	b.wantStatus(s, job.StatusDone)
	want := map[string]job.Status{
		"before[1]": job.StatusCached, "side[1]": job.StatusCached,
		"now[1]": job.StatusDone, "now[2]": job.StatusDone, "main[1]": job.StatusDone, "main[2]": job.StatusDone,
	}
	got := map[string]job.Status{}
	for id, st := range ops(s) {
		if _, ok := want[id]; ok {
			got[id] = st
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the second run (-want +got):\n%s", d)
	}
}

// A cache mount outlives the run, and is the component's own.
func TestCacheMountKeyed(t *testing.T) {
	b := newBench(t)
	const text = `
#Note: {do: "exec", args: ["sh", "-c", "echo x >> /c/notes; wc -l < /c/notes > /n"], mount: "/c": "cache", always: true}
one: {number, #up: [{do: "fetch-container", ref: "busybox"}, #Note, {do: "export", source: "/n", format: "number"}]}
two: {number, #up: [{do: "fetch-container", ref: "busybox"}, #Note, {do: "export", source: "/n", format: "number"}]}
`
	var got []string
	for _, target := range []string{"one", "one", "two", "one"} {
		s := b.run(text, target)
		b.wantStatus(s, job.StatusDone)
		got = append(got, s.Exports[0].Value.(interface{ String() string }).String())
	}
	if d := cmp.Diff([]string{"1", "2", "1", "3"}, got); d != "" {
		t.Errorf("lines in the caches (-want +got):\n%s", d)
	}
}

// Only files that have changed are sent. One with other content, but the size
// and time it had, is not sent again, which shows it.
func TestLocalSendsChanges(t *testing.T) {
	b := newBench(t)
	const text = `
main: {string, #up: [
	{do: "fetch-container", ref: "busybox"},
	{do: "copy", from: [{do: "local", dir: "src"}], dest: "/src"},
	{do: "exec", args: ["sh", "-c", "cat /src/kept /src/changed > /out"]},
	{do: "export", source: "/out"},
]}
`
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	write := func(name, text string, at time.Time) {
		t.Helper()
		path := filepath.Join(b.dir, "src", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("kept", "first ", old)
	write("changed", "first", old)
	b.wantStatus(b.run(text, "main"), job.StatusDone)
	write("kept", "other ", old)
	write("changed", "second", old.Add(time.Minute))
	s := b.run(text, "main")
	b.wantStatus(s, job.StatusDone)
	if got := s.Exports[0].Value; got != "first second" {
		t.Errorf("the second run has seen %q, want %q", got, "first second")
	}
}
