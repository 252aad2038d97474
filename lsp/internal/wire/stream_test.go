package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"go.lsp.dev/jsonrpc2"
	"go.uber.org/goleak"
)

func frame(body string) string {
	return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

const good = `{"jsonrpc":"2.0","method":"good"}`

// TestBrokenInput sends nonsense, then a good notification that must come
// through; the answers to the nonsense are errors.
func TestBrokenInput(t *testing.T) {
	defer goleak.VerifyNone(t)
	for name, input := range map[string]string{
		"not json":          frame("{nope"),
		"empty object":      frame("{}"),
		"not an object":     frame("42"),
		"batch":             frame(`[{"jsonrpc":"2.0","method":"x"}]`),
		"invalid utf-8":     frame("{\"jsonrpc\":\"2.0\",\"method\":\"\xff"),
		"deep nesting":      frame(strings.Repeat("[", 1<<20)),
		"header only":       "Content-Length: 0\r\n\r\n",
		"header garbage":    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"negative length":   "Content-Length: -5\r\n\r\n",
		"overflow length":   "Content-Length: 99999999999999999999999\r\n\r\n",
		"short length":      "Content-Length: 5\r\n\r\n" + `{"jsonrpc":"2.0","method":"x"}`,
		"endless header":    strings.Repeat("x", 3*maxHeaderLine) + "\r\n",
		"bare line feeds":   strings.ReplaceAll(frame("{"), "\r", ""),
		"lower case header": "content-length: 1\r\n\r\n{",
		"too large":         fmt.Sprintf("Content-Length: %d\r\n\r\n%s", MaxMessage+1, strings.Repeat("x", MaxMessage+1)),
	} {
		t.Run(name, func(t *testing.T) { survives(t, input) })
	}
}

func survives(t *testing.T, input string) {
	client, server := net.Pipe()
	s := NewStream(server)
	defer func() { _ = s.Close(); _ = client.Close() }()
	go func() { _, _ = io.Copy(io.Discard, client) }()
	go func() { _, _ = io.WriteString(client, input+frame(good)) }()
	for {
		msg, _, err := s.Read(context.Background())
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		if n, ok := msg.(*jsonrpc2.Notification); ok && n.Method() == "good" {
			return
		}
	}
}

func TestVanishingClient(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, input := range []string{"", "Content-Le", "Content-Length: 10\r\n\r\n{"} {
		client, server := net.Pipe()
		s := NewStream(server)
		go func() { _, _ = io.WriteString(client, input); _ = client.Close() }()
		if _, _, err := s.Read(context.Background()); !errors.Is(err, io.EOF) {
			t.Errorf("after %q: %v, want EOF", input, err)
		}
		<-s.Closed()
		_ = s.Close()
	}
}
