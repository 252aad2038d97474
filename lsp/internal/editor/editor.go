// Package editor is a small editor for tests: it speaks to a server over the
// real wire with code of its own (standard library only), keeps the texts it
// has open, and remembers what the server tells it.
package editor

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
	"sync"
	"time"
)

// Timeout bounds every wait: far beyond what anything takes, so that a hang is
// a failure with a message.
const Timeout = 60 * time.Second

// Editor is one connection to a server.
type Editor struct {
	conn    io.ReadWriteCloser
	writeMu sync.Mutex

	mu      sync.Mutex
	nextID  int
	waiting map[string]chan Message
	// got are all notifications and requests of the server, in order.
	got     []Message
	changed chan struct{}
	err     error
	done    chan struct{}

	// Answer gives the result for a request of the server's; nil answers
	// null. Set it before Initialize.
	Answer func(m Message) (any, error)
}

// Message is one message as it is on the wire.
type Message struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *ResponseError  `json:"error,omitempty"`
}

// ResponseError is the error of a call.
type ResponseError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *ResponseError) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

// New starts reading what the server at the other end of conn says.
func New(conn io.ReadWriteCloser) *Editor {
	e := &Editor{
		conn: conn, waiting: map[string]chan Message{},
		changed: make(chan struct{}), done: make(chan struct{}),
	}
	go e.read()
	return e
}

func (e *Editor) read() {
	defer close(e.done)
	in := textproto.NewReader(bufio.NewReader(e.conn))
	for {
		m, err := readMessage(in)
		if err != nil {
			e.fail(err)
			return
		}
		e.take(m)
	}
}

func readMessage(in *textproto.Reader) (Message, error) {
	header, err := in.ReadMIMEHeader()
	if err != nil {
		return Message{}, err
	}
	n, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		return Message{}, fmt.Errorf("content length: %w", err)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(in.R, body); err != nil {
		return Message{}, err
	}
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		return Message{}, fmt.Errorf("decode %q: %w", body, err)
	}
	return m, nil
}

func (e *Editor) take(m Message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if m.Method == "" {
		if c, ok := e.waiting[string(m.ID)]; ok {
			c <- m
			delete(e.waiting, string(m.ID))
			return
		}
	}
	e.got = append(e.got, m)
	e.wake()
	if m.Method != "" && m.ID != nil {
		go e.answer(m)
	}
}

func (e *Editor) wake() {
	close(e.changed)
	e.changed = make(chan struct{})
}

func (e *Editor) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
	for id, c := range e.waiting {
		close(c)
		delete(e.waiting, id)
	}
	e.wake()
}

func (e *Editor) answer(m Message) {
	var result any
	var err error
	if e.Answer != nil {
		result, err = e.Answer(m)
	}
	resp := map[string]any{"jsonrpc": "2.0", "id": m.ID, "result": result}
	if err != nil {
		delete(resp, "result")
		resp["error"] = ResponseError{Code: -32600, Message: err.Error()}
	}
	_ = e.write(resp) // a server that is gone asks no more
}

func (e *Editor) write(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return e.WriteRaw(fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
}

// WriteRaw puts bytes on the wire as they are.
func (e *Editor) WriteRaw(s string) error {
	e.writeMu.Lock()
	defer e.writeMu.Unlock()
	_, err := io.WriteString(e.conn, s)
	return err
}

// Notify sends a notification.
func (e *Editor) Notify(method string, params any) error {
	return e.write(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
}

// Go sends a call and returns where its answer will come.
func (e *Editor) Go(method string, params any) (id int, answer <-chan Message, err error) {
	e.mu.Lock()
	e.nextID++
	id = e.nextID
	c := make(chan Message, 1)
	e.waiting[strconv.Itoa(id)] = c
	if e.err != nil {
		delete(e.waiting, strconv.Itoa(id))
		close(c)
	}
	e.mu.Unlock()
	call := map[string]any{"jsonrpc": "2.0", "id": id, "method": method}
	if params != nil {
		call["params"] = params
	}
	return id, c, e.write(call)
}

// ErrTimeout says that something did not come within Timeout.
var ErrTimeout = errors.New("timed out")

// Call sends a call, waits for its answer and decodes it into result, which may
// be nil.
func (e *Editor) Call(method string, params, result any) error {
	_, answer, err := e.Go(method, params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m, ok := <-answer:
		switch {
		case !ok:
			return fmt.Errorf("%s: the server is gone: %w", method, io.ErrUnexpectedEOF)
		case m.Error != nil:
			return fmt.Errorf("%s: %w", method, m.Error)
		case m.Result == nil:
			return fmt.Errorf("%s: an answer without result", method)
		case result == nil:
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-time.After(Timeout):
		return fmt.Errorf("%s: %w", method, ErrTimeout)
	}
}

// Wait returns the first message of the server's, from the from-th on, that
// match accepts, and the number of the next.
func (e *Editor) Wait(from int, match func(Message) bool) (Message, int, error) {
	deadline := time.After(Timeout)
	for {
		e.mu.Lock()
		for i := from; i < len(e.got); i++ {
			if match(e.got[i]) {
				m := e.got[i]
				e.mu.Unlock()
				return m, i + 1, nil
			}
		}
		from = max(from, len(e.got))
		changed, err := e.changed, e.err
		e.mu.Unlock()
		if err != nil {
			return Message{}, from, fmt.Errorf("the server is gone: %w", err)
		}
		select {
		case <-changed:
		case <-deadline:
			return Message{}, from, ErrTimeout
		}
	}
}

// Mark returns how many messages the server has sent so far, as a start for
// Wait.
func (e *Editor) Mark() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.got)
}

// Got returns everything the server has sent of its own accord.
func (e *Editor) Got(method string) []Message {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []Message
	for _, m := range e.got {
		if m.Method == method {
			out = append(out, m)
		}
	}
	return out
}

// Close goes away without a word, and waits until reading has ended.
func (e *Editor) Close() {
	_ = e.conn.Close()
	<-e.done
}
