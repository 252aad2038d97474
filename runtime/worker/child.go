package worker

import (
	"context"
	"fmt"
	"io"
	"os/exec"
)

// child is one running evaluation process. Its owner asks one question at a
// time, and kills it in the end.
type child struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	served int
}

func startChild(command []string) (*child, error) {
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec // our own binary
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start evaluation child: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start evaluation child: %w", err)
	}
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start evaluation child: %w", err)
	}
	return &child{cmd: cmd, in: in, out: out}, nil
}

type answer struct {
	data []byte
	err  error
}

// ask sends a request and waits for the answer. After an error, a cancelled
// context included, the child is of no more use and must be killed.
func (c *child) ask(ctx context.Context, data []byte) ([]byte, error) {
	done := make(chan answer, 1)
	go func() {
		if err := writeFrame(c.in, data); err != nil {
			done <- answer{err: err}
			return
		}
		got, err := readFrame(c.out)
		done <- answer{got, err}
	}()
	select {
	case a := <-done:
		return a.data, a.err
	case <-ctx.Done():
		c.cmd.Process.Kill() //nolint:errcheck // it may have ended by itself
		<-done               // its pipes close with it
		return nil, context.Cause(ctx)
	}
}

// kill ends the child, waits for it, and returns how it ended.
func (c *child) kill() error {
	c.in.Close()
	c.cmd.Process.Kill() //nolint:errcheck // it may have ended by itself
	return c.cmd.Wait()
}
