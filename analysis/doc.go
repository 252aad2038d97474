// Package analysis turns a plan into what an editor shows: symbols, lenses,
// hovers, quick fixes and the problems that checks find. Every function is
// pure: a plan and plain facts in, editor facts out, in the positions of
// package runtime. It knows no LSP, does no I/O and starts nothing; what has to
// be looked up outside comes in as checks.Facts.
package analysis
