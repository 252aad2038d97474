package engine

import (
	"time"

	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/mask"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

// knowSecrets makes the job mask what it was given, and what the package holds
// as plain text, from here on.
func (r *running) knowSecrets() []runtime.Problem {
	known := map[string][]byte{}
	for _, path := range r.plan.PlainSecrets() {
		known[path], _ = r.plan.PlainSecret(path)
	}
	for path, text := range r.given.secrets {
		known[path] = text
	}
	m := mask.New(known)
	r.job.setMask(m)
	r.mu.Lock()
	r.output = output{mask: m, streams: map[outputKey]*mask.Stream{}}
	r.mu.Unlock()
	var problems []runtime.Problem
	for _, path := range m.Weak() {
		problems = append(problems, r.weakSecret(path))
	}
	return problems
}

func (r *running) weakSecret(path string) runtime.Problem {
	p := runtime.Problem{
		Code: runtime.CodeWeakSecret, Severity: runtime.SeverityWarning,
		Message: "the secret " + path + " is too short or too common a word to be masked in what the job says",
		Hint:    "take a longer one",
	}
	if c := r.plan.Component(r.req.Target); c != nil {
		p.Component, p.Range = c.Path, c.Name
	}
	return p
}

// output masks what commands print, each stream of each vertex by itself. It is
// for the goroutine that status is called from.
type output struct {
	mask    *mask.Masker
	streams map[outputKey]*mask.Stream
}

type outputKey struct {
	vertex digest.Digest
	stream int
}

// write returns what can be shown of a stream after a piece of it.
func (o *output) write(l solve.Log) []byte {
	key := outputKey{l.Digest, l.Stream}
	s := o.streams[key]
	if s == nil {
		if o.streams == nil { // the job has no secrets yet
			return l.Data
		}
		s = o.mask.Stream()
		o.streams[key] = s
	}
	return s.Write(l.Data)
}

// rest ends the streams of a vertex and returns what was held back of them.
func (o *output) rest(vertex digest.Digest) []solve.Log {
	var logs []solve.Log
	for stream := range outputStreams {
		key := outputKey{vertex, stream}
		if s := o.streams[key]; s != nil {
			if data := s.Flush(); len(data) > 0 {
				logs = append(logs, solve.Log{Digest: vertex, Stream: stream, Data: data})
			}
		}
	}
	return logs
}

// outputStreams is one more than standard error's number.
const outputStreams = 3

// masked is an event as watchers may see it. Its lines are masked already.
func masked(m *mask.Masker, e job.Event) job.Event {
	if m == nil {
		return e
	}
	e.Error, e.Hint = m.Text(e.Error), m.Text(e.Hint)
	if e.Problem != nil {
		p := maskedProblem(m, *e.Problem)
		e.Problem = &p
	}
	for i := range e.Steps {
		e.Steps[i].Summary = m.Text(e.Steps[i].Summary)
	}
	return e
}

func maskedProblem(m *mask.Masker, p runtime.Problem) runtime.Problem {
	p.Message, p.Hint, p.Suggestion = m.Text(p.Message), m.Text(p.Hint), m.Text(p.Suggestion)
	related := make([]runtime.Related, len(p.Related))
	for i, x := range p.Related {
		related[i] = runtime.Related{Range: x.Range, Message: m.Text(x.Message)}
	}
	p.Related = related
	return p
}

// holdsSecret refuses a file whose content would become a value, and part of a
// program, although it holds a secret.
func (r *running) holdsSecret(x solve.Export) (runtime.Problem, bool) {
	name, found := r.output.mask.Find(x.Data)
	if !found {
		return runtime.Problem{}, false
	}
	p := runtime.Problem{
		Code: runtime.CodeSecretAsValue, Severity: runtime.SeverityError, Component: x.Op.Component,
		Message: "export of " + x.Source + ": the file holds the secret " + name,
		Hint:    "keep the secret out of the file, or mount the file where it is needed instead of exporting it",
	}
	if op := r.plan.Op(x.Op); op != nil {
		p.Range = op.FieldRange("source")
	}
	return p, true
}

// setMask makes every later event of the job masked.
func (j *Job) setMask(m *mask.Masker) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.mask = m
}

// text masks a message about the job for a log.
func (j *Job) text(s string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.mask.Text(s)
}

// log hands a piece of output on.
func (r *running) log(l solve.Log, now time.Time) {
	if data := r.output.write(l); len(data) > 0 {
		r.job.emit(r.tracker.Log(l.Digest, l.Stream, data, now)...)
	}
}

// endLog hands on what was held back of a vertex that has ended.
func (r *running) endLog(v job.Vertex, now time.Time) {
	if v.Completed == nil {
		return
	}
	for _, l := range r.output.rest(v.Digest) {
		r.job.emit(r.tracker.Log(l.Digest, l.Stream, l.Data, now)...)
	}
}
