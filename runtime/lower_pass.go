package runtime

import (
	"context"
	"fmt"
	"strconv"

	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// finish marshals what the pass solves. In the last pass that is the target's
// result, with the exports that are left; in one before, all that is known
// already, so that it runs while the values are read that the rest waits for.
func (l *lowering) finish(ctx context.Context) error {
	target := l.results[l.final]
	if target == nil {
		return fmt.Errorf("%w: no target", errBadPlan)
	}
	root := target.state
	if l.waits() {
		if err := l.early(ctx); err != nil {
			return err
		}
		root = l.gather(l.loose())
	} else {
		root = l.collectExports(root)
	}
	def, err := l.marshal(ctx, root)
	if err != nil {
		return err
	}
	l.job.Definition = def
	if !l.job.Partial {
		l.markUnused()
	}
	return nil
}

// waits reports that some op could not be lowered, and notes for what.
func (l *lowering) waits() bool {
	for _, s := range l.job.Steps {
		l.job.Partial = l.job.Partial || s.Waiting
	}
	for _, c := range l.order {
		l.job.Partial = l.job.Partial || len(c.component.Waits) > 0
	}
	return l.job.Partial
}

// marshal gives the empty definition for a state with nothing in it.
func (l *lowering) marshal(ctx context.Context, s llb.State) (*llb.Definition, error) {
	if s.Output() == nil {
		return &llb.Definition{}, nil
	}
	def, err := s.Marshal(ctx, l.opt.constraints()...)
	if err != nil {
		return nil, fmt.Errorf("marshal %s: %w", l.job.Target, err)
	}
	return def, nil
}

// early takes the exports that something waits for: each is read as soon as its
// own state is there.
func (l *lowering) early(ctx context.Context) error {
	awaited := l.awaited()
	for _, e := range l.exports {
		if !awaited[e.Op.Component] {
			continue
		}
		def, err := l.marshal(ctx, e.state)
		if err != nil {
			return err
		}
		l.job.Early = append(l.job.Early, Early{Export: e.Export, Definition: def})
	}
	return nil
}

// awaited names the components whose exports an op of this job waits for.
func (l *lowering) awaited() map[string]bool {
	out := map[string]bool{}
	for _, c := range l.order {
		for _, w := range c.component.Waits {
			out[w.Component] = true
		}
		for _, op := range c.component.Ops {
			for _, w := range op.Waits {
				out[w.Component] = true
			}
		}
	}
	return out
}

// loose are the states that no other state of the pass contains.
func (l *lowering) loose() []llb.State {
	var out []llb.State
	for _, c := range l.order {
		if !c.used && c.state.Output() != nil {
			out = append(out, c.state)
		}
	}
	return out
}

// readyName is what people see of the vertex that holds together what a pass
// can solve while it waits.
const readyName = "[pass] all that waits for nothing"

// gather makes one state that needs all of states.
func (l *lowering) gather(states []llb.State) llb.State {
	if len(states) == 0 {
		return llb.Scratch()
	}
	if len(states) == 1 {
		return states[0]
	}
	action := need(nil, states[0])
	for _, s := range states[1:] {
		action = need(action, s)
	}
	return llb.Scratch().File(action, llb.WithCustomName(readyName))
}

// need makes s part of what a file operation takes, and copies nothing of it.
func need(action *llb.FileAction, s llb.State) *llb.FileAction {
	info := &llb.CopyInfo{AllowWildcard: true, AllowEmptyWildcard: true}
	if action == nil {
		return llb.Copy(s, "/.cuellb-nothing*", "/", info)
	}
	return action.Copy(s, "/.cuellb-nothing*", "/", info)
}

// markUnused finds the steps that did not make it into the definition.
func (l *lowering) markUnused() {
	in := make(map[digest.Digest]bool, len(l.job.Definition.Def))
	for _, def := range l.job.Definition.Def {
		in[digest.FromBytes(def)] = true
	}
	for i, s := range l.job.Steps {
		if len(s.Digests) > 0 && !in[s.Digests[0]] {
			l.job.Steps[i].Digests, l.job.Steps[i].Unused = nil, true
		}
	}
}

// exportsName is what people see of the vertex that gathers exports.
const exportsName = "[exports] read back into CUE"

// collectExports copies the exports from states that the result does not keep as
// they were beside it, so that one solve gives all of them.
func (l *lowering) collectExports(state llb.State) llb.State {
	inResult := true
	for _, e := range l.exports {
		inResult = inResult && e.state.Output() == state.Output()
	}
	if inResult {
		for _, e := range l.exports {
			l.job.Exports = append(l.job.Exports, e.Export)
		}
		return state
	}
	var action *llb.FileAction
	if state.Output() != nil {
		action = need(nil, state)
	}
	for i, e := range l.exports {
		e.Path = "/" + strconv.Itoa(i)
		l.job.Exports = append(l.job.Exports, e.Export)
		info := &llb.CopyInfo{FollowSymlinks: true}
		if action == nil {
			action = llb.Copy(e.state, e.Source, e.Path, info)
			continue
		}
		action = action.Copy(e.state, e.Source, e.Path, info)
	}
	return llb.Scratch().File(action, llb.WithCustomName(exportsName))
}

// Act implements ops.Builder.
func (l *lowering) Act(ctx context.Context, in llb.State, a ops.Action) (ops.ActionResult, error) {
	if done, ok := l.opt.Done[l.op.ID]; ok {
		return done, nil
	}
	def, err := l.marshal(ctx, in)
	if err != nil {
		return ops.ActionResult{}, err
	}
	if a.Config, err = imageConfig(ctx, in, l.opt.Platform); err != nil {
		return ops.ActionResult{}, err
	}
	act := Action{Action: a, Op: l.op.ID, Definition: def}
	if a.Kind == ops.PushName {
		if act.Variants, err = l.variantsOf(ctx, in); err != nil {
			return ops.ActionResult{}, err
		}
	}
	l.job.Actions = append(l.job.Actions, act)
	return ops.ActionResult{}, ops.ErrPending
}
