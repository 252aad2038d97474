package mask

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed common.txt
var commonText string

var common = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(commonText) {
		out[w] = true
	}
	return out
})

// isCommon reports that a text is a word that logs are full of. Whoever has
// such a secret has none.
func isCommon(text string) bool { return common()[strings.ToLower(text)] }
