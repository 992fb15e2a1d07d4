//go:build !linux

package main

import (
	"errors"
	"net"
)

// peerUID lets nobody in where the kernel is not asked who it is.
func peerUID(net.Conn) (int, error) { return -1, errors.New("'postern signer' needs Linux") }
