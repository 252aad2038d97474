package solve

import (
	"context"
	"fmt"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// ActionError says that an op's action has failed, such as a push that the
// registry refuses. What fails in the state that it acts on is a Failure.
type ActionError struct {
	Op runtime.OpID
	// Hint is what the user can do about it, if that is known.
	Hint  string
	Cause error
}

func (e *ActionError) Error() string { return e.Cause.Error() }

// Unwrap gives the cause.
func (e *ActionError) Unwrap() error { return e.Cause }

// act does what an op asks for outside of LLB, with a state that it solves
// first: there a failure is a vertex's.
func (p *passes) act(ctx context.Context, a runtime.Action, def *pb.Definition) (ops.ActionResult, error) {
	if _, err := p.gw.Solve(ctx, gateway.SolveRequest{Definition: def, Evaluate: true}); err != nil {
		return ops.ActionResult{}, err
	}
	switch a.Kind {
	case ops.PushName:
		return p.push(ctx, a, def)
	case ops.SaveName:
		return p.save(ctx, a, def)
	}
	return ops.ActionResult{}, &inSessionError{fmt.Errorf("internal error: no action %s", a.Kind)}
}

func (p *passes) push(ctx context.Context, a runtime.Action, def *pb.Definition) (ops.ActionResult, error) {
	attrs, err := p.export(ctx, a, def, client.ExportEntry{
		Type:  client.ExporterImage,
		Attrs: map[string]string{"name": a.Target, "push": "true"},
	})
	if err != nil {
		failed := &ActionError{Op: a.Op, Cause: err}
		if named, err := reference.ParseNormalizedNamed(a.Target); err == nil {
			failed.Hint = p.s.logins.hint(registryHost(named))
		}
		return ops.ActionResult{}, failed
	}
	dgst := attrs[exptypes.ExporterImageDigestKey]
	return ops.ActionResult{Ref: a.Target + "@" + dgst, Digest: dgst, ID: attrs[exptypes.ExporterImageConfigDigestKey]}, nil
}

// export gives a state that is solved to an exporter: a solve of its own, in
// the same session, that finds all it needs done.
func (p *passes) export(
	ctx context.Context, a runtime.Action, def *pb.Definition, to client.ExportEntry,
) (map[string]string, error) {
	opt := client.SolveOpt{
		Exports: []client.ExportEntry{to}, Internal: true,
		SharedSession: p.s.shared, SessionPreInitialized: true,
	}
	res, err := p.s.live.Build(ctx, opt, product, func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
		res, err := gw.Solve(ctx, gateway.SolveRequest{Definition: def, Evaluate: true})
		if err != nil {
			return nil, err
		}
		res.AddMeta(exptypes.ExporterImageConfigKey, a.Config)
		return res, nil
	}, nil)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	return res.ExporterResponse, nil
}
