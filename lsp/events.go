package lsp

import (
	"github.com/dagger/dagger-lsp/runtime"
)

// event is everything that can change the session's state. The set is closed:
// only the types below are events.
type event interface{ apply(o *owner) }

// message is one message from the editor.
type message struct {
	feature feature
	do      func(*owner) (answer, error)
	done    chan outcome
}

type outcome struct {
	rest answer
	err  error
}

// quiet says that a package has rested long enough since the change that made
// its snapshot seq.
type quiet struct {
	key packageKey
	seq uint64
}

// built is the outcome of evaluating snapshot seq.
type built struct {
	key      packageKey
	seq      uint64
	plan     *runtime.Plan
	problems []runtime.Problem
	err      error
}
