package runtime

import (
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"
)

// loadInstance lets CUE put the stubbed package together with its imports. A
// file that does not parse, an import that does not load: each is reported and
// the rest goes on.
func (ix *index) loadInstance() (*build.Instance, []Problem) {
	var problems []Problem
	for range maxLoadRetries {
		inst := ix.loadOnce()
		if inst.Err == nil {
			return inst, problems
		}
		found, retry := ix.loadProblems(inst.Err)
		problems = append(problems, found...)
		if !retry {
			return inst, problems
		}
	}
	return nil, problems
}

// maxLoadRetries bounds the rounds of dropping imports that do not load; CUE
// reports all of a package's in one round, those of its imports in the next.
const maxLoadRetries = 5

func (ix *index) loadOnce() *build.Instance {
	cfg := &load.Config{
		Dir:        ix.pkg.src.Dir,
		ModuleRoot: ix.pkg.root,
		Package:    ix.pkg.name,
		Overlay:    ix.overlay(),
		Tags:       ix.pkg.src.Tags,
		Env:        ix.environment(),
	}
	args := []string{"."}
	if ix.pkg.explicit {
		cfg.Package = ""
		args = args[:0]
		for _, f := range ix.pkg.files {
			args = append(args, f.path)
		}
		args = slices.AppendSeq(args, maps.Keys(ix.givenFiles()))
	}
	return load.Instances(args, cfg)[0]
}

// environment keeps CUE off the network where the user has not trusted the
// workspace. Otherwise CUE reads its own variables, as its command does.
func (ix *index) environment() []string {
	if ix.pkg.src.Offline {
		return []string{"CUE_REGISTRY=none"}
	}
	return nil
}

func (ix *index) overlay() map[string]load.Source {
	out := map[string]load.Source{}
	for path, text := range ix.pkg.src.Overlay {
		out[path] = load.FromBytes(text)
	}
	for _, path := range ix.hidden {
		out[path] = load.FromString("@ignore()\npackage hidden\n")
	}
	for path, text := range ix.schemaFiles() {
		out[path] = load.FromString(text)
	}
	for sub := range ix.all {
		for _, f := range sub.pkg.files {
			ix.module.rename(f)
			out[f.path] = load.FromFile(f.tree)
		}
	}
	for path, f := range ix.givenFiles() {
		out[path] = load.FromFile(f)
	}
	if ix.module.text != "" {
		out[ix.module.path] = load.FromString(ix.module.text)
	}
	return out
}

// loadProblems turns what CUE could not load into problems, and takes imports
// that failed out of the tree. retry says that loading again makes sense.
func (ix *index) loadProblems(err error) (problems []Problem, retry bool) {
	for _, e := range errors.Errors(err) {
		if spec, f := ix.failedImport(e); spec != nil {
			dropImport(f, spec)
			retry = true
			problems = append(problems, Problem{
				Code: CodeUnresolvedImport, Severity: SeverityError, Range: span(spec.Path),
				Message: "cannot import " + importPath(spec) + ": " + firstLine(errorText(e)),
			})
			continue
		}
		problems = append(problems, ix.ownProblem(e, CodeLoad))
	}
	return problems, retry
}

// failedImport finds the import that an error is about.
func (ix *index) failedImport(e errors.Error) (*ast.ImportSpec, *packageFile) {
	for _, f := range ix.pkg.files {
		for spec := range f.tree.ImportSpecs() {
			for _, pos := range errors.Positions(e) {
				if pos.Filename() == f.path && pos.Offset() >= spec.Pos().Offset() && pos.Offset() <= spec.End().Offset() {
					return spec, f
				}
			}
		}
	}
	return nil, nil
}

// ownProblem makes a problem of a CUE error, at the first of its places that
// lies in the package's files, or at the start of the first.
func (ix *index) ownProblem(e errors.Error, code Code) Problem {
	p := Problem{Code: code, Severity: SeverityError, Message: errorText(e)}
	for _, pos := range errors.Positions(e) {
		if ix.owns(pos.Filename()) {
			p.Range = rangeBetween(pos, pos)
			break
		}
	}
	if p.Range.IsZero() {
		p.Range = fileRange(ix.pkg.src.Dir)
		if len(ix.pkg.files) > 0 {
			p.Range = fileRange(ix.pkg.files[0].path)
		}
	}
	return p
}

// owns reports that a file is part of the package or of an import read as text,
// and on disk.
func (ix *index) owns(path string) bool {
	for sub := range ix.all {
		if sub.pkg.embedded {
			continue
		}
		for _, f := range sub.pkg.files {
			if f.path == path {
				return true
			}
		}
	}
	return false
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
