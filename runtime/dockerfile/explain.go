package dockerfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// explain makes a mistake of the conversion's error. Its text is for people;
// what kind of mistake it is does not matter.
func (b *Build) explain(err error) error {
	e := &Error{Message: err.Error(), Cause: err}
	var at *parser.LocationError
	if errors.As(err, &at) {
		for _, ranges := range at.Locations {
			for _, r := range ranges {
				e.Line = r.Start.Line
			}
		}
	}
	if errors.Is(err, errSecretUse) || strings.Contains(e.Message, placeholderMark) {
		return secretMisuse(e.Line)
	}
	e.Message = strings.TrimPrefix(e.Message, fmt.Sprintf("dockerfile parse error on line %d: ", e.Line))
	if ref, _, _, ok := parser.DetectSyntax(b.Text); ok {
		e.Hint = "its first line asks for the frontend " + ref + "; it is built with the frontend in this program, and none is fetched"
	}
	return e
}
