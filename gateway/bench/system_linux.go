package bench

import (
	"net"
	"syscall"
	"time"
)

// nap waits for d to within some tens of microseconds. The runtime's own timers wait in whole milliseconds when nothing
// else is to do (epoll_wait(2)), which would be taken for slowness of the gateway.
func nap(d time.Duration) {
	for d > 0 {
		left, ts := syscall.Timespec{}, syscall.NsecToTimespec(d.Nanoseconds())
		if syscall.Nanosleep(&ts, &left) == nil {
			return
		}
		d = time.Duration(left.Nano())
	}
}

// loopback is 127.0.0.n, which Linux has without being told.
func loopback(n byte) net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, n)} }
