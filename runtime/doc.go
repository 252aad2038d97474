// Package runtime turns CUE text into plans, and plans into LLB.
//
// Vocabulary: a component is a CUE value that carries a script (`#up`), a
// script is a list of operations, an operation (op) turns one filesystem state
// into the next. A Plan is what a package means, a Job is a target of it
// compiled to one LLB definition, a slug.
//
// The way of a text:
//
//	Source ── Syntax ──────────────▶ Plan (from syntax alone, in a few ms)
//	Source ── Evaluate (a child) ──▶ Plan (with CUE's values) ── Lower ──▶ Job
//
// Invariants:
//
//   - What a user did wrong is a Problem with a range and, where there is one,
//     a hint. A Go error is I/O, cancellation or a bug.
//   - References from op to component are cut out of the tree before CUE
//     evaluates it, and resolved here: CUE would copy the referenced component
//     into each place, and the copies grow exponentially with the graph's depth.
//   - The same text lowers to the same bytes.
//
// Absent on purpose: processes (runtime/worker), daemons, sockets and
// everything else that happens after lowering (engine), and any idea of an
// editor (lsp).
package runtime
