package main

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// relay stands between the gateways and Redis, and can be a hole: what goes in is gone, in both directions, and no
// side is told. As with packets that vanish, a connection that has lost bytes never speaks again, also not after the
// hole is closed; and nobody resets it.
type relay struct {
	addr, to string

	mu    sync.Mutex
	hole  bool
	gone  int // bytes that have vanished
	conns map[net.Conn]bool
	work  sync.WaitGroup
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{addr: l.Addr().String(), to: to, conns: map[net.Conn]bool{}}
	r.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.work.Go(func() { r.pass(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.mu.Lock()
		for c := range r.conns {
			_ = c.Close()
		}
		r.mu.Unlock()
		r.work.Wait()
	})
	return r
}

// swallow opens or closes the hole.
func (r *relay) swallow(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hole = on
}

// passed is one connection through the relay.
type passed struct {
	*relay
	dead bool // has lost bytes; mu
}

// pass carries one connection until both sides have ended.
func (r *relay) pass(client net.Conn) {
	p := &passed{relay: r}
	r.keep(client)
	defer r.drop(client)
	if p.lost(0) {
		p.copy(io.Discard, client)
		return
	}
	server, err := net.Dial("tcp", r.to)
	if err != nil {
		return // Redis is down: so is this connection
	}
	r.keep(server)
	defer r.drop(server)
	var both sync.WaitGroup
	both.Go(func() { p.copy(server, client); _ = server.Close() })
	p.copy(client, server)
	if p.lost(0) {
		both.Wait() // the end of the other side vanishes too
		return
	}
	_ = client.Close()
	both.Wait()
}

func (r *relay) keep(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = true
}

func (r *relay) drop(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	_ = c.Close()
}

// lost reports whether the next n bytes vanish, as all do while there is a hole, and ever after.
func (p *passed) lost(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = p.dead || p.hole
	if p.dead {
		p.gone += n
	}
	return p.dead
}

func (p *passed) copy(to io.Writer, from net.Conn) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if n > 0 && !p.lost(n) {
			_, _ = to.Write(b[:n]) // an end is noticed by reading
		}
		if err != nil {
			return
		}
	}
}

// What goes through the relay arrives; what goes into the hole does not, and its connection is dead afterwards, while
// a new one passes again.
func TestRelay(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = echo.Close() })
	got := make(chan string, 10)
	go func() {
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			go func() {
				b := make([]byte, 10)
				for {
					n, err := c.Read(b)
					if err != nil {
						got <- "end"
						return
					}
					got <- string(b[:n])
					_, _ = c.Write(b[:n])
				}
			}()
		}
	}()
	r := newRelay(t, echo.Addr().String())
	dial := func() net.Conn {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	say := func(c net.Conn, s string) {
		if _, err := c.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	hears := func(want string) {
		t.Helper()
		if s := <-got; s != want {
			t.Fatalf("came %q, want %q", s, want)
		}
	}
	old := dial()
	say(old, "one")
	hears("one")
	if _, err := io.ReadFull(old, make([]byte, 3)); err != nil { // and back
		t.Fatal(err)
	}
	r.swallow(true)
	say(old, "two")
	early := dial()
	say(early, "three")
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		r.mu.Lock()
		gone := r.gone
		r.mu.Unlock()
		if gone == len("twothree") {
			break
		}
		if time.Since(begun) > patience {
			t.Fatalf("%d bytes have vanished", gone)
		}
	}
	r.swallow(false)
	say(early, "four") // a connection that began in the hole, or has lost something, stays dead
	fresh := dial()
	say(fresh, "six")
	hears("six")
	_ = fresh.Close()
	hears("end")
	_ = old.Close()
	hears("end")
}
