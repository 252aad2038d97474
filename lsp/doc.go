// Package lsp is the language server: the only room that knows LSP and
// JSON-RPC. It talks to one editor over one stream.
//
// Vocabulary: a document is a text an editor has open; a package is the CUE
// package documents belong to, with its unsaved text laid over the disk; a
// snapshot is one immutable state of a package; a tier is where problems come
// from: syntax (at once, here) or evaluator (a little later, from a child).
//
// Every cause of change is an event, and one goroutine, the owner, consumes
// them all. It alone replaces a package's current snapshot:
//
//	message from the editor ─┐
//	quiet time over ─────────┤          ┌─▶ snapshot ─▶ features (pure, concurrent)
//	evaluation done ─────────┼─▶ owner ─┼─▶ outbox ───▶ editor
//	job changed ─────────────┤          └─▶ evaluator, engine
//	job wanted ──────────────┘
//
// Invariants:
//
//   - Messages are taken in order. A request gets the snapshot that was current
//     when it arrived, and is then answered concurrently with later messages.
//   - The owner never waits: not for the editor, an evaluation or a job.
//   - A result of an older sequence is dropped. A file's diagnostics are
//     published only if they changed, with the version of the text they are of.
//   - Nothing an editor sends ends the server but `exit` and the end of the
//     stream. A panic in a feature fails that request alone.
//   - Serve returns when every goroutine and job it started is gone.
//
// To add an editor feature, write feat_<name>.go with a value of type feature
// and put it in the table in features.go: capabilities and dispatch come from
// there.
//
// Absent on purpose: the environment, flags and the working directory (cmd),
// what problems mean (runtime, analysis), how jobs run (engine), and a job
// scheduler.
package lsp
