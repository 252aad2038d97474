// Package wire frames JSON-RPC messages for the server, forgiving what a broken
// client sends as long as the next message can still be found: a body that is
// no JSON-RPC message is answered with an error and skipped, a header that
// makes no sense is skipped up to the next Content-Length.
package wire

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

// MaxMessage is the largest body we take: far above a real document, far below
// what would exhaust the machine. Larger ones are read past and refused.
const MaxMessage = 64 << 20

// maxHeaderLine bounds a header line, so that a client that never sends a line
// end cannot fill the memory.
const maxHeaderLine = 4 << 10

// Stream is a jsonrpc2.Stream over rwc. Reading happens on a goroutine of its
// own, so that Closed fires when the client vanishes even while a handler runs.
type Stream struct {
	rwc    io.ReadWriteCloser
	bodies chan []byte
	closed chan struct{}
	once   sync.Once
	// mu keeps each frame in one piece.
	mu sync.Mutex
}

// NewStream starts reading rwc.
func NewStream(rwc io.ReadWriteCloser) *Stream {
	s := &Stream{rwc: rwc, bodies: make(chan []byte), closed: make(chan struct{})}
	go s.pump()
	return s
}

// Closed is closed when the stream has ended, by either side.
func (s *Stream) Closed() <-chan struct{} { return s.closed }

// pump reads bodies until the client is gone or the stream closed. A read that
// cannot be interrupted (a terminal) outlives Close; it then ends on its own.
func (s *Stream) pump() {
	defer close(s.bodies)
	in := bufio.NewReaderSize(s.rwc, maxHeaderLine)
	for {
		body, err := s.readBody(in)
		if err != nil {
			s.end()
			return
		}
		if body == nil {
			continue
		}
		select {
		case s.bodies <- body:
		case <-s.closed:
			return
		}
	}
}

// readBody returns the next body, or nil for one that was refused.
func (s *Stream) readBody(in *bufio.Reader) ([]byte, error) {
	length, err := readHeader(in)
	if err != nil {
		return nil, err
	}
	if length > MaxMessage {
		if _, err := io.CopyN(io.Discard, in, length); err != nil {
			return nil, fmt.Errorf("skip a message of %d bytes: %w", length, err)
		}
		s.refuse(jsonrpc2.Errorf(jsonrpc2.InvalidRequest,
			"message of %d bytes refused: the limit is %d", length, MaxMessage))
		return nil, nil
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(in, body); err != nil {
		return nil, fmt.Errorf("read a message of %d bytes: %w", length, err)
	}
	return body, nil
}

// readHeader returns the length of the next body. Lines that are no header, or
// a header without a usable length, are passed over.
func readHeader(in *bufio.Reader) (int64, error) {
	length := int64(-1)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return 0, err
		}
		text := strings.TrimSpace(string(line))
		if text == "" {
			if length > 0 {
				return length, nil
			}
			length = -1
			continue
		}
		if n, ok := contentLength(text); ok {
			length = n
		}
	}
}

// contentLength reads a Content-Length field, -1 if its value is no length. It
// may stand behind other text on the line: the rest of a body that was longer
// than its own header said.
func contentLength(line string) (int64, bool) {
	const field = "content-length:"
	i := strings.LastIndex(strings.ToLower(line), field)
	if i < 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(line[i+len(field):]), 10, 64)
	if err != nil || n < 0 {
		return -1, true
	}
	return n, true
}

// Read implements jsonrpc2.Stream. A client that vanishes in the middle of a
// message ends the stream no less than one that leaves between two.
func (s *Stream) Read(ctx context.Context) (jsonrpc2.Message, int64, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, 0, context.Cause(ctx)
		case <-s.closed:
			return nil, 0, io.EOF
		case body, ok := <-s.bodies:
			if !ok {
				return nil, 0, io.EOF
			}
			msg, err := jsonrpc2.DecodeMessage(body)
			if err == nil {
				return msg, int64(len(body)), nil
			}
			s.refuse(fmt.Errorf("decode a message of %d bytes: %w", len(body), err))
		}
	}
}

// refuse answers a message whose id we cannot know.
func (s *Stream) refuse(err error) {
	code := jsonrpc2.ParseError
	var coded *jsonrpc2.Error
	if errors.As(err, &coded) {
		code = coded.Code
	}
	resp := jsonrpc2.NewResponse(jsonrpc2.ID{}, nil, jsonrpc2.NewError(code, err.Error()))
	// A client that is gone shows at the next read.
	_, _ = s.write(resp)
}

// Write implements jsonrpc2.Stream.
func (s *Stream) Write(ctx context.Context, msg jsonrpc2.Message) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return s.write(msg)
}

func (s *Stream) write(msg jsonrpc2.Message) (int64, error) {
	body, err := jsonrpc2.EncodeMessage(msg)
	if err != nil {
		return 0, fmt.Errorf("encode message: %w", err)
	}
	frame := append(make([]byte, 0, len(body)+32), "Content-Length: "...)
	frame = strconv.AppendInt(frame, int64(len(body)), 10)
	frame = append(append(frame, "\r\n\r\n"...), body...)
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.rwc.Write(frame)
	return int64(n), err
}

// End makes the next Read report the end of the stream, without closing what is
// below: answers under way still go out.
func (s *Stream) End() { s.end() }

func (s *Stream) end() { s.once.Do(func() { close(s.closed) }) }

// Close implements jsonrpc2.Stream.
func (s *Stream) Close() error {
	s.end()
	return s.rwc.Close()
}

// Codec encodes payloads with package protocol, which knows LSP's unions.
type Codec struct{}

// Marshal implements jsonrpc2.Codec.
func (Codec) Marshal(v any) ([]byte, error) { return protocol.Marshal(v) }

// Unmarshal implements jsonrpc2.Codec.
func (Codec) Unmarshal(data []byte, v any) error { return protocol.Unmarshal(data, v) }
