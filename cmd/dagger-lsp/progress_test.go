package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/runtime"
)

// screen shows what a terminal would after bytes with the few controls that the
// live view uses. Lines that scrolled out at the top stay readable, but the
// cursor cannot reach them.
type screen struct {
	lines  []string
	row    int
	height int
}

var control = regexp.MustCompile(`^\x1b\[(\d*)([A-Za-z])`)

func (s *screen) Write(p []byte) (int, error) {
	for text := string(p); text != ""; {
		if m := control.FindStringSubmatch(text); m != nil {
			n, _ := strconv.Atoi(m[1])
			s.control(m[2], max(1, n))
			text = text[len(m[0]):]
			continue
		}
		switch text[0] {
		case '\n':
			s.row++
			s.grow()
		case '\r':
		default:
			s.grow()
			s.lines[s.row] += text[:1]
		}
		text = text[1:]
	}
	return len(p), nil
}

func (s *screen) grow() {
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, "")
	}
}

func (s *screen) control(name string, n int) {
	switch name {
	case "A":
		s.row = max(s.row-n, len(s.lines)-s.height, 0)
	case "J":
		s.grow()
		s.lines = s.lines[:s.row+1]
		s.lines[s.row] = ""
	}
}

// play sends events through a view, at one second each.
func play(v view, events ...job.Event) job.State {
	var s job.State
	for i, e := range events {
		e.Time = time.Unix(int64(i), 0)
		s = s.Apply(e)
		v.show(s, e)
		v.tick()
	}
	v.end(s)
	return s
}

func opID(i int) runtime.OpID { return runtime.OpID{Component: "build", Index: i} }

// busy is a job of n operations that all run at the same time, the first of
// which fails after having said something hostile.
func busy(n int) []job.Event {
	steps := make([]job.Step, n)
	for i := range steps {
		steps[i] = job.Step{ID: opID(i), Do: "exec", Summary: "exec " + strings.Repeat("long ", 40)}
	}
	events := []job.Event{{Kind: job.KindJobStarted, Target: "build"}, {Kind: job.KindPlanLowered, Steps: steps}}
	for i := range steps {
		events = append(events, job.Event{Kind: job.KindOpStarted, Op: []runtime.OpID{opID(i)}})
	}
	events = append(events, job.Event{Kind: job.KindOpLog, Op: []runtime.OpID{opID(0)}, Lines: []string{"\x1b[2J\x07up and\x1b[9A away"}})
	for i := range steps {
		kind := job.KindOpDone
		if i == 0 {
			kind = job.KindOpFailed
		}
		// Twice: BuildKit may complete a vertex more than once.
		e := job.Event{Kind: kind, Op: []runtime.OpID{opID(i)}, Error: "exit code: 1"}
		events = append(events, e)
		if kind == job.KindOpDone {
			events = append(events, e)
		}
	}
	return append(events, job.Event{Kind: job.KindJobFailed, Error: "exit code: 1"})
}

func TestLiveView(t *testing.T) {
	for _, height := range []int{4, 10, 50} {
		t.Run(fmt.Sprint(height), func(t *testing.T) {
			out := &screen{height: height}
			v := newTTYView(&app{stdout: out, stderr: out, env: environment{color: true}})
			v.size = func() (int, int) { return 40, height }
			v.now = func() time.Time { return time.Unix(60, 0) }
			s := play(v, busy(12)...)
			text := strings.Join(out.lines, "\n")
			for i := range 12 {
				if n := strings.Count(text, opID(i).String()+" "); n < 1 || n > 2 {
					t.Errorf("%s is on the screen %d times:\n%s", opID(i), n, text)
				}
			}
			if strings.Contains(text, "▶") || strings.Contains(text, "/12") {
				t.Errorf("the live block is left behind:\n%s", text)
			}
			if !slices.Contains(out.lines, summary(s)) {
				t.Errorf("no summary:\n%s", text)
			}
			if strings.Contains(text, "\x07") {
				t.Error("a container reached the terminal")
			}
		})
	}
}

func TestLiveViewStaysOnTheScreen(t *testing.T) {
	var out bytes.Buffer
	v := newTTYView(&app{stdout: &out, stderr: &out})
	v.size = func() (int, int) { return 40, 10 }
	var s job.State
	for _, e := range busy(12) {
		s = s.Apply(e)
		v.show(s, e)
		if v.drawn > 9 {
			t.Fatalf("the live block has %d lines on a screen of 10", v.drawn)
		}
		for _, l := range v.live() {
			if w := ansi.StringWidth(l); w >= 40 {
				t.Fatalf("a line of %d columns would wrap: %q", w, l)
			}
		}
	}
}

func TestPlainViewTellsOnce(t *testing.T) {
	var out bytes.Buffer
	play(newPlainView(&app{stdout: &out, stderr: &out}), busy(3)...)
	for _, want := range []string{"start  build[1]", "done   build[1]", "FAILED build[0]"} {
		if n := strings.Count(out.String(), want); n != 1 {
			t.Errorf("%q is there %d times:\n%s", want, n, out.String())
		}
	}
	if strings.ContainsAny(out.String(), "\x1b\x07") {
		t.Errorf("a container reached the terminal: %q", out.String())
	}
}

func TestJSONViewIsOneEventALine(t *testing.T) {
	var out bytes.Buffer
	events := busy(2)
	play(newJSONView(&out), events...)
	if n := strings.Count(out.String(), "\n"); n != len(events) {
		t.Errorf("%d lines for %d events", n, len(events))
	}
}
