package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/dagger/dagger-lsp/runtime"
)

// ExitMemory is the exit code of a child that went over its memory limit.
const ExitMemory = 86

// memoryCheckInterval is how often a child looks at its own heap: CUE can
// allocate about 1 GB a second.
const memoryCheckInterval = 20 * time.Millisecond

// gcPercent trades memory for time: a child's heap is almost all live until the
// plan is done, and then almost all garbage.
const gcPercent = 400

// warmUp does what the first evaluation of a process would do beside its own
// work: compile the op schemas and CUE's builtins. It takes about 10 ms, in
// which nobody waits for a spare child.
func warmUp() {
	const dir = "/warm-up"
	runtime.Evaluate(runtime.Source{
		Dir: dir,
		Overlay: map[string][]byte{
			filepath.Join(dir, "x.cue"): []byte("package x\nx: #up: [{do: \"mkdir\", path: \"/x\"}]\n"),
		},
	})
}

// request is what the parent sends.
type request struct {
	Source runtime.Source `json:"source"`
	// MemoryBytes is the most that the child's heap may take.
	MemoryBytes int64 `json:"memoryBytes"`
}

// Serve is the body of the eval-worker child: it reads requests from r, and
// writes plans to w, until r ends or ctx is done. When r ends during an
// evaluation the parent is gone, and since CUE cannot be interrupted the
// process ends there and then; it ends too when it goes over its memory.
func Serve(ctx context.Context, r io.Reader, w io.Writer) error {
	debug.SetGCPercent(gcPercent)
	warmUp()
	s := &server{w: w, frames: make(chan frame)}
	go s.read(ctx, r) // ends with r, the process's standard input
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case f := <-s.frames:
			if errors.Is(f.err, io.EOF) {
				return nil
			}
			if f.err != nil {
				return f.err
			}
			if err := s.answer(ctx, f.data); err != nil {
				return err
			}
		}
	}
}

type frame struct {
	data []byte
	err  error
}

type server struct {
	w      io.Writer
	frames chan frame
	// busy is true from a request's arrival to its answer.
	busy atomic.Bool
}

func (s *server) read(ctx context.Context, r io.Reader) {
	for {
		data, err := readFrame(r)
		if err != nil && s.busy.Load() {
			os.Exit(0)
		}
		s.busy.Store(err == nil) // before the next read, or its end would look idle
		select {
		case s.frames <- frame{data, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (s *server) answer(ctx context.Context, data []byte) error {
	defer s.busy.Store(false)
	var req request
	if err := json.Unmarshal(data, &req); err != nil {
		return fmt.Errorf("decode request: %w", err)
	}
	plan, err := runtime.EncodePlan(evaluate(ctx, req))
	if err != nil {
		return err
	}
	return writeFrame(s.w, plan)
}

func evaluate(ctx context.Context, req request) *runtime.Plan {
	ctx, stop := context.WithCancel(ctx)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		watchMemory(ctx, req.MemoryBytes)
	}()
	defer func() {
		stop()
		<-watching
	}()
	return runtime.Evaluate(req.Source)
}

// watchMemory ends the process when its heap goes over the limit. Go's own
// limit only makes the collector work harder, and an rlimit on address space
// counts what is never touched.
func watchMemory(ctx context.Context, limit int64) {
	if limit <= 0 {
		return
	}
	tick := time.NewTicker(memoryCheckInterval)
	defer tick.Stop()
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			metrics.Read(heap)
			if heap[0].Value.Uint64() > uint64(limit) {
				os.Exit(ExitMemory)
			}
		}
	}
}
