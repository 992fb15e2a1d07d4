package server

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps Ctrl-C in a terminal from the server: the tests end it themselves. Should this
// process die before it can (a test over its time limit), the kernel sends quit.
func ownGroup(cmd *exec.Cmd, quit syscall.Signal) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = quit
}
