package runtime

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// GivenValue is a value from outside the text: what an export has read, or what a
// user has set an input to. CUE unifies it with the value at Path.
type GivenValue struct {
	// Path is the path of a value in the package; for one of an imported
	// package the import path and ":" stand before.
	Path string `json:"path"`
	// Value is a CUE expression; JSON is one.
	Value string `json:"value"`
	// Range is where a conflict with the value is shown: the export that read
	// it; the zero Range for an input, which is then shown at the other side.
	Range Range `json:"range"`
	// Label names the value for people: "the export of /VERSION".
	Label string `json:"label"`
}

// givenFile is the base name of the files that CUE reads given values from.
// They exist in memory only.
const givenFile = "cuellb_given_values.cue"

// given is a GivenValue as syntax. Its expression's positions carry its name, which
// is how an error of CUE finds back to it.
type given struct {
	GivenValue
	dir, name string
	decl      ast.Decl
}

// readGiven parses the given values. One that is no CUE, or whose package is
// not part of this evaluation, is a problem and left out.
func (ix *index) readGiven() []Problem {
	var problems []Problem
	for i, g := range ix.pkg.src.Values {
		name := givenFile + ":" + strconv.Itoa(i)
		dir, path := ix.givenPlace(g.Path)
		decl, err := givenDecl(path, g.Value, name)
		if err == nil && dir == "" {
			err = errors.New("nothing imports its package")
		}
		if err != nil {
			problems = append(problems, Problem{
				Code: CodeBadValue, Severity: SeverityError, Range: ix.placeOf(g.Range),
				Message: fmt.Sprintf("%s cannot be used for %s: %v", g.Label, g.Path, err),
			})
			continue
		}
		ix.given = append(ix.given, given{GivenValue: g, dir: dir, name: name, decl: decl})
	}
	return problems
}

// givenPlace splits a value's path into its package's folder and the path there.
func (ix *index) givenPlace(path string) (dir, inside string) {
	imp, rest, ok := strings.Cut(path, ":")
	if !ok || strings.Contains(imp, `"`) {
		return ix.pkg.src.Dir, path
	}
	if sub := ix.imports[imp]; sub != nil {
		return sub.pkg.src.Dir, rest
	}
	return "", rest
}

// givenDecl writes value at path: as nested fields, and lists with any value in
// the places before.
func givenDecl(path, value, name string) (ast.Decl, error) {
	expr, err := parser.ParseExpr(name, value)
	if err != nil {
		return nil, fmt.Errorf("it is not CUE: %w", err)
	}
	p := cue.ParsePath(path)
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("the path is not one of CUE: %w", err)
	}
	sels := p.Selectors()
	var decl ast.Decl
	for i := len(sels) - 1; i >= 0; i-- {
		if sels[i].LabelType() == cue.IndexLabel {
			expr, decl = atIndex(sels[i].Index(), expr), nil
			continue
		}
		field := &ast.Field{Label: givenLabel(sels[i]), Value: expr}
		decl, expr = field, ast.NewStruct(field)
	}
	if decl == nil {
		return nil, errors.New("the path names no field")
	}
	return decl, nil
}

func givenLabel(sel cue.Selector) ast.Label {
	if sel.LabelType() == cue.StringLabel {
		return ast.NewString(sel.Unquoted())
	}
	return ast.NewIdent(sel.String())
}

// atIndex is the list that says something of its i-th element only.
func atIndex(i int, e ast.Expr) ast.Expr {
	list := &ast.ListLit{}
	for range i {
		list.Elts = append(list.Elts, ast.NewIdent("_"))
	}
	list.Elts = append(list.Elts, e, &ast.Ellipsis{})
	return list
}

// givenFiles are the files, by path, that hold the given values.
func (ix *index) givenFiles() map[string]*ast.File {
	files := map[string]*ast.File{}
	for _, g := range ix.given {
		path := filepath.Join(g.dir, givenFile)
		f := files[path]
		if f == nil {
			f = &ast.File{Filename: path}
			if name := ix.packageNameIn(g.dir); name != "" {
				f.Decls = append(f.Decls, &ast.Package{Name: ast.NewIdent(name)})
			}
			files[path] = f
		}
		f.Decls = append(f.Decls, g.decl)
	}
	return files
}

func (ix *index) packageNameIn(dir string) string {
	for sub := range ix.all {
		if sub.pkg.src.Dir == dir {
			return sub.pkg.name
		}
	}
	return ix.pkg.name
}

// givenAt finds the given value that a position of CUE's lies in.
func (ix *index) givenAt(pos token.Pos) *given {
	for i := range ix.given {
		if ix.given[i].name == pos.Filename() {
			return &ix.given[i]
		}
	}
	return nil
}

// placeOf is r, or the start of the package where r is nowhere.
func (ix *index) placeOf(r Range) Range {
	if r.IsZero() && len(ix.pkg.files) > 0 {
		return fileRange(ix.pkg.files[0].path)
	}
	return r
}
