package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dagger/dagger-lsp/engine/enginetest"
)

// canary makes a secret that nobody knows, and looks for it:
//
//	canary VARIABLE FILE     sets the variable and writes the file
//	canary absent PATH...    fails if a file, or a file below a folder, holds it
//	                         in any form; stdout and stderr are those of the
//	                         last exec. Layers are left out: what commands
//	                         write into their own state is their doing
func canary(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: canary VARIABLE FILE | canary absent PATH...")
	}
	if args[0] != "absent" {
		text := enginetest.RandomCanary().Text
		ts.Setenv(args[0], text)
		ts.Setenv("CANARY", text)
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text+"\n"), 0o600))
		return
	}
	c := enginetest.Canary{Text: ts.Getenv("CANARY")}
	for _, path := range args[1:] {
		if path == "stdout" || path == "stderr" {
			notIn(ts, c, path, []byte(ts.ReadFile(path)))
			continue
		}
		ts.Check(filepath.WalkDir(ts.MkAbs(path), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err == nil && d.IsDir() && d.Name() == "snapshots":
				return fs.SkipDir
			case err != nil || !d.Type().IsRegular():
				return ignoreGone(err)
			}
			data, err := os.ReadFile(path)
			notIn(ts, c, path, data)
			return ignoreGone(err)
		}))
	}
}

// ignoreGone forgives a daemon that removes its files.
func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

func notIn(ts *testscript.TestScript, c enginetest.Canary, path string, data []byte) {
	if form := c.In(data); form != "" {
		ts.Fatalf("%s holds the secret (%s):\n%s", path, form, excerpt(data))
	}
}

func excerpt(data []byte) string {
	const most = 4000
	return strings.ToValidUTF8(string(data[:min(len(data), most)]), "?")
}
