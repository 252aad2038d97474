// Package enginetest gives tests a real BuildKit daemon that cannot reach any
// network, and an image store with a busybox in it. It is for Linux.
//
// The daemon is the test binary itself, run again: a package that uses Start
// calls Main from its TestMain.
package enginetest
