// Command dagger-lsp serves CUE container pipelines to editors and runs them.
//
// Without a subcommand it is a language server on standard input and output.
// This room alone reads flags, the environment and the working directory, and
// hands the rest of the program plain values. Standard output carries results,
// standard error progress and messages. There is one file per subcommand.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// The exit codes, part of the command line's contract.
const (
	exitOK       = 0
	exitProblems = 1   // problems of error severity, or a job that failed
	exitUsage    = 2   // wrong usage, or an error of input and output
	exitCanceled = 130 // as a shell reports a process ended by an interrupt
)

// exitError ends the program with a code. Its cause is what is left to print;
// nil where the command has said everything.
type exitError struct {
	code  int
	cause error
}

func (e *exitError) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.cause.Error()
}

func (e *exitError) Unwrap() error { return e.cause }

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program with its outside as parameters.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	env, err := readEnvironment()
	if err != nil {
		fmt.Fprintln(stderr, "dagger-lsp:", err)
		return exitUsage
	}
	ctx, stop := untilInterrupted(context.Background())
	defer stop()
	results := &results{Writer: stdout}
	a := &app{env: env, stdin: stdin, stdout: results, stderr: stderr}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetOut(results)
	root.SetErr(stderr)
	err = root.ExecuteContext(ctx)
	if results.failed != nil {
		err = fmt.Errorf("write the result: %w", results.failed)
	}
	return a.exitCode(err)
}

// results is standard output. It remembers the first write that failed, so that
// a full disk does not look like success.
type results struct {
	io.Writer
	failed error
}

func (r *results) Write(p []byte) (int, error) {
	n, err := r.Writer.Write(p)
	if err != nil && r.failed == nil {
		r.failed = err
	}
	return n, err
}

// Close closes standard output where it can be closed; the server does when it
// has ended.
func (r *results) Close() error {
	if c, ok := r.Writer.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// exitCode prints what is left to say about err.
func (a *app) exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	code := exitUsage
	var exit *exitError
	if errors.As(err, &exit) {
		code, err = exit.code, exit.cause
	}
	if err != nil {
		fmt.Fprintln(a.stderr, "dagger-lsp:", err)
	}
	return code
}

// errInterrupted is the cause of a context cancelled by a signal.
var errInterrupted = errors.New("interrupted")

// untilInterrupted cancels its context at the first interrupt and ends the
// process at the second, for work that does not stop.
func untilInterrupted(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-signals:
			cancel(errInterrupted)
		case <-done:
			return
		}
		select {
		case <-signals:
			os.Exit(exitCanceled)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		<-stopped
		cancel(nil)
	}
}
