package solve

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

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
	parts, err := p.parts(a, def)
	if err != nil {
		return ops.ActionResult{}, err
	}
	for _, part := range parts {
		if _, err := p.gw.Solve(ctx, gateway.SolveRequest{Definition: part.def, Evaluate: true}); err != nil {
			return ops.ActionResult{}, err
		}
	}
	switch a.Kind {
	case ops.PushName:
		return p.push(ctx, a, parts)
	case ops.SaveName:
		return p.save(ctx, a, parts)
	}
	return ops.ActionResult{}, &inSessionError{fmt.Errorf("internal error: no action %s", a.Kind)}
}

// part is what an action acts on: the state, or one platform's of several.
type part struct {
	id       string
	platform ocispecs.Platform
	def      *pb.Definition
	config   []byte
}

func (p *passes) parts(a runtime.Action, def *pb.Definition) ([]part, error) {
	if len(a.Variants) == 0 {
		return []part{{def: def, config: a.Config}}, nil
	}
	var out []part
	for _, v := range a.Variants {
		def, err := p.s.prepare(v.Definition)
		if err != nil {
			return nil, err
		}
		out = append(out, part{id: formatPlatform(v.Platform), platform: v.Platform, def: def, config: v.Config})
	}
	return out, nil
}

func (p *passes) push(ctx context.Context, a runtime.Action, parts []part) (ops.ActionResult, error) {
	attrs, err := p.export(ctx, parts, client.ExportEntry{
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

// export gives what is solved to an exporter: a solve of its own, in the same
// session, that finds all it needs done.
func (p *passes) export(ctx context.Context, parts []part, to client.ExportEntry) (map[string]string, error) {
	opt := client.SolveOpt{
		Exports: []client.ExportEntry{to}, Internal: true,
		SharedSession: p.s.shared, SessionPreInitialized: true,
	}
	res, err := p.s.live.Build(ctx, opt, product, func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
		return result(ctx, gw, parts)
	}, nil)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	return res.ExporterResponse, nil
}

// result is an image of one part, or an index of several.
func result(ctx context.Context, gw gateway.Client, parts []part) (*gateway.Result, error) {
	out := gateway.NewResult()
	var list exptypes.Platforms
	for _, part := range parts {
		ref, err := solveRef(ctx, gw, part.def)
		if err != nil {
			return nil, err
		}
		if part.id == "" {
			out.SetRef(ref)
			out.AddMeta(exptypes.ExporterImageConfigKey, part.config)
			return out, nil
		}
		out.AddRef(part.id, ref)
		out.AddMeta(exptypes.ExporterImageConfigKey+"/"+part.id, part.config)
		list.Platforms = append(list.Platforms, exptypes.Platform{ID: part.id, Platform: part.platform})
	}
	data, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	out.AddMeta(exptypes.ExporterPlatformsKey, data)
	return out, nil
}
