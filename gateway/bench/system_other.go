//go:build !linux

package bench

import (
	"net"
	"time"
)

// nap waits for d.
func nap(d time.Duration) { time.Sleep(d) }

// loopback is any address: other systems than Linux have one.
func loopback(byte) net.Addr { return nil }
