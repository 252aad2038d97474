package runtime

import (
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
)

// span is the range of a node. The node must come from a parsed file.
func span(n ast.Node) Range {
	return rangeBetween(n.Pos(), n.End())
}

func rangeBetween(start, end token.Pos) Range {
	if !start.IsValid() {
		return Range{}
	}
	r := Range{File: start.Filename(), Start: position(start)}
	r.End = r.Start
	if end.IsValid() {
		r.End = position(end)
	}
	return r
}

// position converts from CUE's, which counts from 1.
func position(p token.Pos) Position {
	pos := p.Position()
	return Position{Line: max(pos.Line-1, 0), Column: max(pos.Column-1, 0)}
}

// stringLit returns the value of a plain string literal.
func stringLit(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := literal.Unquote(lit.Value)
	return s, err == nil
}

// nodeRange is the range of the smallest value that starts at pos; an error of
// CUE's has only the start.
func (ix *index) nodeRange(pos token.Pos) Range {
	for sub := range ix.all {
		if sub.pkg.embedded {
			continue
		}
		for _, f := range sub.pkg.files {
			if f.path == pos.Filename() {
				return smallestAt(f.tree, pos)
			}
		}
	}
	return rangeBetween(pos, pos)
}

func smallestAt(tree *ast.File, pos token.Pos) Range {
	best := rangeBetween(pos, pos)
	ast.Walk(tree, func(n ast.Node) bool {
		if !n.Pos().IsValid() || n.Pos().Offset() > pos.Offset() || n.End().Offset() < pos.Offset() {
			_, isFile := n.(*ast.File)
			return isFile
		}
		if f, ok := n.(*ast.Field); ok && f.Pos().Offset() == pos.Offset() {
			best = span(f.Label)
			return false
		}
		if n.Pos().Offset() == pos.Offset() {
			best = span(n)
		}
		return true
	}, nil)
	return best
}
