package daemon

import (
	"net"
	"sync"
	"time"
)

// idleListener counts the open connections and says when there has been none
// for a while. A solve lives on its client's connection, so no connection
// means no solve.
type idleListener struct {
	net.Listener
	after time.Duration
	// idle is closed once; new connections are turned away from then on.
	idle chan struct{}

	mu    sync.Mutex
	open  int
	timer *time.Timer
	over  bool
}

// newIdleListener starts counting at once: a daemon nobody calls ends too.
// A zero after never ends.
func newIdleListener(l net.Listener, after time.Duration) *idleListener {
	il := &idleListener{Listener: l, after: after, idle: make(chan struct{})}
	if after > 0 {
		il.timer = time.AfterFunc(after, il.expire)
	}
	return il
}

func (l *idleListener) expire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open > 0 || l.over {
		return
	}
	l.over = true
	close(l.idle)
}

// Accept counts the connection in, until it is closed.
func (l *idleListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		// The caller sees a lost connection and starts the next daemon, which
		// waits for this one's lock.
		_ = c.Close()
		return c, nil
	}
	l.open++
	if l.timer != nil {
		l.timer.Stop()
	}
	return &countedConn{Conn: c, done: l.release}, nil
}

func (l *idleListener) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.open == 0 && l.timer != nil {
		l.timer.Reset(l.after)
	}
}

type countedConn struct {
	net.Conn
	once sync.Once
	done func()
}

// Close counts the connection out, once.
func (c *countedConn) Close() error {
	c.once.Do(c.done)
	return c.Conn.Close()
}
