//go:build linux

package engine_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/engine/job"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

// listKeys is a program that asks the agent at SSH_AUTH_SOCK for its keys.
const listKeys = `package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	conn, err := net.Dial("unix", os.Getenv("SSH_AUTH_SOCK"))
	if err != nil {
		panic(err)
	}
	conn.Write([]byte{0, 0, 0, 1, 11})
	head := make([]byte, 9)
	if _, err := io.ReadFull(conn, head); err != nil {
		panic(err)
	}
	fmt.Println("answer", head[4], "keys", binary.BigEndian.Uint32(head[5:]))
}
`

// A container talks to a socket of the user's machine through a stream: here
// to a real ssh agent with one key.
func TestStreamReachesAgent(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "main.go"), listKeys)
	writeFile(t, filepath.Join(dir, "go.mod"), "module listkeys\n")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", "bin/listkeys", ".")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	writeFile(t, filepath.Join(dir, "ci.cue"), `
		agent: string @dagger(stream)
		main: {
			string
			#up: [
				{do: "local", dir: "bin"},
				{do: "exec", args: ["/listkeys"], mount: "/agent.sock": stream: agent},
				{do: "exec", args: ["/listkeys"], mount: "/run/it": stream: agent, always: true},
			]
		}`)
	server := enginetest.Start(t, enginetest.Config{})
	e := engine.New(engine.Options{Connect: solve.Options{Address: server.Addr}})
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	socket := newAgent(t, enginetest.NewSSH(t).Key)
	for _, s := range []solve.Stream{{Socket: socket}, {Socket: socket, Agent: true}} {
		state, err := e.Start(t.Context(), engine.Request{
			Plan: runtime.Evaluate(runtime.Source{Dir: dir}), Target: "main", Workspace: dir,
			Streams: map[string]solve.Stream{"agent": s},
		}).Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if state.Status != job.StatusDone {
			t.Fatalf("%s: %s\n%+v", state.Status, state.Error, state.Problems)
		}
		if tail := state.Ops[2].LogTail; len(tail) != 1 || tail[0] != "answer 12 keys 1" {
			t.Errorf("%+v: the container saw %q", s, tail)
		}
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
