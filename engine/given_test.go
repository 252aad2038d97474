//go:build linux

package engine_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh/agent"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime/casetest"
)

// mapSecrets gives secrets from memory.
type mapSecrets map[string]string

func (m mapSecrets) Secret(_ context.Context, path string) ([]byte, error) {
	text, ok := m[path]
	if !ok {
		return nil, engine.ErrNoSecret
	}
	return []byte(text), nil
}

// give reads a case's given.txt: lines "secret PATH TEXT", "stream PATH agent"
// and "agent", for git.
func give(c *casetest.Case, req *engine.Request, agent string) {
	c.Helper()
	secrets := mapSecrets{}
	req.Secrets, req.Streams = secrets, map[string]solve.Stream{}
	data, err := os.ReadFile(filepath.Join(c.Dir, "given.txt"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		path, text, _ := strings.Cut(rest, " ")
		switch {
		case kind == "secret":
			secrets[path] = text
		case kind == "stream" && text == "agent":
			req.Streams[path] = solve.Stream{Socket: agent}
		case kind == "agent":
			req.Agent = agent
		default:
			c.Fatalf("given.txt: %s", line)
		}
	}
}

// newAgent serves an ssh agent with one key at a unix socket.
func newAgent(t *testing.T, key agent.AddedKey) (socket string) {
	t.Helper()
	keys := agent.NewKeyring()
	if err := keys.Add(key); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "agent") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "agent.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				_ = agent.ServeAgent(keys, conn) // ends with the connection
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
		_ = os.RemoveAll(dir)
	})
	return socket
}
