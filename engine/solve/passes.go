package solve

import (
	"context"
	"errors"
	"sync"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// A job whose ops need values that only a run gives is solved in passes, all in
// one session. Each pass starts, side by side, what can be read and done early,
// and all that waits for nothing; as soon as any of it has come, what is known is
// compiled again. BuildKit runs a vertex once however many of a session's
// definitions hold it, so that nothing is done twice, and what a pass began goes
// on while the next is compiled. A job without such ops is one pass: one solve.

// passes is the body of a session.
type passes struct {
	s  *session
	gw gateway.Client
	wg sync.WaitGroup
	// news comes from the goroutines of wg, one message each; pending counts
	// those to come, awaited those of them that the next pass needs.
	news             chan news
	pending, awaited int
	started          map[runtime.OpID]bool
	// background is the definition of a pass that was started last.
	background *llb.Definition
	// last is a definition that was solved, for the wait for its containers.
	last *pb.Definition
}

// news is how one early export, action or background solve has ended.
type news struct {
	export *Export
	acted  *acted
	err    error
}

type acted struct {
	op     runtime.OpID
	result ops.ActionResult
}

// errStuck says that a partial job has nothing to wait for.
var errStuck = errors.New("internal error: the job waits for nothing")

// solve is the body of the session.
func (s *session) solve(ctx context.Context, gw gateway.Client) error {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &passes{s: s, gw: gw, news: make(chan news), started: map[runtime.OpID]bool{}}
	err := p.run(inner)
	cancel(err)
	p.wg.Wait()
	if err != nil && p.last != nil {
		s.vertices.drain(ctx, gw, p.last)
	}
	return err
}

func (p *passes) run(ctx context.Context) error {
	for {
		j, err := p.lower(ctx)
		if err != nil || j == nil {
			return err
		}
		if err := p.start(ctx, j); err != nil {
			return err
		}
		if !j.Partial {
			return p.finish(ctx, j)
		}
		if p.awaited == 0 {
			return &inSessionError{errStuck}
		}
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
}

// lower compiles the next pass, and offers the daemon what it may ask for.
func (p *passes) lower(ctx context.Context) (*runtime.Job, error) {
	j, err := p.s.req.Lower(ctx, &images{local: p.s.req.Images, gw: p.gw, logins: p.s.logins}, &files{session: p.s, gw: p.gw})
	var solving *solveError
	if errors.As(err, &solving) {
		return nil, solving.error
	}
	if err == nil && j != nil {
		err = p.s.serve(j)
	}
	if err != nil {
		return nil, &inSessionError{err}
	}
	return j, nil
}

// start starts what of a pass has not been started.
func (p *passes) start(ctx context.Context, j *runtime.Job) error {
	for _, e := range j.Early {
		if err := p.once(ctx, e.Op, e.Definition, func(ctx context.Context, def *pb.Definition) news {
			x, err := p.read(ctx, e, def)
			return news{export: x, err: err}
		}); err != nil {
			return err
		}
	}
	for _, a := range j.Actions {
		if err := p.once(ctx, a.Op, a.Definition, func(ctx context.Context, def *pb.Definition) news {
			result, err := p.act(ctx, a, def)
			return news{acted: &acted{a.Op, result}, err: err}
		}); err != nil {
			return err
		}
	}
	if !j.Partial || len(j.Definition.Def) == 0 || sameDefinition(p.background, j.Definition) {
		return nil
	}
	p.background = j.Definition
	def, err := p.prepare(j.Definition)
	if err != nil {
		return err
	}
	p.launch(ctx, func(ctx context.Context) news {
		_, err := solveRef(ctx, p.gw, def)
		return news{err: err}
	})
	return nil
}

// once launches what an op asks for, in the first pass that has it.
func (p *passes) once(
	ctx context.Context, op runtime.OpID, d *llb.Definition, do func(context.Context, *pb.Definition) news,
) error {
	if p.started[op] {
		return nil
	}
	p.started[op] = true
	def, err := p.prepare(d)
	if err != nil {
		return err
	}
	p.awaited++
	p.launch(ctx, func(ctx context.Context) news { return do(ctx, def) })
	return nil
}

func (p *passes) launch(ctx context.Context, do func(context.Context) news) {
	p.pending++
	p.wg.Go(func() {
		n := do(ctx)
		select {
		case p.news <- n:
		case <-ctx.Done():
		}
	})
}

// sameDefinition reports that a and b have the same vertices in the same order;
// a may be nil.
func sameDefinition(a, b *llb.Definition) bool {
	if a == nil || len(a.Def) != len(b.Def) {
		return false
	}
	for i := range a.Def {
		if string(a.Def[i]) != string(b.Def[i]) {
			return false
		}
	}
	return true
}

// prepare makes a definition ready to be solved, and remembers one.
func (p *passes) prepare(d *llb.Definition) (*pb.Definition, error) {
	def, err := p.s.prepare(d)
	if err == nil && len(def.Def) > 0 {
		p.last = def
	}
	return def, err
}

// read solves the state of an early export and reads its file.
func (p *passes) read(ctx context.Context, e runtime.Early, def *pb.Definition) (*Export, error) {
	ref, err := solveRef(ctx, p.gw, def)
	if err != nil {
		return nil, err
	}
	got, err := readExports(ctx, ref, []runtime.Export{e.Export})
	if err != nil {
		return nil, err
	}
	return &got[0], nil
}

// wait takes news until the next pass can know more than this one, and whatever
// else has come by then.
func (p *passes) wait(ctx context.Context) error {
	for before := p.awaited; p.awaited == before; {
		select {
		case n := <-p.news:
			if err := p.take(n); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for {
		select {
		case n := <-p.news:
			if err := p.take(n); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

func (p *passes) take(n news) error {
	p.pending--
	var err error
	switch {
	case n.err != nil:
		return n.err
	case n.export != nil:
		p.awaited--
		err = p.s.req.Exported(*n.export)
	case n.acted != nil:
		p.awaited--
		err = p.s.req.Acted(n.acted.op, n.acted.result)
	}
	if err != nil {
		return &inSessionError{err}
	}
	return nil
}

// finish solves the last pass, and waits for all that was started before it.
func (p *passes) finish(ctx context.Context, j *runtime.Job) error {
	if len(j.Definition.Def) > 0 {
		if err := p.solveLast(ctx, j); err != nil {
			return err
		}
	}
	for p.pending > 0 {
		select {
		case n := <-p.news:
			if err := p.take(n); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (p *passes) solveLast(ctx context.Context, j *runtime.Job) error {
	def, err := p.prepare(j.Definition)
	if err != nil {
		return err
	}
	ref, err := solveRef(ctx, p.gw, def)
	if err != nil {
		return err
	}
	p.s.result.Exports, err = readExports(ctx, ref, j.Exports)
	return err
}
