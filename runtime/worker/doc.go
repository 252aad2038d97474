// Package worker runs CUE evaluations in child processes.
//
// CUE cannot be interrupted, and a small config can evaluate for ever or ask
// for any amount of memory. A child can be killed: by a time budget, by a
// memory limit, or because newer text has made its answer useless. What the
// limits hit comes back as a problem of the package, not as an error.
//
// A child serves one evaluation at a time and many in a row. Each has a fresh
// cue.Context; the child itself is replaced after a few hundred.
package worker
