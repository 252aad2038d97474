// Package catalog holds the CUE packages that come with the program. Nothing is
// written into the user's cue.mod: package runtime puts what a config imports
// into CUE's view of the module.
//
// Vocabulary: a package's path is what stands below the prefix, `js/yarn` for
// `dagger.io/js/yarn`; each is found under all of Prefixes. Its files import
// others by the first prefix.
//
// To add a package: make the folder <path> with its .cue files and a VERSION
// file, and add its depth to the embed patterns if it is the first of it. Every
// definition and field has a doc comment: hover, completion and docs show it.
//
// A field that takes a component is declared as "_", not as dagger.#Artifact: CUE
// shares the user's component there then, and copies it into every use otherwise
// (20 containers made of each other take 0.1 s, against minutes).
//
// Absent on purpose: the operations, which are package ops's.
package catalog

import (
	"embed"
	"io/fs"
	"path"
	"strings"
	"sync"
)

// Prefixes are the domains under which configs import the packages: today's
// first, then the older ones, back to the prototype's.
func Prefixes() []string { return []string{"dagger.io", "alpha.dagger.io", "dagger.cloud"} }

// Package is one CUE package.
type Package struct {
	// Path is the import path below the prefix.
	Path string
	// Version is the package's own, a semantic version.
	Version string
	// Files are its CUE texts, by name.
	Files map[string]string
}

//go:embed */*.cue */VERSION */*/*.cue */*/VERSION
var files embed.FS

// Packages returns every package, by path. The result is shared and must not be
// changed.
func Packages() map[string]Package { return packages() }

const versionFile = "VERSION"

var packages = sync.OnceValue(func() map[string]Package {
	out := map[string]Package{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		dir, base := path.Split(name)
		p := out[path.Clean(dir)]
		p.add(path.Clean(dir), base, string(text))
		out[p.Path] = p
		return nil
	})
	if err != nil { // the files are embedded: only a bug gets here
		panic("catalog: " + err.Error())
	}
	return out
})

func (p *Package) add(dir, base, text string) {
	p.Path = dir
	if base == versionFile {
		p.Version = strings.TrimSpace(text)
		return
	}
	if p.Files == nil {
		p.Files = map[string]string{}
	}
	p.Files[base] = text
}
