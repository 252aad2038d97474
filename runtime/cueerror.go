package runtime

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue/errors"
)

// errorText is the message of a CUE error without its path and positions,
// which the problem carries itself.
func errorText(e errors.Error) string {
	format, args := e.Msg()
	return strings.TrimSpace(fmt.Sprintf(format, args...))
}
