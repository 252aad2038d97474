package job

import (
	"time"

	"github.com/dagger/dagger-lsp/runtime"
)

type Status string

const (
	StatusPending  Status = "pending"
	StatusRunning  Status = "running"
	StatusDone     Status = "done"
	StatusCached   Status = "cached"
	StatusFailed   Status = "failed"
	StatusCanceled Status = "canceled"
	StatusSkipped  Status = "skipped"
)

type State struct {
	ID, Target     string
	Status         Status
	Started, Ended time.Time
	Ops            []OpState
	Problems       []runtime.Problem
	Exports        []ExportValue
	Error          string
}
type ExportValue struct{}
type OpState struct {
	ID             runtime.OpID
	Do, Summary    string
	Range          runtime.Range
	Status         Status
	Started, Ended time.Time
	ExitCode       *int
	LogTail        []string
	Error          string
}
type Event struct{}
