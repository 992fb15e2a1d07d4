package web

import (
	"net"
	"net/netip"
	"sync/atomic"
)

// plainPerSocket is how many connections an address may have open, websockets or not, for each websocket it may have.
const plainPerSocket = 4

// boundedListener ends what one address opens beyond its share before a byte of it is read: a slow request costs a
// buffer and a goroutine for its ten seconds, whatever X-Forwarded-For it will send. Proxies are not counted.
type boundedListener struct {
	net.Listener
	trusted []netip.Prefix
	open    *tally[netip.Prefix]
}

// bounded allows so many open connections of each peer that is no trusted proxy; 0 = as many as come.
func bounded(l net.Listener, trusted []netip.Prefix, perAddress int) net.Listener {
	if perAddress <= 0 {
		return l
	}
	return &boundedListener{Listener: l, trusted: trusted, open: newTally[netip.Prefix](perAddress)}
}

// Accept implements net.Listener.
func (b *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			return c, nil
		}
		peer, err := netip.ParseAddrPort(c.RemoteAddr().String())
		if err != nil || isTrusted(peer.Addr().Unmap().WithZone(""), b.trusted) {
			return c, nil
		}
		key := addrPrefix(peer.Addr())
		if b.open.enter(key) {
			return &countedConn{TCPConn: tcp, open: b.open, key: key}, nil
		}
		_ = c.Close()
	}
}

// countedConn gives its place back when it is closed. It keeps the descriptor's methods: sockets park on it.
type countedConn struct {
	*net.TCPConn
	open   *tally[netip.Prefix]
	key    netip.Prefix
	closed atomic.Bool
}

// Close implements net.Conn.
func (c *countedConn) Close() error {
	if !c.closed.Swap(true) {
		c.open.leave(c.key)
	}
	return c.TCPConn.Close()
}
