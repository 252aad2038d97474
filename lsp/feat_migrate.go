package lsp

import (
	"context"
	"maps"
	"slices"

	"go.lsp.dev/protocol"

	"github.com/dagger/dagger-lsp/analysis"
	"github.com/dagger/dagger-lsp/runtime"
)

// commandMigrate writes every package of the workspace in today's spelling. It
// is a command and no ready edit: finding the edits reads the whole workspace.
const commandMigrate = "cuellb.migrate"

func (c *client) appliesEdits() bool {
	w := c.caps.Workspace
	return w != nil && isTrue(w.ApplyEdit)
}

// migrateWorkspace is the action at an older spelling, for editors that let a
// server change their texts.
func (s *Snapshot) migrateWorkspace(path string, at runtime.Range) *protocol.CodeAction {
	older := slices.ContainsFunc(s.problems, func(p runtime.Problem) bool {
		return p.Code == runtime.CodeOlderSpelling && p.Range.File == at.File &&
			!at.End.Before(p.Range.Start) && !p.Range.End.Before(at.Start)
	})
	if !older || !s.client.appliesEdits() {
		return nil
	}
	kind := protocol.CodeActionKindQuickFix
	title := "Write the whole workspace in today's spelling"
	return &protocol.CodeAction{
		Title: title, Kind: &kind,
		Command: protocol.Command{
			Title: title, Command: commandMigrate,
			Arguments: []protocol.LSPAny{commandArgument{URI: s.uri(path)}.encode()},
		},
	}
}

// migrateCommand asks the editor to make the edits.
func migrateCommand(o *owner, p *protocol.ExecuteCommandParams) (answer, error) {
	a, err := readArgument(p)
	if err != nil {
		return nil, err
	}
	snap, err := o.named(a)
	if err != nil {
		return nil, err
	}
	v, folders, out := o.view(), slices.Clone(o.folders), o.out
	if len(folders) == 0 {
		folders = []string{snap.key.dir}
	}
	src := runtime.Source{Overlay: map[string][]byte{}, Offline: !o.trusted}
	for path, d := range o.docs {
		src.Overlay[path] = []byte(d.text.String())
	}
	return func(ctx context.Context) (any, error) {
		edits, err := migrations(ctx, src, folders, v)
		if err != nil || len(edits) == 0 {
			return nil, err
		}
		label := "Today's spelling"
		out.send(outgoing{
			method: protocol.MethodWorkspaceApplyEdit, call: true,
			params: &protocol.ApplyWorkspaceEditParams{Label: &label, Edit: *v.workspaceEdit(edits)},
		})
		return nil, nil
	}, nil
}

func migrations(ctx context.Context, src runtime.Source, folders []string, v view) ([]runtime.Edit, error) {
	changed := map[string][]byte{}
	for _, dir := range folders {
		src.Dir = dir
		all, err := runtime.PackagesBelow(src)
		if err != nil {
			return nil, err
		}
		for _, one := range all {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			maps.Copy(changed, runtime.Migrate(one))
		}
	}
	var edits []runtime.Edit
	for _, path := range slices.Sorted(maps.Keys(changed)) {
		edits = append(edits, analysis.Replacement(path, v.text(path).String(), string(changed[path])))
	}
	return edits, nil
}
