package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/dagger/dagger-lsp/runtime"
)

// Evaluator evaluates packages. The error is for a cancelled context and for a
// child that cannot be started; everything else is in the plan.
type Evaluator interface {
	Evaluate(ctx context.Context, src runtime.Source) (*runtime.Plan, error)
}

// Options of a Pool.
type Options struct {
	// Command is the argv of the child.
	Command []string
	// Budget is the time one evaluation may take; 0 takes DefaultBudget.
	Budget time.Duration
	// MemoryBytes is the most that a child's heap may take; 0 takes
	// DefaultMemoryBytes.
	MemoryBytes int64
	// Children is the most that run at a time; 0 takes DefaultChildren.
	Children int
	Log      *zap.Logger
}

const (
	// DefaultBudget is long for a thousand components and short for a person.
	DefaultBudget = 10 * time.Second
	// DefaultMemoryBytes is many times what a thousand components take.
	DefaultMemoryBytes = 1 << 30
	// DefaultChildren leaves a core to the editor on a small machine.
	DefaultChildren = 2
	// maxEvaluations is after how many a child is replaced.
	maxEvaluations = 300
)

// Pool is an Evaluator over child processes. Idle children are kept for the
// next call. It is safe for concurrent use.
type Pool struct {
	opt   Options
	slots chan struct{} // one token for each child that may run

	mu     sync.Mutex
	idle   []*child
	closed bool
}

var errClosed = errors.New("evaluation pool is closed")

// New returns a Pool; children start when they are needed.
func New(opt Options) *Pool {
	if opt.Budget <= 0 {
		opt.Budget = DefaultBudget
	}
	if opt.MemoryBytes <= 0 {
		opt.MemoryBytes = DefaultMemoryBytes
	}
	if opt.Children <= 0 {
		opt.Children = DefaultChildren
	}
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	return &Pool{opt: opt, slots: make(chan struct{}, opt.Children)}
}

// Evaluate implements Evaluator. When ctx is cancelled the child is killed.
func (p *Pool) Evaluate(ctx context.Context, src runtime.Source) (*runtime.Plan, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	data, err := json.Marshal(request{Source: src, MemoryBytes: p.opt.MemoryBytes})
	if err != nil {
		return nil, fmt.Errorf("encode source: %w", err)
	}
	c, err := p.take()
	if err != nil {
		return nil, err
	}
	budget, cancel := context.WithTimeout(ctx, p.opt.Budget)
	defer cancel()
	answer, err := c.ask(budget, data)
	if err == nil {
		p.giveBack(c)
		return runtime.DecodePlan(answer)
	}
	end := c.kill()
	p.spare()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	p.opt.Log.Warn("evaluation child ended", zap.Error(err), zap.NamedError("exit", end), zap.String("dir", src.Dir))
	return p.limited(src, p.verdict(budget.Err() != nil, end)), nil
}

// verdict says what the end of a child means.
func (p *Pool) verdict(overBudget bool, end error) runtime.Problem {
	var exit *exec.ExitError
	switch {
	case overBudget:
		return runtime.Problem{
			Code:    runtime.CodeEvalTimeout,
			Message: fmt.Sprintf("evaluating this package takes longer than %s", p.opt.Budget),
		}
	case errors.As(end, &exit) && exit.ExitCode() == ExitMemory:
		return runtime.Problem{
			Code:    runtime.CodeEvalMemory,
			Message: fmt.Sprintf("evaluating this package takes more than %d MB of memory", p.opt.MemoryBytes>>20),
		}
	}
	return runtime.Problem{Code: runtime.CodeEvalCrash, Message: "evaluating this package makes CUE crash"}
}

// limited is the plan of a package that cannot be evaluated: what syntax gives.
func (p *Pool) limited(src runtime.Source, why runtime.Problem) *runtime.Plan {
	why.Severity = runtime.SeverityError
	why.Hint = "look for a value that contains itself, or for a comprehension over a large list"
	return runtime.Unevaluated(src, why)
}

func (p *Pool) take() (*child, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return c, nil
	}
	return startChild(p.opt.Command)
}

// spare starts a child in place of one that was killed: a person who types kills
// one at every few keys, and should not wait for the next to start.
func (p *Pool) spare() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) > 0 {
		return
	}
	c, err := startChild(p.opt.Command)
	if err != nil {
		return // the next evaluation meets the same, and reports it
	}
	p.idle = append(p.idle, c)
}

func (p *Pool) giveBack(c *child) {
	c.served++
	p.mu.Lock()
	if !p.closed && c.served < maxEvaluations {
		p.idle = append(p.idle, c)
		c = nil
	}
	p.mu.Unlock()
	if c != nil {
		c.kill() //nolint:errcheck // it was killed: its exit says nothing
	}
}

// Close ends the children and waits for them. Evaluations under way end with
// the context they were given.
func (p *Pool) Close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, c := range idle {
		c.kill() //nolint:errcheck // as in giveBack
	}
	for range cap(p.slots) {
		p.slots <- struct{}{} // wait for those that are busy
	}
	return nil
}
