package main

import (
	"errors"
	"net"
	"syscall"
)

// peerUID is the user of the process at the other end of a Unix socket, as the kernel knows it (unix(7), SO_PEERCRED).
func peerUID(c net.Conn) (int, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return -1, errors.New("not a Unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return -1, err
	}
	uid, failed := -1, error(nil)
	err = raw.Control(func(fd uintptr) {
		cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		if failed = err; err == nil {
			uid = int(cred.Uid)
		}
	})
	return uid, errors.Join(err, failed)
}
