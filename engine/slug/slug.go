package slug

import (
	"fmt"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"github.com/dagger/dagger-lsp/runtime"
)

// Slug is a compiled job. It is immutable.
type Slug struct {
	// Definition is the LLB part.
	Definition *pb.Definition
	Meta       Meta
	// Digest is that of the file.
	Digest digest.Digest

	// ops are the definition's, in its order, digests theirs, index the way
	// back.
	ops     []*pb.Op
	digests []digest.Digest
	index   map[string]int
}

// Meta is what a slug knows beside the LLB. It is the file's first field, as
// JSON, so that the name of the format stands at its beginning.
type Meta struct {
	Format int `json:"cuellb-slug"`
	// Definition is the digest of the rest of the file, so that a slug that was
	// cut off is known for one.
	Definition digest.Digest `json:"definition"`
	// Version is that of the dagger-lsp that made it.
	Version string `json:"version"`
	// Package is the CUE package's name, Dir its folder from the workspace.
	Package string `json:"package"`
	Dir     string `json:"dir"`
	Target  string `json:"target"`
	// Platform is what the job runs on: linux/amd64.
	Platform string `json:"platform"`
	// Scope is how the ids of the component's own cache mounts begin.
	Scope string `json:"scope"`
	// Tags are the names of the CUE tags and inputs that were set.
	Tags []string `json:"tags,omitempty"`
	// Values are what exports had read before the rest could be compiled.
	Values  []Value  `json:"values,omitempty"`
	Steps   []Step   `json:"steps"`
	Exports []Export `json:"exports,omitempty"`
	Locals  []Local  `json:"locals,omitempty"`
	// Files are the CUE files that the job was compiled from.
	Files []File `json:"files,omitempty"`
}

// Value is the value of an export that is part of the definition.
type Value struct {
	// Path is that of the value that holds the script.
	Path string `json:"path"`
	// Value is JSON.
	Value string `json:"value"`
	// Label says where it came from: "the export of /VERSION".
	Label string `json:"label"`
}

// Given are the values as an evaluation takes them.
func (m Meta) Given() []runtime.GivenValue {
	var out []runtime.GivenValue
	for _, v := range m.Values {
		out = append(out, runtime.GivenValue{Path: v.Path, Value: v.Value, Label: v.Label})
	}
	return out
}

// Step is one op of the job.
type Step struct {
	Component string `json:"component"`
	Index     int    `json:"index"`
	Do        string `json:"do"`
	Summary   string `json:"summary,omitempty"`
	// File is relative to the workspace, or begins with an import path.
	File string `json:"file,omitempty"`
	// Range is first line, column, last line, column, counted from 0.
	Range [4]int `json:"range"`
	// Vertices are indexes into the definition.
	Vertices []int `json:"vertices,omitempty"`
	Unused   bool  `json:"unused,omitempty"`
}

// ID names the op.
func (s Step) ID() runtime.OpID { return runtime.OpID{Component: s.Component, Index: s.Index} }

// Place is where the op is written, for people: "ci.cue:3".
func (s Step) Place() string {
	if s.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", s.File, s.Range[0]+1)
}

// Export is a file that is read back after the solve.
type Export struct {
	Component string `json:"component"`
	Index     int    `json:"index"`
	Source    string `json:"source"`
	Path      string `json:"path"`
	Format    string `json:"format"`
}

// Local is one reading of a folder of the workspace.
type Local struct {
	// Name is the folder, relative to the workspace, with slashes.
	Name    string   `json:"name"`
	Include []string `json:"include,omitempty"`
	Exclude []string `json:"exclude,omitempty"`
	// Follow are links whose targets are taken along.
	Follow []string `json:"follow,omitempty"`
	// Digest is of what the patterns leave, Files and Bytes how much that is.
	Digest digest.Digest `json:"digest"`
	Files  int           `json:"files"`
	Bytes  int64         `json:"bytes"`
}

// File is a CUE file by its path from the workspace.
type File struct {
	Path   string        `json:"path"`
	Digest digest.Digest `json:"digest"`
}

// Format is the only format so far.
const Format = 1

// Vertices are the digests of the definition's vertices, in its order.
func (s *Slug) Vertices() []digest.Digest { return s.digests }
