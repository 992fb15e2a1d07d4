//go:build !linux

package server

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps Ctrl-C in a terminal from the server: the tests end it themselves.
func ownGroup(cmd *exec.Cmd, _ syscall.Signal) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}
