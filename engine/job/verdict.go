package job

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// oomExit is 128 + SIGKILL, which is all one sees when the kernel ends a
// process for want of memory.
const oomExit = 137

// verdict reads a vertex's report. The status stream carries errors as text
// and nothing else, so a sibling that was cancelled is told from one that
// failed by the end of that text, as BuildKit's own progress display does.
func verdict(v Vertex) Status {
	switch {
	case strings.HasSuffix(v.Error, context.Canceled.Error()):
		return StatusCanceled
	case v.Error != "":
		return StatusFailed
	case v.Cached:
		return StatusCached
	case v.Completed != nil:
		return StatusDone
	case v.Started != nil:
		return StatusRunning
	}
	return StatusPending
}

// exitCode finds a process's exit code in a vertex's error. Only the first
// failure of a solve comes as a typed error; the others have this text only.
func exitCode(text string) *int {
	const mark = "exit code: "
	i := strings.LastIndex(text, mark)
	if i < 0 {
		return nil
	}
	digits, _, _ := strings.Cut(text[i+len(mark):], ":")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return nil
	}
	return &n
}

// Reason is a vertex's error in as few words as say it: BuildKit repeats the
// command, which stands beside it everywhere.
func Reason(text string) string {
	if code := exitCode(text); code != nil {
		return fmt.Sprintf("exit code %d", *code)
	}
	return text
}

func exitHint(code *int) string {
	if code != nil && *code == oomExit {
		return "the process was killed, most often because memory ran out"
	}
	return ""
}
