// Package slug is the compiled job as one file: an LLB definition with its source
// map, what maps statuses back to CUE, and the digests of what went in. It needs
// no daemon: it reads, writes, explains and compares slugs. Package engine makes
// and runs them.
//
// The file is a pb.Definition as every BuildKit client reads it, with one more
// field in front that they skip: `buildctl build < slug` works on the whole file.
// The digest of the bytes is the slug's name, so the same inputs must give the
// same bytes: everything is sorted, nothing tells the time, the machine, or a
// path outside the workspace. Secrets and streams are names, never contents; the
// text of the CUE files is not inside either.
//
// What the definition itself says (images, folders, addresses, secrets) is read
// from there and not written a second time, so that the two cannot disagree.
//
// A slug may come from anywhere. Decode takes nothing on trust: sizes and counts
// are bounded before memory is spent, digests, edges and indexes are checked, and
// no name leads out of the workspace. It is still a program: whoever runs one
// should `inspect` it first.
package slug
