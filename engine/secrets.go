package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// Secrets gives the text of secrets to a job that needs them.
type Secrets interface {
	// Secret returns the text of the secret at a path of the plan, or
	// ErrNoSecret if it has none of that name.
	Secret(ctx context.Context, path string) ([]byte, error)
}

// ErrNoSecret says that a Secrets does not have one of that name.
var ErrNoSecret = errors.New("no secret of that name")

// maxSecret is the most that BuildKit takes.
const maxSecret = 500 << 10

// given is what a job was given of what it needs, by the path in the plan.
type given struct {
	secrets map[string][]byte
	streams map[string]solve.Stream
}

// covers reports that all that is needed is there.
func (g given) covers(needs runtime.Needs) bool {
	for path := range needs.Secrets {
		if _, ok := g.secrets[path]; !ok {
			return false
		}
	}
	for path := range needs.Streams {
		if _, ok := g.streams[path]; !ok {
			return false
		}
	}
	return true
}

// give finds the secrets and streams that the target needs, before any daemon
// is touched. What is missing is a problem at the op that asks first.
func (r *running) give(ctx context.Context, needs runtime.Needs) ([]runtime.Problem, error) {
	r.given = given{secrets: map[string][]byte{}, streams: map[string]solve.Stream{}}
	var problems []runtime.Problem
	for _, path := range slices.Sorted(maps.Keys(needs.Secrets)) {
		need := needs.Secrets[path]
		text, err := r.findSecret(ctx, need)
		switch {
		case errors.Is(err, ErrNoSecret):
			problems = append(problems, r.plan.MissingSecret(need))
		case err != nil:
			return nil, fmt.Errorf("get the secret %s: %w", path, err)
		case len(text) > maxSecret:
			problems = append(problems, badHandle(need, fmt.Sprintf("the secret %s is larger than %d KiB", path, maxSecret>>10)))
		default:
			r.given.secrets[path] = text
		}
	}
	for _, path := range slices.Sorted(maps.Keys(needs.Streams)) {
		need := needs.Streams[path]
		stream, ok := r.findStream(need)
		if !ok {
			problems = append(problems, r.plan.MissingStream(need))
			continue
		}
		r.given.streams[path] = stream
		if why := badSocket(stream.Socket); why != "" {
			problems = append(problems, badHandle(need, "the stream "+path+": "+why))
		}
	}
	return append(problems, r.giveAgent(needs)...), nil
}

func (r *running) findSecret(ctx context.Context, need runtime.Given) ([]byte, error) {
	if r.req.Secrets != nil {
		for _, name := range append([]string{need.Path}, need.Names...) {
			text, err := r.req.Secrets.Secret(ctx, name)
			if !errors.Is(err, ErrNoSecret) {
				return text, err
			}
		}
	}
	if text, ok := r.plan.PlainSecret(need.Path); ok {
		return text, nil
	}
	return nil, ErrNoSecret
}

func (r *running) findStream(need runtime.Given) (solve.Stream, bool) {
	for _, name := range append([]string{need.Path}, need.Names...) {
		if s, ok := r.req.Streams[name]; ok {
			return s, true
		}
	}
	return solve.Stream{}, false
}

// giveAgent gives git the user's ssh agent.
func (r *running) giveAgent(needs runtime.Needs) []runtime.Problem {
	op := r.plan.Op(needs.Agent)
	if op == nil {
		return nil
	}
	p := runtime.Problem{
		Code: runtime.CodeMissingInput, Severity: runtime.SeverityError, Component: needs.Agent.Component,
		Range: op.FieldRange("remote"), Hint: "start an agent and add your key to it: ssh-add",
	}
	if r.req.Agent == "" {
		p.Message = "there is no ssh agent: SSH_AUTH_SOCK is not set"
		return []runtime.Problem{p}
	}
	if why := badSocket(r.req.Agent); why != "" {
		p.Message = "the ssh agent: " + why
		return []runtime.Problem{p}
	}
	r.given.streams[agentPath] = solve.Stream{Socket: r.req.Agent, Agent: true}
	return nil
}

// agentPath stands for the user's agent among the streams; it is no CUE path.
const agentPath = ""

// badSocket says why no socket can be reached at path, or nothing.
func badSocket(path string) string {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no socket at " + path
	case err != nil:
		return err.Error()
	case st.Mode()&os.ModeSocket == 0:
		return path + " is not a unix socket"
	}
	return ""
}

func badHandle(need runtime.Given, message string) runtime.Problem {
	return runtime.Problem{
		Code: runtime.CodeBadValue, Severity: runtime.SeverityError, Range: need.Range,
		Component: need.Op.Component, Message: message,
	}
}

// handles are what the session serves of a compiled job, by the ids in it.
func (r *running) handles(j *runtime.Job) solve.Handles {
	h := solve.Handles{Secrets: map[string][]byte{}, Streams: map[string]solve.Stream{}}
	for id, path := range j.Secrets {
		h.Secrets[id] = r.given.secrets[path]
	}
	for id, path := range j.Streams {
		h.Streams[id] = r.given.streams[path]
	}
	if agent, ok := r.given.streams[agentPath]; ok {
		h.Streams[ops.AgentStream] = agent
	}
	return h
}
