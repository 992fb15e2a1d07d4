package web

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// pipe serves one connection without a descriptor, in fake time, and gives the client's end.
func pipe(t *testing.T) (client net.Conn, br *bufio.Reader, e *echo, reg *registry) {
	reg = newRegistry(context.Background())
	near, far := net.Pipe()
	started := make(chan *echo, 1)
	h := http.Header{}
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", "websocket")
	h.Set("Sec-WebSocket-Version", "13")
	h.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	if reg.reserve("") != nil {
		t.Fatal("no place")
	}
	go accept(near, nil, &http.Request{Method: "GET", ProtoMajor: 1, ProtoMinor: 1, Header: h}, reg, "", func(c *conn) connHandler {
		e := &echo{c: c, closed: make(chan string, 1), alarms: make(chan struct{}, 1)}
		started <- e
		return e
	})
	br = bufio.NewReader(far)
	if _, err := http.ReadResponse(br, nil); err != nil {
		t.Fatal(err)
	}
	return far, br, <-started, reg
}

// A message that has begun has 10 s, however often a byte of it comes; silence between messages is free.
func TestSlowloris(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, br, e, reg := pipe(t)
		r := &rig{t: t}
		time.Sleep(time.Hour)
		_, _ = client.Write(frame(0x81, "after an hour"))
		r.want(br, 1, "after an hour")
		began := time.Now()
		dripped := make(chan struct{})
		go func() {
			defer close(dripped)
			for _, b := range frame(0x81, "drip, drip, drip") {
				if _, err := client.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		r.want(br, 8, "\x0f\xa1slow")
		if d := time.Since(began); d != messageTime {
			t.Errorf("cut after %v, want %v", d, messageTime)
		}
		_ = client.Close()
		<-dripped
		if got := <-e.closed; got != "4001 slow" {
			t.Errorf("onClose %q", got)
		}
		reg.shutdown(t.Context(), 0, func(*conn) {})
	})
}

// A peer that takes nothing for 10 s is cut off, and in 15 s at the latest.
func TestWriteDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _, e, reg := pipe(t)
		began := time.Now()
		e.c.Send([]byte("nobody reads this"))
		if got := <-e.closed; got != "1006 " {
			t.Errorf("onClose %q", got)
		}
		if d := time.Since(began); d < writeTime || d > writeTime*3/2 {
			t.Errorf("cut after %v, want %v or a little more", d, writeTime)
		}
		_ = client.Close()
		reg.shutdown(t.Context(), 0, func(*conn) {})
	})
}

// Frames that were queued together leave in one write.
func TestCork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _, e, reg := pipe(t)
		e.c.Send([]byte("first")) // the pipe holds the writer here
		synctest.Wait()
		e.c.Send([]byte("one"))
		e.c.Send([]byte("two"))
		buf := make([]byte, 1<<10)
		for _, want := range []string{"\x81\x05first", "\x81\x03one\x81\x03two"} {
			n, err := client.Read(buf)
			if err != nil || string(buf[:n]) != want {
				t.Errorf("one write brings %q, %v; want %q", buf[:n], err, want)
			}
		}
		_ = client.Close()
		<-e.closed
		reg.shutdown(t.Context(), 0, func(*conn) {})
		if reg.reserve("") == nil {
			t.Error("a place after shutdown")
		}
	})
}
