package runtime

import (
	"path"
	"path/filepath"
	"strings"
)

// ModulePath is the path of the plan's CUE module, without its major version;
// empty where there is no module.
func (p *Plan) ModulePath() string { return readModule(Source{}, p.Root).written }

// ModuleRoot is the folder of the CUE module that dir is in, or dir itself.
func ModuleRoot(dir string) string { return moduleRoot(Source{Dir: dir}) }

// FileName is how a file is called outside this machine: from root, with slashes.
// A file that does not lie below root belongs to an imported package, whose path
// begins the name of its component, and is called by that.
func FileName(root, file, component string) string {
	rel, err := filepath.Rel(root, file)
	if err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	pkg, _, imported := strings.Cut(component, ":")
	if !imported {
		pkg = ""
	}
	return path.Join(pkg, filepath.Base(file))
}
