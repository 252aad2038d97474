package lsp

import (
	"encoding/json"
	"path/filepath"
	"slices"

	"go.lsp.dev/protocol"
)

func foldersFeature() feature {
	return feature{
		method: protocol.MethodWorkspaceDidChangeWorkspaceFolders,
		announce: func(c *protocol.ServerCapabilities, _ *client) {
			yes := true
			c.Workspace = &protocol.WorkspaceOptions{WorkspaceFolders: &protocol.WorkspaceFoldersServerCapabilities{
				Supported: &yes, ChangeNotifications: protocol.Boolean(true),
			}}
		},
		decode: notification(changeFolders),
	}
}

func changeFolders(o *owner, p *protocol.DidChangeWorkspaceFoldersParams) {
	for _, f := range p.Event.Removed {
		gone := pathOf(f.URI)
		o.folders = slices.DeleteFunc(o.folders, func(have string) bool { return have == gone })
	}
	for _, f := range p.Event.Added {
		if dir := pathOf(f.URI); !slices.Contains(o.folders, dir) {
			o.folders = append(o.folders, dir)
		}
	}
}

func configurationFeature() feature {
	return feature{method: protocol.MethodWorkspaceDidChangeConfiguration, decode: notification(changeConfiguration)}
}

// changeConfiguration takes settings from below "cuellb".
func changeConfiguration(o *owner, p *protocol.DidChangeConfigurationParams) {
	var all struct {
		Cuellb json.RawMessage `json:"cuellb"`
	}
	_ = json.Unmarshal(p.Settings, &all) // settings of others are not ours to judge
	o.configure(readSettings(all.Cuellb))
}

func watchedFilesFeature() feature {
	return feature{method: protocol.MethodWorkspaceDidChangeWatchedFiles, decode: notification(changeFiles)}
}

// changeFiles refreshes the packages whose files changed on the disk. What an
// editor has open is the editor's: the disk does not count.
func changeFiles(o *owner, p *protocol.DidChangeWatchedFilesParams) {
	stale := map[packageKey]bool{}
	for _, c := range p.Changes {
		path := pathOf(c.URI)
		if d, open := o.docs[path]; open {
			n := *d
			n.saved = onDisk(d)
			o.docs[path] = &n
			continue
		}
		for key, pk := range o.packages {
			if key.file == "" && (isIn(path, key.dir) || uses(pk.snap.plan, path)) {
				stale[key] = true
			}
		}
	}
	for key := range stale {
		o.refresh(key)
	}
}

// isIn reports whether path lies in dir or below it.
func isIn(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}
