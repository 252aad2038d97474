package solve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/session/filesync"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/ops"
)

// archives takes the archives of images that the daemon sends, each into a file
// of a private folder. The daemon does not say for which solve of a session an
// archive is, so that one is made at a time.
type archives struct {
	// busy is held while an archive is made.
	busy sync.Mutex
	// mu guards what follows.
	mu     sync.Mutex
	dir    string
	made   int
	target *filesync.SyncTarget
}

// archiveName is an archive's file in a folder of its own.
const archiveName = "image.tar"

// Register implements the session's Attachable.
func (a *archives) Register(s *grpc.Server) { filesync.RegisterFileSendServer(s, a) }

// DiffCopy implements filesync.FileSendServer: it streams to a file.
func (a *archives) DiffCopy(stream filesync.FileSend_DiffCopyServer) error {
	a.mu.Lock()
	target := a.target
	a.mu.Unlock()
	if target == nil {
		return status.Error(codes.FailedPrecondition, "no archive is asked for")
	}
	return target.DiffCopy(stream)
}

// expect prepares a folder, and has what comes written into a file of it.
func (a *archives) expect() (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.dir == "" {
		dir, err := os.MkdirTemp("", "dagger-lsp-images-")
		if err != nil {
			return "", fmt.Errorf("make a folder for archives: %w", err)
		}
		a.dir = dir
	}
	a.made++
	dir := filepath.Join(a.dir, strconv.Itoa(a.made))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for archives: %w", err)
	}
	a.target = filesync.NewFSSyncTarget(filesync.WithFSSync(0, func(map[string]string) (io.WriteCloser, error) {
		return os.OpenFile(filepath.Join(dir, archiveName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	}))
	return dir, nil
}

// remove removes all archives.
func (a *archives) remove() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.dir == "" {
		return nil
	}
	return os.RemoveAll(a.dir)
}

// epoch is the time in archives, and of what is in them: the same state gives
// the same bytes.
const epoch = "0"

// save has an image's archive made, and offers its folder to the daemon.
func (p *passes) save(ctx context.Context, a runtime.Action, parts []part) (ops.ActionResult, error) {
	p.s.archives.busy.Lock()
	defer p.s.archives.busy.Unlock()
	if ctx.Err() != nil {
		return ops.ActionResult{}, context.Cause(ctx)
	}
	dir, err := p.s.archives.expect()
	if err != nil {
		return ops.ActionResult{}, &inSessionError{err}
	}
	attrs, err := p.export(ctx, parts, client.ExportEntry{
		Type: client.ExporterDocker,
		Attrs: map[string]string{
			"name":                                 a.Target,
			string(exptypes.OptKeySourceDateEpoch): epoch, string(exptypes.OptKeyRewriteTimestamp): "true",
		},
	})
	if err != nil {
		return ops.ActionResult{}, &ActionError{Op: a.Op, Cause: fmt.Errorf("save %s: %w", a.Target, err)}
	}
	// Neither the time nor the name of the folder may get into the state.
	if err := os.Chtimes(filepath.Join(dir, archiveName), time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		return ops.ActionResult{}, &inSessionError{fmt.Errorf("save %s: %w", a.Target, err)}
	}
	name := "save-image/" + a.Op.String()
	if err := p.s.dirs.add(map[string]runtime.Local{name: {Dir: dir, Op: a.Op}}); err != nil {
		return ops.ActionResult{}, &inSessionError{err}
	}
	id := attrs[exptypes.ExporterImageConfigDigestKey]
	if id == "" {
		return ops.ActionResult{}, &inSessionError{errors.New("the daemon gave no id of the image")}
	}
	return ops.ActionResult{Local: name, File: archiveName, ID: id}, nil
}
