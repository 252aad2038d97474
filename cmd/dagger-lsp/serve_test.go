package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// TestListen serves two editors at a socket, and ends when it is told to, with
// one of them still there.
func TestListen(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	socket := filepath.Join(t.TempDir(), "s")
	ready, said := io.Pipe()
	a := &app{stderr: said, stdout: io.Discard}
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.serve(ctx, serveFlags{listen: "unix:" + socket}) }()
	if line, err := bufio.NewReader(ready).ReadString('\n'); err != nil || !strings.Contains(line, socket) {
		t.Fatalf("announced %q, %v", line, err)
	}
	for range 2 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		const body = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}`
		fmt.Fprintf(conn, "Content-Length: %d\r\n\r\n%s", len(body), body)
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "Content-") {
			t.Errorf("answered %q, %v", line, err)
		}
	}
	cancel(errInterrupted)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
