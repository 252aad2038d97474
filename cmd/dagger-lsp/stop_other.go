//go:build !linux

package main

import (
	"context"

	"github.com/dagger/dagger-lsp/engine/daemon"
)

// stopDaemon has nothing to stop: the embedded daemon needs Linux.
func stopDaemon(context.Context, daemon.Options) (bool, error) { return false, nil }
