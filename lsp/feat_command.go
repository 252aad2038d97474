package lsp

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"github.com/dagger/dagger-lsp/analysis"
	"github.com/dagger/dagger-lsp/analysis/graph"
	"github.com/dagger/dagger-lsp/runtime"
)

// command is one of workspace/executeCommand's.
type command func(*owner, *protocol.ExecuteCommandParams) (answer, error)

// commands lists what the editor may execute.
func commands() map[string]command {
	return map[string]command{
		"cuellb.run":    runCommand,
		"cuellb.cancel": cancelCommand,
		"cuellb.plan":   textCommand(planText),
		"cuellb.graph":  textCommand(graphText),
		commandMigrate:  migrateCommand,
	}
}

func executeCommandFeature() feature {
	return feature{
		method: protocol.MethodWorkspaceExecuteCommand,
		announce: func(c *protocol.ServerCapabilities, _ *client) {
			c.ExecuteCommandProvider = protocol.ExecuteCommandOptions{Commands: slices.Sorted(maps.Keys(commands()))}
		},
		decode: request(func(o *owner, p *protocol.ExecuteCommandParams) (answer, error) {
			c, ok := commands()[p.Command]
			if !ok {
				return nil, invalid("unknown command %q", p.Command)
			}
			return c(o, p)
		}),
	}
}

// commandArgument names a component in one version of a text.
type commandArgument struct {
	URI       uri.URI `json:"uri"`
	Component string  `json:"component"`
	// Version is the text's version the editor means; without one the
	// current text is meant.
	Version *int32 `json:"version,omitempty"`
	// Format is cuellb.graph's: mermaid (the default), dot, svg or json.
	Format string `json:"format,omitempty"`
	// Job is cuellb.cancel's.
	Job string `json:"job,omitempty"`
}

func (a commandArgument) encode() protocol.LSPAny {
	raw, _ := json.Marshal(a) // plain strings and a number always encode
	return raw
}

func readArgument(p *protocol.ExecuteCommandParams) (commandArgument, error) {
	var a commandArgument
	if len(p.Arguments) != 1 {
		return a, invalid("%s takes one argument, an object; got %d", p.Command, len(p.Arguments))
	}
	if err := json.Unmarshal(p.Arguments[0], &a); err != nil {
		return a, invalid("%s: decode the argument: %v", p.Command, err)
	}
	return a, nil
}

// named returns the snapshot a command means, refusing a version that is gone:
// what runs must be what the user saw.
func (o *owner) named(a commandArgument) (*Snapshot, error) {
	d, ok := o.docs[pathOf(a.URI)]
	if !ok {
		return nil, invalid("%s is not open", a.URI)
	}
	if a.Version != nil && *a.Version != d.version {
		return nil, &staleError{uri: a.URI, asked: *a.Version, current: d.version}
	}
	return o.snapshot(d.path), nil
}

// full returns the evaluated plan of exactly this snapshot.
func (o *owner) full(s *Snapshot) func(context.Context) (*runtime.Plan, error) {
	evaluator := o.opts.Evaluator
	return func(ctx context.Context) (*runtime.Plan, error) {
		if s.evaluated() || evaluator == nil {
			return s.plan, nil
		}
		return evaluator.Evaluate(ctx, s.source)
	}
}

// textCommand answers with a text about a component's plan.
func textCommand(text func(context.Context, *runtime.Plan, commandArgument) (string, error)) command {
	return func(o *owner, p *protocol.ExecuteCommandParams) (answer, error) {
		a, err := readArgument(p)
		if err != nil {
			return nil, err
		}
		snap, err := o.named(a)
		if err != nil {
			return nil, err
		}
		full := o.full(snap)
		return func(ctx context.Context) (any, error) {
			plan, err := full(ctx)
			if err != nil {
				return nil, err
			}
			if plan.Component(a.Component) == nil {
				return nil, noComponent(plan, a.Component)
			}
			out, err := text(ctx, plan, a)
			return protocol.String(out), err
		}, nil
	}
}

func planText(_ context.Context, p *runtime.Plan, a commandArgument) (string, error) {
	return analysis.PlanText(p, a.Component), nil
}

func graphText(ctx context.Context, p *runtime.Plan, a commandArgument) (string, error) {
	format := graph.Mermaid
	if a.Format != "" {
		format = graph.Format(a.Format)
	}
	if !slices.Contains(graph.Formats(), format) {
		return "", invalid("unknown graph format %q: there are %v", a.Format, graph.Formats())
	}
	out, err := graph.Render(ctx, p.Graph(a.Component), format)
	return string(out), err
}

func noComponent(p *runtime.Plan, name string) error {
	var have []string
	for _, c := range p.Components {
		if analysis.Runnable(c) {
			have = append(have, c.Path)
		}
	}
	return invalid("there is no component %q; there are %v", name, have)
}
