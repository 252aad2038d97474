//go:build unix

package worker

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps a Ctrl-C in the terminal, which goes to the whole foreground
// group, from ending the child behind its owner's back.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
