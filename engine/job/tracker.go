package job

import (
	"slices"
	"time"

	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/runtime"
)

// Vertex is what BuildKit reports of one vertex of the definition.
type Vertex struct {
	Digest    digest.Digest
	Inputs    []digest.Digest
	Started   *time.Time
	Completed *time.Time
	Cached    bool
	Error     string
}

// Tracker turns reports about vertices into events about ops. An op may have
// several vertices: it is done when all are, and cached only if all are. A
// vertex may belong to several ops: each gets its events.
//
// BuildKit runs a source in several stretches (find it, then fetch it) and
// reports each as complete, so a source ends only when something that reads it
// moves: as done if that runs, as cached if that is cached.
type Tracker struct {
	steps  []step
	byDgst map[digest.Digest][]int
	verts  map[digest.Digest]*vertex
}

// step is one op and the status its events have said so far.
type step struct {
	runtime.Step
	said Status
	// over is set when the op had ended before the pass that runs: what is
	// reported of its vertices then is old news.
	over bool
}

type vertex struct {
	status Status
	// held is set when a source has completed a stretch.
	held     bool
	lines    [3]lineBuffer
	err      string
	exitCode *int
}

// NewTracker tracks the steps of a job's first pass.
func NewTracker(steps []runtime.Step) *Tracker {
	t := &Tracker{byDgst: map[digest.Digest][]int{}, verts: map[digest.Digest]*vertex{}}
	t.Lowered(steps)
	return t
}

// Lowered takes the steps of one more pass. Those that have ended stay as they
// are, and so do those that the pass does not name any more.
func (t *Tracker) Lowered(steps []runtime.Step) {
	for i := range t.steps {
		t.steps[i].over = t.steps[i].said.Ended()
	}
	for _, s := range steps {
		i := slices.IndexFunc(t.steps, func(have step) bool { return have.ID == s.ID })
		if i < 0 {
			i = len(t.steps)
			t.steps = append(t.steps, step{said: StatusPending})
		}
		if !t.steps[i].over {
			t.lowered(i, s)
		}
	}
}

func (t *Tracker) lowered(i int, s runtime.Step) {
	t.steps[i].Step = s
	if s.Unused {
		t.steps[i].said = StatusSkipped
	}
	for _, d := range s.Digests {
		if t.verts[d] == nil {
			t.verts[d] = &vertex{status: StatusPending}
		}
		if !slices.Contains(t.byDgst[d], i) {
			t.byDgst[d] = append(t.byDgst[d], i)
		}
		// The name a vertex goes by when it runs without cache beside an
		// identical one that uses it.
		alias := digest.FromString(d.String() + "-ignorecache")
		t.byDgst[alias], t.verts[alias] = t.byDgst[d], t.verts[d]
	}
}

// Steps are all steps so far.
func (t *Tracker) Steps() []runtime.Step {
	out := make([]runtime.Step, len(t.steps))
	for i, s := range t.steps {
		out[i] = s.Step
	}
	return out
}

// Act says where an op stands that is done outside of LLB.
func (t *Tracker) Act(id runtime.OpID, status Status, now time.Time) []Event {
	i := slices.IndexFunc(t.steps, func(s step) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	e, ok := t.say(i, status, now)
	if !ok {
		return nil
	}
	return append([]Event{e}, t.settleEmpty(id.Component, now)...)
}

// Vertex takes one report. Vertices that are no op's own matter only as
// readers of those that are.
func (t *Tracker) Vertex(v Vertex, now time.Time) []Event {
	status, now := verdict(v), at(v, now)
	var events []Event
	for _, in := range v.Inputs {
		events = append(events, t.release(in, status, now)...)
	}
	have := t.verts[v.Digest]
	if have == nil {
		return events
	}
	switch {
	case status == StatusDone && len(v.Inputs) == 0:
		have.held = true
		return append(events, t.settle(v.Digest, now)...)
	case status == StatusPending && have.status != StatusPending:
		// An announcement that came again.
		return events
	case status == StatusFailed:
		have.err, have.exitCode = Reason(v.Error), exitCode(v.Error)
	}
	have.status = status
	if status.Ended() {
		events = append(events, t.flush(v.Digest, now)...)
	}
	return append(events, t.settle(v.Digest, now)...)
}

// release ends a source whose reader has moved.
func (t *Tracker) release(source digest.Digest, reader Status, now time.Time) []Event {
	v := t.verts[source]
	if v == nil || !v.held || reader == StatusPending || reader == StatusCanceled {
		return nil
	}
	status := StatusDone
	if reader == StatusCached {
		status = StatusCached
	}
	if v.status == status || v.status == StatusDone {
		return nil
	}
	v.status = status
	return append(t.flush(source, now), t.settle(source, now)...)
}

// Finish says what is left to say of a job that went well: sources that
// nothing read, steps without vertices, and vertices that were not needed
// because what follows from them was known.
func (t *Tracker) Finish(now time.Time) []Event {
	var events []Event
	for i := range t.steps {
		s := &t.steps[i]
		if s.said.Ended() || s.Outside {
			continue
		}
		status := StatusDone
		switch {
		case len(s.Digests) == 0 && i > 0:
			// In dependency order, what comes before is what it refers to.
			status = t.before(i)
		case len(s.Digests) > 0 && s.said == StatusPending:
			status = StatusCached
		}
		if e, ok := t.say(i, status, now); ok {
			events = append(events, e)
		}
	}
	return events
}

// before is what the step before i says, of those that run.
func (t *Tracker) before(i int) Status {
	for i--; i >= 0; i-- {
		if !t.steps[i].Unused {
			return t.steps[i].said
		}
	}
	return StatusDone
}

// at is when a report's news happened, on the daemon's clock if it says so.
func at(v Vertex, now time.Time) time.Time {
	switch {
	case v.Completed != nil:
		return *v.Completed
	case v.Started != nil:
		return *v.Started
	}
	return now
}

// settle says what changed for the ops of a vertex, and for the steps without
// vertices around them.
func (t *Tracker) settle(d digest.Digest, now time.Time) []Event {
	var events []Event
	for _, i := range t.byDgst[d] {
		if e, ok := t.say(i, t.status(t.steps[i]), now); ok {
			events = merge(events, e)
		}
	}
	for _, i := range t.byDgst[d] {
		events = append(events, t.settleEmpty(t.steps[i].ID.Component, now)...)
	}
	return events
}

// merge joins the same news about ops that share a vertex.
func merge(events []Event, e Event) []Event {
	for i := range events {
		if events[i].Kind == e.Kind && events[i].Error == e.Error {
			events[i].Op = append(events[i].Op, e.Op...)
			return events
		}
	}
	return append(events, e)
}

// status of an op is the worst of its vertices.
func (t *Tracker) status(s step) Status {
	counts := map[Status]int{}
	for _, d := range s.Digests {
		counts[t.verts[d].status]++
	}
	ended := counts[StatusDone] + counts[StatusCached]
	switch {
	case counts[StatusFailed] > 0:
		return StatusFailed
	case counts[StatusCanceled] > 0:
		return StatusCanceled
	case counts[StatusCached] == len(s.Digests):
		return StatusCached
	case ended == len(s.Digests):
		return StatusDone
	case ended+counts[StatusRunning] > 0:
		return StatusRunning
	}
	return StatusPending
}

var kinds = map[Status]Kind{
	StatusRunning: KindOpStarted, StatusCached: KindOpCached, StatusDone: KindOpDone,
	StatusFailed: KindOpFailed, StatusCanceled: KindOpCanceled,
}

// say makes the event of a new status, once.
func (t *Tracker) say(i int, status Status, now time.Time) (Event, bool) {
	s := &t.steps[i]
	if s.over || s.said == status || s.said == StatusFailed || status == StatusPending {
		return Event{}, false
	}
	s.said = status
	e := Event{Time: now, Kind: kinds[status], Op: []runtime.OpID{s.ID}}
	if status == StatusFailed {
		for _, d := range s.Digests {
			if v := t.verts[d]; v.status == StatusFailed {
				e.Error, e.ExitCode, e.Hint = v.err, v.exitCode, exitHint(v.exitCode)
			}
		}
	}
	return e, true
}

// settleEmpty ends the steps of a component that have no vertices: one at the
// front when its successor moves, another when its predecessor has ended.
func (t *Tracker) settleEmpty(component string, now time.Time) []Event {
	var events []Event
	prev := StatusPending
	first := true
	for i := range t.steps {
		s := &t.steps[i]
		if s.ID.Component != component || s.Unused {
			continue
		}
		if s.Waiting {
			return events
		}
		if len(s.Digests) > 0 || s.Outside {
			prev, first = s.said, false
			continue
		}
		status := prev
		if first {
			status = t.follower(component, i)
		}
		if s.said == StatusPending && (status == StatusDone || status == StatusCached) {
			e, _ := t.say(i, status, now)
			events = append(events, e)
		}
		if !first {
			prev = s.said
		}
	}
	return events
}

// follower is what the step after i says of the steps before it: they have
// ended once it has begun.
func (t *Tracker) follower(component string, i int) Status {
	for _, s := range t.steps[i+1:] {
		if s.ID.Component != component || len(s.Digests) == 0 {
			continue
		}
		switch s.said {
		case StatusCached:
			return StatusCached
		case StatusPending:
			return StatusPending
		default:
			return StatusDone
		}
	}
	return StatusPending
}

// Log takes a piece of a vertex's output and gives the lines it completes.
func (t *Tracker) Log(d digest.Digest, stream int, data []byte, now time.Time) []Event {
	v := t.verts[d]
	if v == nil || stream < 0 || stream >= len(v.lines) {
		return nil
	}
	return t.log(d, stream, v.lines[stream].add(data), now)
}

// flush gives what a vertex wrote last, without a newline.
func (t *Tracker) flush(d digest.Digest, now time.Time) []Event {
	var events []Event
	for stream := range t.verts[d].lines {
		events = append(events, t.log(d, stream, t.verts[d].lines[stream].rest(), now)...)
	}
	return events
}

func (t *Tracker) log(d digest.Digest, stream int, lines []string, now time.Time) []Event {
	if len(lines) == 0 {
		return nil
	}
	var ids []runtime.OpID
	for _, i := range t.byDgst[d] {
		ids = append(ids, t.steps[i].ID)
	}
	return []Event{{Time: now, Kind: KindOpLog, Op: slices.Clip(ids), Stream: stream, Lines: lines}}
}
