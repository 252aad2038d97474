package lsp

import (
	"context"
	"path/filepath"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"github.com/dagger/dagger-lsp/lsp/internal/text"
)

func initializeFeature() feature {
	return feature{method: protocol.MethodInitialize, early: true, decode: request(initialize)}
}

func initialize(o *owner, p *protocol.InitializeParams) (answer, error) {
	if o.initialized() {
		return nil, jsonrpc2.Errorf(jsonrpc2.InvalidRequest, "initialize was sent twice")
	}
	opts := readSettings(p.InitializationOptions)
	o.client = newClient(p, opts)
	o.pub.client = o.client
	o.configure(opts)
	o.folders = workspaceFolders(p)
	if p.ProcessID != nil {
		o.watchParent(int(*p.ProcessID))
	}
	result := &protocol.InitializeResult{
		Capabilities: capabilities(o.client),
		ServerInfo:   protocol.ServerInfo{Name: "dagger-lsp", Version: protocol.NewOptional(o.opts.Version)},
	}
	return func(context.Context) (any, error) { return result, nil }, nil
}

// capabilities follow from the table of features.
func capabilities(c *client) protocol.ServerCapabilities {
	caps := protocol.ServerCapabilities{PositionEncoding: protocol.PositionEncodingKindUTF16}
	if c.encoding == text.UTF8 {
		caps.PositionEncoding = protocol.PositionEncodingKindUTF8
	}
	for _, f := range features() {
		if f.announce != nil {
			f.announce(&caps, c)
		}
	}
	return caps
}

func workspaceFolders(p *protocol.InitializeParams) []string {
	if folders, ok := p.WorkspaceFolders.Get(); ok {
		var out []string
		for _, f := range folders {
			out = append(out, pathOf(f.URI))
		}
		return out
	}
	return rootFolder(p)
}

// rootFolder is how editors named their folder before there could be several.
func rootFolder(p *protocol.InitializeParams) []string {
	if root := p.RootURI; root != nil && *root != "" { //nolint:staticcheck // old editors have nothing else
		return []string{pathOf(*root)}
	}
	if path, ok := p.RootPath.Get(); ok && path != "" { //nolint:staticcheck // as above
		return []string{filepath.Clean(path)}
	}
	return nil
}

// configure takes what may change during a session.
func (o *owner) configure(s settings) {
	if s.Trusted != nil {
		o.trusted = *s.Trusted && !o.opts.Untrusted
	}
	if s.Secrets != nil {
		o.secrets = s.Secrets
	}
	if s.Streams != nil {
		o.streams = s.Streams
	}
}

func initializedFeature() feature {
	return feature{method: protocol.MethodInitialized, decode: notification(initialized)}
}

// initialized asks to be told about files that change outside the editor.
func initialized(o *owner, _ *protocol.InitializedParams) {
	if !o.client.watchRegistration() {
		return
	}
	options, err := protocol.Marshal(protocol.DidChangeWatchedFilesRegistrationOptions{
		Watchers: []protocol.FileSystemWatcher{{GlobPattern: protocol.Pattern("**/*.cue")}},
	})
	if err != nil {
		return
	}
	o.out.send(outgoing{
		method: protocol.MethodClientRegisterCapability, call: true,
		params: &protocol.RegistrationParams{Registrations: []protocol.Registration{{
			ID: "watch-cue-files", Method: protocol.MethodWorkspaceDidChangeWatchedFiles, RegisterOptions: options,
		}}},
	})
}

func shutdownFeature() feature {
	return feature{method: protocol.MethodShutdown, early: true, late: true, decode: request(shutdown)}
}

// shutdown ends the jobs, and answers when they are gone.
func shutdown(o *owner, _ *struct{}) (answer, error) {
	o.shut.Store(true)
	o.close()
	var ends []<-chan struct{}
	for _, j := range o.jobs {
		ends = append(ends, j.job.Done())
	}
	return func(ctx context.Context) (any, error) {
		for _, done := range ends {
			if err := wait(ctx, done); err != nil {
				return nil, err
			}
		}
		return nil, nil //nolint:nilnil // the protocol's answer is null
	}, nil
}

func exitFeature() feature {
	return feature{method: protocol.MethodExit, early: true, late: true, decode: notification(func(o *owner, _ *struct{}) {
		o.exited.Store(true)
		o.end()
	})}
}

func cancelRequestFeature() feature {
	return feature{method: protocol.MethodCancelRequest, early: true, late: true, decode: notification(cancelRequest)}
}

func cancelRequest(o *owner, p *protocol.CancelParams) {
	switch id := p.ID.(type) {
	case protocol.Integer:
		o.pending.stop(jsonrpc2.NewNumberID(int64(id)))
	case protocol.String:
		o.pending.stop(jsonrpc2.NewStringID(string(id)))
	}
}

func setTraceFeature() feature {
	return feature{method: protocol.MethodSetTrace, decode: notification(func(*owner, *protocol.SetTraceParams) {})}
}

// inFolder returns the workspace folder that holds path: the innermost. A file
// outside of all is in a workspace of its own folder.
func (o *owner) inFolder(path string) string {
	best := ""
	for _, f := range o.folders {
		rel, err := filepath.Rel(f, path)
		if err == nil && filepath.IsLocal(rel) && len(f) > len(best) {
			best = f
		}
	}
	if best == "" {
		return filepath.Dir(path)
	}
	return best
}
