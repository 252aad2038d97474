package checks

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestListIsComplete keeps All in step with the files: one file and one case
// per check, in the order of their codes.
func TestListIsComplete(t *testing.T) {
	var codes []string
	for _, c := range All() {
		codes = append(codes, string(c.Code))
		if c.Doc == "" || c.Severity == 0 || c.Run == nil {
			t.Errorf("check %s is not complete", c.Code)
		}
		cases := filepath.Join("..", "..", "testdata", "markers", "checks", string(c.Code)+".txtar")
		if _, err := os.Stat(cases); err != nil {
			t.Errorf("check %s has no case: %v", c.Code, err)
		}
	}
	if !slices.IsSorted(codes) {
		t.Errorf("checks are not sorted: %v", codes)
	}
	var files []string
	found, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		name := strings.TrimSuffix(f, ".go")
		if name != "checks" && !strings.HasSuffix(name, "_test") {
			files = append(files, strings.ReplaceAll(name, "_", "-"))
		}
	}
	if !slices.Equal(codes, files) {
		t.Errorf("All has %v, the files are %v", codes, files)
	}
}
