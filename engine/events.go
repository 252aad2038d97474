package engine

import (
	"context"
	"slices"
	"sync"

	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/mask"
)

// maxReplay bounds the output that is kept for watchers yet to come. Those
// that watch already miss nothing, however slow they are.
const maxReplay = 8 << 20

// Job is one run.
type Job struct {
	id     string
	cancel context.CancelCauseFunc
	done   chan struct{}
	// watchers are the goroutines that call subscribers; they end with the
	// job's last event.
	watchers sync.WaitGroup

	// mu guards what follows.
	mu     sync.Mutex
	events []job.Event
	state  job.State
	// mask takes secrets out of events; nil until the job has been given any.
	mask *mask.Masker
	// more is closed and replaced when events grows.
	more chan struct{}
	// read is how far each watcher has come.
	read []int
	// kept is the size of the output in events[trimmed:].
	kept, trimmed int
}

func newJob(id string, cancel context.CancelCauseFunc) *Job {
	return &Job{id: id, cancel: cancel, done: make(chan struct{}), more: make(chan struct{})}
}

// ID names the job.
func (j *Job) ID() string { return j.id }

// Cancel asks the job to stop. Done is closed when its containers are gone.
func (j *Job) Cancel(cause error) { j.cancel(cause) }

// Done is closed when the job has ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// State is where the job stands.
func (j *Job) State() job.State {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state
}

// Wait returns the job's last state, or ctx's error if that comes first.
func (j *Job) Wait(ctx context.Context) (job.State, error) {
	select {
	case <-j.done:
		return j.State(), nil
	case <-ctx.Done():
		return j.State(), context.Cause(ctx)
	}
}

// Subscribe calls f for every event so far and to come, in order, from one
// goroutine, each with the state after it. The last has a Kind that is Last.
// When the job has ended, all calls are made before Subscribe returns.
func (j *Job) Subscribe(f func(job.State, job.Event)) {
	j.mu.Lock()
	w := len(j.read)
	j.read = append(j.read, 0)
	ended := j.state.Status.Ended()
	if !ended {
		j.watchers.Go(func() { j.watch(w, f) })
	}
	j.mu.Unlock()
	if ended {
		j.watch(w, f)
	}
}

// watch feeds watcher w until the last event.
func (j *Job) watch(w int, f func(job.State, job.Event)) {
	var s job.State
	for {
		batch, more := j.next(w)
		for _, e := range batch {
			s = s.Apply(e)
			f(s, e)
			if e.Kind.Last() {
				return
			}
		}
		if len(batch) == 0 {
			<-more
		}
	}
}

// next returns what w has not seen, and what to wait for when that is nothing.
func (j *Job) next(w int) ([]job.Event, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	batch := slices.Clone(j.events[j.read[w]:])
	j.read[w] = len(j.events)
	return batch, j.more
}

// emit appends events. Nothing follows a last one.
func (j *Job) emit(events ...job.Event) {
	if len(events) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range events {
		e = masked(j.mask, e)
		j.events = append(j.events, e)
		j.state = j.state.Apply(e)
		j.kept += size(e)
	}
	j.trim()
	close(j.more)
	j.more = make(chan struct{})
}

// trim forgets the oldest output above the limit, as far as every watcher has
// seen it.
func (j *Job) trim() {
	seen := len(j.events)
	for _, r := range j.read {
		seen = min(seen, r)
	}
	for ; j.kept > maxReplay && j.trimmed < seen; j.trimmed++ {
		e := &j.events[j.trimmed]
		j.kept -= size(*e)
		e.Dropped += len(e.Lines)
		e.Lines = nil
	}
}

func size(e job.Event) int {
	n := 0
	for _, l := range e.Lines {
		n += len(l)
	}
	return n
}
