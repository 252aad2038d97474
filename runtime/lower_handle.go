package runtime

import (
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// handleID names a secret or a stream to the daemon. The scope keeps apart what
// two workspaces call the same: the daemon takes vertices of the same bytes for
// one, and asks either session.
func (l *lowering) handleID(path string) string {
	return "cuellb/" + l.opt.CacheScope + "/" + path
}

// Secret implements ops.Builder.
func (l *lowering) Secret(ref ops.SecretRef) (string, error) {
	id := l.handleID(string(ref))
	if l.job.Secrets == nil {
		l.job.Secrets = map[string]string{}
	}
	l.job.Secrets[id] = string(ref)
	return id, nil
}

// Stream implements ops.Builder.
func (l *lowering) Stream(ref ops.StreamRef) (string, error) {
	id := l.handleID(string(ref))
	if l.job.Streams == nil {
		l.job.Streams = map[string]string{}
	}
	l.job.Streams[id] = string(ref)
	return id, nil
}

// HostKeys implements ops.Builder.
func (l *lowering) HostKeys(addr string) (string, error) {
	if l.opt.HostKeys != nil {
		if lines := l.opt.HostKeys(addr); lines != "" {
			return lines, nil
		}
	}
	return "", &ops.FieldError{
		Field: "remote", Code: string(CodeUnknownHost),
		Message: "the key of the ssh host " + addr + " is not known",
		Hint:    "connect to it once with ssh, so that its key gets into your known_hosts file",
	}
}
