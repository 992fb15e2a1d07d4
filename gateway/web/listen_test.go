package web

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

// One peer has so many connections and no more, whoever it says it is; a place that was left is free; a trusted proxy
// is not counted.
func TestBoundedListener(t *testing.T) {
	for _, c := range []struct {
		name    string
		trusted []netip.Prefix
		most    int
	}{
		{"a peer", nil, 3},
		{"a trusted proxy", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			taken := make(chan net.Conn, 100)
			ended := make(chan error, 1)
			go func() {
				b := bounded(l, c.trusted, 3)
				for {
					nc, err := b.Accept()
					if err != nil {
						ended <- err
						return
					}
					taken <- nc
					_, _ = nc.Write([]byte{1}) // says that it was taken
				}
			}()
			in := 0
			for range 20 {
				if served(t, l) {
					in++
				}
			}
			if in != c.most || len(taken) != c.most {
				t.Errorf("%d of 20 were served, want %d", in, c.most)
			}
			first := <-taken
			for range 2 { // the second time is for nothing
				_ = first.Close()
			}
			for want := range 2 {
				if got := served(t, l); got != (want == 0 || c.trusted != nil) {
					t.Errorf("after one place was left: %v", got)
				}
			}
			_ = l.Close()
			if err := <-ended; !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
			close(taken)
			for nc := range taken {
				_ = nc.Close()
			}
		})
	}
}

// served opens a connection and tells whether anybody took it.
func served(t *testing.T, l net.Listener) bool {
	t.Helper()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
	n, err := io.ReadFull(nc, make([]byte, 1))
	if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
		t.Fatal("neither taken nor closed")
	}
	return n == 1
}
