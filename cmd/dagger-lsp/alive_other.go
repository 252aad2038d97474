//go:build !unix

package main

import "os"

// alive reports whether a process exists: on Windows it can be opened then.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return p.Release() == nil
}
