package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/postern-chat/postern/gateway"
)

const testOrigin = "https://shop.example:443"

// echo answers each frame with itself and remembers why it ended.
type echo struct {
	c      *conn
	closed chan string
	alarms chan struct{}
}

func (e *echo) onFrame(_ context.Context, frame []byte) bool {
	e.answer(frame)
	return string(frame) != "rest"
}

func (e *echo) answer(frame []byte) {
	if string(frame) == "bye" {
		e.c.Send([]byte("the last word"))
		e.c.Close(closeUnauthenticated, "unauthenticated")
		return
	}
	if bytes.HasPrefix(frame, []byte("flood ")) {
		for e.c.Send(bytes.Repeat([]byte("x"), 8<<10)) {
		}
		return
	}
	e.c.Send(frame)
}
func (e *echo) onAlarm() { e.alarms <- struct{}{} }
func (e *echo) onClose(code int, reason string) {
	e.closed <- fmt.Sprint(code, " ", reason)
}

type rig struct {
	t    *testing.T
	addr string
	from string // the client's address, as it counts in limits
	reg  *registry
	got  chan *echo
}

// newRig starts a real Fiber listener; idle is the time to parking.
func newRig(t *testing.T, idle time.Duration) *rig {
	t.Helper()
	r := &rig{t: t, reg: newRegistry(context.Background()), got: make(chan *echo, 1000)}
	r.reg.idleAfter = idle
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadBufferSize: 16 << 10, ErrorHandler: status})
	prepareSockets(app)
	app.Get("/v1/socket", func(fc *fiber.Ctx) error {
		return upgrade(fc, r.reg, upgradeOptions{
			Addr: r.from, Origins: []string{testOrigin}, Bearer: func(tok string) bool { return tok == "good" },
		}, r.start)
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	done := make(chan error, 1)
	go func() { done <- app.Listener(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		r.reg.shutdown(ctx, 0, func(*conn) {})
		if err := app.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return r
}

func status(fc *fiber.Ctx, err error) error {
	var r refusal
	if gateway.CodeOf(err) == "too_many" {
		return fc.SendStatus(429)
	}
	if !errors.As(err, &r) {
		return fc.SendStatus(500)
	}
	return fc.Status(map[string]int{"forbidden": 403, "invalid": 400, "unavailable": 503}[r.Code()]).SendString(r.Code())
}

func (r *rig) start(c *conn) connHandler {
	e := &echo{c: c, closed: make(chan string, 1), alarms: make(chan struct{}, 1)}
	r.got <- e
	return e
}

func (r *rig) dial() *websocket.Conn {
	r.t.Helper()
	ws, _, err := websocket.Dial(r.t.Context(), "ws://"+r.addr+"/v1/socket",
		&websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://shop.example"}}})
	if err != nil {
		r.t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	r.t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

const handshakeText = "GET /v1/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// raw opens a TCP connection and sends a handshake with early behind it, in one write.
func (r *rig) raw(headers string, early []byte) (net.Conn, *bufio.Reader, *http.Response) {
	r.t.Helper()
	nc, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := nc.Write(append([]byte(handshakeText+headers+"\r\n"), early...)); err != nil {
		r.t.Fatal(err)
	}
	br := bufio.NewReader(nc)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return nc, br, resp
}

const fromShop = "Origin: https://shop.example\r\n"

// frame is a masked client frame with a mask of zeros.
func frame(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return append(append(b, 0, 0, 0, 0), payload...)
}

func (r *rig) next(br *bufio.Reader) (opcode byte, payload string) {
	r.t.Helper()
	var h [2]byte
	if _, err := io.ReadFull(br, h[:]); err != nil {
		r.t.Fatal(err)
	}
	n := int(h[1])
	if n == 126 {
		var l [2]byte
		if _, err := io.ReadFull(br, l[:]); err != nil {
			r.t.Fatal(err)
		}
		n = int(binary.BigEndian.Uint16(l[:]))
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(br, b); err != nil {
		r.t.Fatal(err)
	}
	return h[0] & 15, string(b)
}

func (r *rig) want(br *bufio.Reader, opcode byte, payload string) {
	r.t.Helper()
	if op, p := r.next(br); op != opcode || p != payload {
		r.t.Fatalf("frame %d %q, want %d %q", op, p, opcode, payload)
	}
}

func (r *rig) wantClose(ws *websocket.Conn, code int, reason string) {
	r.t.Helper()
	for {
		_, _, err := ws.Read(r.t.Context())
		var ce websocket.CloseError
		if errors.As(err, &ce) {
			if int(ce.Code) != code || ce.Reason != reason {
				r.t.Fatalf("closed %d %q, want %d %q", ce.Code, ce.Reason, code, reason)
			}
			return
		}
		if err != nil {
			r.t.Fatalf("ended without a close frame: %v", err)
		}
	}
}

func TestRefusedBeforeTheUpgrade(t *testing.T) {
	r := newRig(t, time.Second)
	for _, c := range []struct {
		name, headers string
		want          int
	}{
		{"own origin", fromShop, 101},
		{"own origin with its port", "Origin: https://shop.example:443\r\n", 101},
		{"http for https", "Origin: http://shop.example\r\n", 403},
		{"another port", "Origin: https://shop.example:8443\r\n", 403},
		{"another host", "Origin: https://shop.example.evil.test\r\n", 403},
		{"opaque origin", "Origin: null\r\n", 403},
		{"user in front", "Origin: https://shop.example@evil.test\r\n", 403},
		{"no origin", "", 403},
		{"no origin, bad token", "Authorization: Bearer bad\r\n", 403},
		{"no origin, good token", "Authorization: Bearer good\r\n", 101},
		{"wrong origin, good token", "Origin: https://evil.test\r\nAuthorization: Bearer good\r\n", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, resp := r.raw(c.headers, nil)
			if resp.StatusCode != c.want {
				t.Fatalf("status %d, want %d", resp.StatusCode, c.want)
			}
			if c.want == 101 {
				<-r.got
			}
			if len(r.got) != 0 {
				t.Error("a refused client was served")
			}
		})
	}
}

func TestFrames(t *testing.T) {
	r := newRig(t, 20*time.Millisecond)
	_, br, _ := r.raw(fromShop, append(frame(0x81, "one"), frame(0x81, "two")...))
	r.want(br, 1, "one")
	r.want(br, 1, "two")

	nc, br, _ := r.raw(fromShop, frame(0x89, "early ping"))
	r.want(br, 10, "early ping")
	send := func(b ...[]byte) {
		t.Helper()
		if _, err := nc.Write(bytes.Join(b, nil)); err != nil {
			t.Fatal(err)
		}
	}
	send(frame(0x01, "frag"), frame(0x89, "mid"), frame(0x80, "ment"))
	r.want(br, 10, "mid")
	r.want(br, 1, "fragment")
	send(frame(0x8a, "unasked pong"), frame(0x89, "p"), frame(0x81, "after"))
	r.want(br, 10, "p")
	r.want(br, 1, "after")
	for _, b := range frame(0x81, "byte by byte") {
		send([]byte{b})
	}
	r.want(br, 1, "byte by byte")
}

func TestBadInputCloses(t *testing.T) {
	r := newRig(t, time.Second)
	for _, c := range []struct {
		name, want string
		in         []byte
	}{
		{"invalid UTF-8", "\x03\xefinvalid", frame(0x81, "a\xff")},
		{"64 KiB and one byte", "\x03\xf1too_large", frame(0x81, strings.Repeat("x", maxMessage+1))},
		{"64 KiB and one byte in parts", "\x03\xf1too_large", append(frame(0x01, strings.Repeat("x", maxMessage)), frame(0x80, "x")...)},
		{"binary", "\x11\x96protocol", frame(0x82, "bin")},
	} {
		t.Run(c.name, func(t *testing.T) {
			nc, br, _ := r.raw(fromShop, nil)
			e := <-r.got
			if _, err := nc.Write(c.in); err != nil {
				t.Fatal(err)
			}
			r.want(br, 8, c.want)
			_ = nc.Close()
			if got := <-e.closed; !strings.HasSuffix(got, c.want[2:]) {
				t.Errorf("onClose %q", got)
			}
		})
	}
	ws := r.dial()
	whole := strings.Repeat("é", maxMessage/2)
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(whole)); err != nil {
		t.Fatal(err)
	}
	if _, got, err := ws.Read(t.Context()); err != nil || string(got) != whole {
		t.Fatalf("exactly 64 KiB: %d bytes, %v", len(got), err)
	}
}

// A handler that answers and closes: the answer comes first, every time.
func TestLastWordBeforeTheClose(t *testing.T) {
	r := newRig(t, time.Second)
	for range 200 {
		ws := r.dial()
		e := <-r.got
		if err := ws.Write(t.Context(), websocket.MessageText, []byte("bye")); err != nil {
			t.Fatal(err)
		}
		if _, got, err := ws.Read(t.Context()); err != nil || string(got) != "the last word" {
			t.Fatalf("got %q, %v", got, err)
		}
		r.wantClose(ws, closeUnauthenticated, "unauthenticated")
		if got := <-e.closed; got != "4500 unauthenticated" {
			t.Errorf("onClose %q", got)
		}
	}
}

// A consumer that does not read is told to come back, and the publisher never waited.
func TestSlowConsumer(t *testing.T) {
	r := newRig(t, time.Second)
	ws := r.dial()
	e := <-r.got
	if err := ws.Write(t.Context(), websocket.MessageText, []byte("flood ")); err != nil {
		t.Fatal(err)
	}
	poll(t, func() bool { return e.c.isClosing() })
	if e.c.Send([]byte("late")) {
		t.Error("Send after the close")
	}
	r.wantClose(ws, closeSlow, "slow")
	if got := <-e.closed; got != "4001 slow" {
		t.Errorf("onClose %q", got)
	}
}

// A parked connection holds no block, wakes for input and for output, and is parked again.
// What a connection does not take at once goes after it, whole and in order, also when pongs come between.
func TestWhatIsLeftFollows(t *testing.T) {
	r := newRig(t, time.Minute)
	nc, br, _ := r.raw(fromShop, nil)
	if err := nc.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	e := <-r.got
	if err := e.c.raw.(*net.TCPConn).SetWriteBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	const frames = 50
	body := func(n int) string { return strings.Repeat(string(rune('a'+n%26)), 8<<10-n) }
	for n := range frames {
		if e.c.Queue([]byte(body(n))) {
			e.c.Flush()
		}
		if n%10 == 0 {
			if _, err := nc.Write(frame(0x89, fmt.Sprint("ping ", n))); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n := 0; n < frames; {
		switch op, got := r.next(br); {
		case op == 0xA && strings.HasPrefix(got, "ping "):
		case op != 1 || got != body(n):
			t.Fatalf("frame %d is of kind %d and begins with %.10q", n, op, got)
		default:
			n++
		}
	}
}

// Whoever only answers a ping rests at once, and nothing that came behind the answer is lost.
func TestRestsAfterAnAnswer(t *testing.T) {
	r := newRig(t, time.Minute)
	nc, br, _ := r.raw(fromShop, nil)
	e := <-r.got
	for n := range 20 {
		send := frame(0x81, "rest")
		for range n % 3 {
			send = append(send, frame(0x81, "and more")...)
		}
		if n%5 == 4 {
			send = append(send, frame(0x89, "ping")...)
		}
		if _, err := nc.Write(send); err != nil {
			t.Fatal(err)
		}
		want := append([]string{"rest"}, slices.Repeat([]string{"and more"}, n%3)...)
		for pongs := n % 5 / 4; len(want) > 0 || pongs > 0; {
			switch op, text := r.next(br); {
			case op == 0xA: // it may overtake
				pongs--
			case len(want) == 0 || op != 1 || text != want[0]:
				t.Fatalf("frame %d %q, want %q", op, text, want)
			default:
				want = want[1:]
			}
		}
	}
	e.c.Close(4000, "restarting")
	if op, text := r.next(br); op != 8 || !strings.HasSuffix(text, "restarting") {
		t.Errorf("the last frame is %d %q", op, text)
	}
}

func TestParkedWakes(t *testing.T) {
	r := newRig(t, time.Millisecond)
	ws := r.dial()
	e := <-r.got
	for i := range 300 {
		text := fmt.Sprint("message ", i)
		if i%2 == 0 {
			time.Sleep(time.Duration(i%5) * time.Millisecond) // around the moment of parking
		}
		if err := ws.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := ws.Read(t.Context()); err != nil || string(got) != text {
			t.Fatalf("got %q, %v; want %q", got, err, text)
		}
	}
	e.c.Close(closeTokenExpired, "token_expired")
	r.wantClose(ws, closeTokenExpired, "token_expired")
}

func TestManyMessages(t *testing.T) {
	r := newRig(t, 2*time.Millisecond)
	var all sync.WaitGroup
	for range 16 {
		ws := r.dial()
		all.Go(func() {
			for i := range 400 {
				text := fmt.Sprint(i)
				if err := ws.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
					t.Error(err)
					return
				}
				if i%8 != 7 {
					continue
				}
				for j := i - 7; j <= i; j++ {
					if _, got, err := ws.Read(t.Context()); err != nil || string(got) != fmt.Sprint(j) {
						t.Errorf("got %q, %v; want %d", got, err, j)
						return
					}
				}
			}
		})
	}
	all.Wait()
}

func TestAlarm(t *testing.T) {
	r := newRig(t, time.Millisecond)
	_ = r.dial()
	e := <-r.got
	e.c.Alarm(time.Millisecond)
	<-e.alarms
}

func TestShutdown(t *testing.T) {
	r := newRig(t, time.Millisecond)
	reg := newRegistry(context.Background())
	r.reg, reg = reg, r.reg // the rig's cleanup ends the new one
	reg.shutdown(t.Context(), 0, func(*conn) {})
	var clients []*websocket.Conn
	for range 8 {
		clients = append(clients, r.dial())
	}
	poll(t, func() bool { return r.reg.Count() == 8 })
	done := make(chan struct{})
	began := time.Now()
	live := r.reg
	go func() {
		live.shutdown(t.Context(), 400*time.Millisecond, func(c *conn) { c.Send([]byte("server.restarting")) })
		close(done)
	}()
	for _, ws := range clients {
		if _, got, err := ws.Read(t.Context()); err != nil || string(got) != "server.restarting" {
			t.Fatalf("signal %q, %v", got, err)
		}
	}
	_, _, resp := r.raw(fromShop, nil)
	if resp.StatusCode != 503 {
		t.Errorf("newcomer got %d, want 503", resp.StatusCode)
	}
	var all sync.WaitGroup
	for _, ws := range clients {
		all.Go(func() { r.wantClose(ws, closeRestarting, "restarting") })
	}
	all.Wait()
	<-done
	if d := time.Since(began); d < 300*time.Millisecond {
		t.Errorf("all closed within %v, want a spread of 400ms", d)
	}
	r.reg = newRegistry(context.Background())
}

// Who is connected goes on while newcomers are refused, and a place that is left is free again.
func TestSocketLimits(t *testing.T) {
	r := newRig(t, time.Minute)
	r.reg.bound(3, 2)
	newcomer := func(addr string) int {
		r.from = addr
		nc, _, resp := r.raw(fromShop, nil)
		if resp.StatusCode != 101 {
			_ = nc.Close()
		}
		return resp.StatusCode
	}
	r.from = "a"
	first := r.dial()
	e := <-r.got
	for _, c := range []struct {
		addr string
		want int
	}{{"a", 101}, {"a", 429}, {"b", 101}, {"b", 503}, {"c", 503}} {
		if got := newcomer(c.addr); got != c.want {
			t.Errorf("from %s: %d, want %d", c.addr, got, c.want)
		}
		if c.want == 101 {
			<-r.got
		}
	}
	if err := first.Write(t.Context(), websocket.MessageText, []byte("still here")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := first.Read(t.Context()); err != nil || string(got) != "still here" {
		t.Errorf("who was there first: %q, %v", got, err)
	}
	_ = first.CloseNow()
	<-e.closed
	poll(t, func() bool { return newcomer("a") == 101 })
}

func poll(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen within 10s")
		}
	}
}
