package mask

import (
	"fmt"
	goruntime "runtime"
)

// Panic is what may be said of a panic: the words of Go's own (an index, a nil
// pointer), and of any other the type alone, since it may hold anything.
func Panic(p any) string {
	if err, ok := p.(goruntime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}
