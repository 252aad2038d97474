package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/dagger/dagger-lsp/engine/job"
)

// ttyView keeps a live block at the foot of the terminal: the job's line and
// what runs now, with the last words of each. Whatever has ended scrolls up
// above it and stays.
type ttyView struct {
	a     *app
	state job.State
	// drawn is how many lines the live block has on the screen.
	drawn int
	told  told
	now   func() time.Time
	size  func() (width, height int)
}

// The size of a terminal that does not tell its own.
const (
	defaultWidth  = 80
	defaultHeight = 24
)

// tailShown is how many of a running operation's last lines are shown.
const tailShown = 3

func newTTYView(a *app) *ttyView {
	return &ttyView{a: a, told: told{}, now: time.Now, size: func() (int, int) {
		if f, ok := a.stderr.(*os.File); ok {
			if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
				return w, h
			}
		}
		return defaultWidth, defaultHeight
	}}
}

func (v *ttyView) show(s job.State, e job.Event) {
	v.state = s
	switch e.Kind {
	case job.KindOpDone, job.KindOpCached, job.KindOpFailed, job.KindOpCanceled:
		v.draw(v.settled(e))
	case job.KindOpLog: // the next tick shows it: a chatty step must not cost a redraw a line
	default:
		v.draw("")
	}
}

func (v *ttyView) tick() { v.draw("") }

func (v *ttyView) end(s job.State) {
	v.state = s
	v.erase()
	v.a.conclude(s)
	fmt.Fprintln(v.a.stderr, v.paint(color(s.Status), summary(s)))
}

// settled is the line that stays of operations that have ended.
func (v *ttyView) settled(e job.Event) string {
	fresh := v.told.fresh(e)
	if len(fresh) == 0 {
		return ""
	}
	o, _ := v.state.Op(fresh[0])
	line := fmt.Sprintf("%s %s  %s", mark(o.Status), ids(fresh), printable(o.Summary))
	if o.Status == job.StatusDone {
		line += took(v.state, e)
	} else {
		line += "  " + string(o.Status)
	}
	return v.paint(color(o.Status), v.cut(line)) + "\n"
}

// draw replaces the live block, in one write so that it does not flicker.
func (v *ttyView) draw(above string) {
	lines := v.live()
	var b strings.Builder
	v.up(&b)
	b.WriteString(above)
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	v.drawn = len(lines)
	_, _ = v.a.stderr.Write([]byte(b.String()))
}

func (v *ttyView) erase() {
	var b strings.Builder
	v.up(&b)
	v.drawn = 0
	_, _ = v.a.stderr.Write([]byte(b.String()))
}

// up goes to the first line of the live block and erases from there.
func (v *ttyView) up(b *strings.Builder) {
	if v.drawn > 0 {
		b.WriteString(ansi.CursorUp(v.drawn))
	}
	b.WriteString("\r" + ansi.EraseScreenBelow)
}

// live is the block: never higher than the screen, or going up would not reach
// its first line.
func (v *ttyView) live() []string {
	_, height := v.size()
	ended := 0
	for _, o := range v.state.Ops {
		if o.Status.Ended() {
			ended++
		}
	}
	head := fmt.Sprintf("%s  %d/%d  %s", printable(v.state.Target), ended, len(v.state.Ops), seconds(v.now().Sub(v.state.Started)))
	lines := []string{v.paint(ansi.Style{}.Bold(), v.cut(head))}
	for _, o := range v.state.Ops {
		if o.Status == job.StatusRunning {
			lines = append(lines, v.running(o)...)
		}
	}
	return lines[:min(len(lines), max(1, height-1))]
}

func (v *ttyView) running(o job.OpState) []string {
	head := fmt.Sprintf("%s %s  %s  %s", mark(o.Status), printable(o.ID.String()), printable(o.Summary), seconds(v.now().Sub(o.Started)))
	lines := []string{v.paint(color(o.Status), v.cut(head))}
	for _, l := range o.LogTail[max(0, len(o.LogTail)-tailShown):] {
		lines = append(lines, v.paint(ansi.Style{}.Faint(), v.cut("    "+strings.ReplaceAll(printable(l), "\t", "    "))))
	}
	return lines
}

// cut keeps a line from wrapping, which would make the block higher than known.
func (v *ttyView) cut(line string) string {
	width, _ := v.size()
	return ansi.Truncate(line, width-1, "…")
}

func (v *ttyView) paint(s ansi.Style, line string) string {
	if !v.a.env.color || len(s) == 0 {
		return line
	}
	return s.Styled(line)
}

func mark(s job.Status) string {
	switch s {
	case job.StatusDone:
		return "✓"
	case job.StatusCached:
		return "="
	case job.StatusFailed:
		return "✗"
	case job.StatusRunning:
		return "▶"
	case job.StatusCanceled, job.StatusSkipped:
		return "-"
	case job.StatusPending:
	}
	return " "
}

func color(s job.Status) ansi.Style {
	switch s {
	case job.StatusDone:
		return ansi.Style{}.ForegroundColor(ansi.Green)
	case job.StatusFailed:
		return ansi.Style{}.ForegroundColor(ansi.Red)
	case job.StatusRunning:
		return ansi.Style{}.ForegroundColor(ansi.Cyan)
	case job.StatusCanceled:
		return ansi.Style{}.ForegroundColor(ansi.Yellow)
	case job.StatusCached, job.StatusSkipped, job.StatusPending:
		return ansi.Style{}.Faint()
	}
	return ansi.Style{}
}
