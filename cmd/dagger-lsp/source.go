package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/dagger/dagger-lsp/analysis"
	"github.com/dagger/dagger-lsp/analysis/checks"
	"github.com/dagger/dagger-lsp/runtime"
	"github.com/dagger/dagger-lsp/runtime/worker"
)

// source is the package that the arguments name: a folder, or a file that then
// stands alone.
func (a *app) source(dir string) (runtime.Source, error) {
	path := a.env.abs(dir)
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return runtime.Source{}, fmt.Errorf("no such file or folder: %s", dir)
	}
	if err != nil {
		return runtime.Source{}, fmt.Errorf("open %s: %w", dir, err)
	}
	values, err := a.inputs()
	values = append(values, a.values...)
	if err != nil {
		return runtime.Source{}, err
	}
	src := runtime.Source{Dir: path, Tags: a.flags.tags, Offline: a.flags.offline, Values: values}
	if !st.IsDir() {
		src.Dir, src.File = filepath.Dir(path), path
	}
	return src, nil
}

// loaded is a plan with all its problems, those of the checks included.
type loaded struct {
	src      runtime.Source
	plan     *runtime.Plan
	problems []runtime.Problem
}

// loadSource evaluates a package in a child that can be killed.
func (a *app) loadSource(ctx context.Context, src runtime.Source) (loaded, error) {
	pool := worker.New(a.workerOptions())
	plan, err := pool.Evaluate(ctx, src)
	err = errors.Join(err, pool.Close())
	if err != nil {
		return loaded{}, interruption(ctx, fmt.Errorf("evaluate %s: %w", a.env.rel(src.Dir), err))
	}
	a.plain = plainSecrets(plan)
	facts := checks.Facts{MissingDirs: missingDirs(checks.Dirs(plan))}
	return loaded{src, plan, analysis.Problems(plan, facts)}, nil
}

// again evaluates what was loaded once more, of the same text, with more values.
func (a *app) again(got loaded) func(context.Context, []runtime.GivenValue) (*runtime.Plan, error) {
	src := got.plan.Pin(got.src)
	return func(ctx context.Context, values []runtime.GivenValue) (*runtime.Plan, error) {
		with := src
		with.Values = slices.Concat(src.Values, values)
		pool := worker.New(a.workerOptions())
		plan, err := pool.Evaluate(ctx, with)
		return plan, errors.Join(err, pool.Close())
	}
}

// interruption makes an error that only says that the user pressed Ctrl-C
// into a silent exit.
func interruption(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errInterrupted) {
		return &exitError{code: exitCanceled}
	}
	return err
}

func (a *app) workerOptions() worker.Options {
	return worker.Options{
		Command:     []string{a.env.executable, workerName},
		Budget:      a.flags.evalBudget,
		MemoryBytes: a.flags.evalMemory << 20,
		Log:         a.log(),
	}
}

// missingDirs are those of dirs that are no folders.
func missingDirs(dirs []string) map[string]bool {
	out := map[string]bool{}
	for _, d := range dirs {
		if st, err := os.Stat(d); err != nil || !st.IsDir() {
			out[d] = true
		}
	}
	return out
}

// log is silent unless --verbose is given: people get messages, not logs.
func (a *app) log() *zap.Logger {
	if !a.flags.verbose {
		return zap.NewNop()
	}
	config := zap.NewDevelopmentEncoderConfig()
	return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(config), zapcore.AddSync(a.stderr), zap.DebugLevel))
}
