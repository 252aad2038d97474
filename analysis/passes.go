package analysis

import (
	"fmt"
	"strings"

	"github.com/dagger/dagger-lsp/runtime"
)

// passesText says how many passes target takes, and what forces each after the
// first; nothing for a job of one pass.
func passesText(p *runtime.Plan, target string) string {
	n, barriers := p.Passes(target)
	if n == 1 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d passes, in one session:\n", n)
	for pass := 2; pass <= n; pass++ {
		for _, w := range barriers {
			if w.Pass == pass {
				fmt.Fprintf(&b, "  pass %d: %s  (%s)\n", pass, reason(w), place(w.Range))
			}
		}
	}
	return b.String()
}

// reason says in words what a barrier waits for.
func reason(b runtime.Barrier) string {
	switch {
	case b.Action != "":
		return fmt.Sprintf("what follows %s needs that to be done", b.Op)
	case b.Op.Index < 0:
		return fmt.Sprintf("the operations of %s depend on the value of %s", b.Op.Component, b.Component)
	}
	return fmt.Sprintf("%s needs the value of %s in %s", b.Op, b.Component, b.Field)
}

// place is a line without its folders: in a plan the file's name is enough.
func place(r runtime.Range) string {
	return fmt.Sprintf("%s:%d", r.File[strings.LastIndexAny(r.File, `/\`)+1:], r.Start.Line+1)
}
