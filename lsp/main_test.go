package lsp

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/dagger/dagger-lsp/engine/enginetest"
	"github.com/dagger/dagger-lsp/runtime/worker"
)

// workerMarker is the first argument of a test binary that is to be an
// evaluator's child.
const workerMarker = "lsp-eval-worker"

// TestMain runs the tests, or the child that this process is to be.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == workerMarker {
		if err := worker.Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	enginetest.Main(m)
}

// realEvaluator is the evaluator that users get: child processes.
func realEvaluator(tb testing.TB) Evaluator {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	pool := worker.New(worker.Options{Command: []string{exe, workerMarker}})
	tb.Cleanup(func() {
		if err := pool.Close(); err != nil {
			tb.Error(err)
		}
	})
	return pool
}
