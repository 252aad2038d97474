// Package job is what a run is to its watchers: a list of events, and the
// state they add up to.
//
// It is pure. Events come in the order in which things were seen; State.Apply
// folds them; a Tracker makes events of what BuildKit reports of vertices.
// Both give the same for the same input, so an event list written to a file
// replays to the same state. Times are the events' own.
package job

import (
	"time"

	"github.com/dagger/dagger-lsp/runtime"
)

// Kind says what an event is about.
type Kind string

// The kinds of events. A job begins with KindJobStarted and ends with one of
// the last three; nothing follows those.
const (
	KindJobStarted  Kind = "job-started"
	KindPlanLowered Kind = "plan-lowered"
	KindOpStarted   Kind = "op-started"
	KindOpCached    Kind = "op-cached"
	KindOpDone      Kind = "op-done"
	KindOpFailed    Kind = "op-failed"
	KindOpCanceled  Kind = "op-canceled"
	KindOpLog       Kind = "op-log"
	KindProblem     Kind = "problem"
	KindExport      Kind = "export"
	KindJobDone     Kind = "job-done"
	KindJobFailed   Kind = "job-failed"
	KindJobCanceled Kind = "job-canceled"
)

// Event is one thing that happened in a job. Which fields are set depends on
// the kind; all encode to JSON, one event a line in `run --progress=json`.
type Event struct {
	Time time.Time `json:"time"`
	Kind Kind      `json:"kind"`
	// Job and Target name the job, at its start.
	Job    string `json:"job,omitempty"`
	Target string `json:"target,omitempty"`
	// Steps are the ops of the job, when the plan has been lowered: at the
	// start, and again for each further pass. Pass counts from 1.
	Steps []Step `json:"steps,omitempty"`
	Pass  int    `json:"pass,omitempty"`
	// Op are the operations concerned: several if they are alike to the
	// letter, because BuildKit runs them once.
	Op []runtime.OpID `json:"op,omitempty"`
	// Lines are whole lines of output, without their ends. Stream is 1 for
	// standard output and 2 for standard error.
	Lines  []string `json:"lines,omitempty"`
	Stream int      `json:"stream,omitempty"`
	// Dropped counts the lines of a replayed event that were not kept.
	Dropped int `json:"dropped,omitempty"`
	// Error is why an op or the job failed; Hint what the user can do.
	Error    string           `json:"error,omitempty"`
	Hint     string           `json:"hint,omitempty"`
	ExitCode *int             `json:"exitCode,omitempty"`
	Problem  *runtime.Problem `json:"problem,omitempty"`
	Export   *ExportValue     `json:"export,omitempty"`
}

// Step is one op of a job, as the plan has it.
type Step struct {
	ID      runtime.OpID  `json:"id"`
	Do      string        `json:"do"`
	Summary string        `json:"summary,omitempty"`
	Range   runtime.Range `json:"range"`
	// Unused says that nothing takes the op's result: it will not run.
	Unused bool `json:"unused,omitempty"`
	// Waiting says that the op is part of a later pass.
	Waiting bool `json:"waiting,omitempty"`
}

// ExportValue is a file that was read back after the solve.
type ExportValue struct {
	Op     runtime.OpID `json:"op"`
	Source string       `json:"source"`
	Format string       `json:"format"`
	// Value is the file's content, decoded as Format says.
	Value any `json:"value"`
}

// Last reports whether no event follows one of this kind.
func (k Kind) Last() bool {
	return k == KindJobDone || k == KindJobFailed || k == KindJobCanceled
}

// Steps takes from a compiled job what events say of its ops.
func Steps(steps []runtime.Step) []Step {
	out := make([]Step, len(steps))
	for i, s := range steps {
		out[i] = Step{ID: s.ID, Do: s.Do, Summary: s.Summary, Range: s.Range, Unused: s.Unused, Waiting: s.Waiting}
	}
	return out
}
