package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Person is somebody with a socket: a visitor with a token, or an agent with the cookie of a session.
type Person struct {
	Token   string // of a visitor; 43 base64url characters
	Cookie  string // of an agent
	Mailbox string // slug, of a visitor
}

func (p Person) hello(topics string) string {
	if p.Cookie != "" {
		return `{"cmd":"hello","id":"h","args":{"as":"agent","topics":` + topics + `}}`
	}
	return fmt.Sprintf(`{"cmd":"hello","id":"h","args":{"as":"visitor","mailbox":%q,"token":%q,"topics":%s}}`, p.Mailbox, p.Token, topics)
}

// Close codes that say: come back and resume (PROTOCOL.md).
const (
	CloseRestarting = 4000
	CloseSlow       = 4001
)

const (
	lively = 16 << 10 // bytes that one read of a busy socket takes
	quiet  = 1 << 10  // and of one that is idle
)

// socket is one connection that comes back where it was when it is cut.
type socket struct {
	url, origin string
	who         Person
	from        net.Addr                  // nil = any address of this machine
	buffer      int                       // bytes that one read takes
	take        func(s *socket, b []byte) // every frame but the answer to hello and pings; nil = none
	again       *atomic.Int64             // how often one came back
	doubled     *atomic.Int64             // events that came twice

	mu     sync.Mutex
	ws     *Conn
	topics map[string]uint64 // last number seen
	closed bool
}

// dial opens the socket and waits for the answer to hello.
func (s *socket) dial(ctx context.Context) error {
	h := http.Header{"Origin": {s.origin}}
	if s.who.Cookie != "" {
		h.Set("Cookie", s.who.Cookie)
	}
	w, err := Dial(ctx, Dialing{URL: s.url, Path: "/v1/socket", Header: h, From: s.from, Buffer: s.buffer})
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, w.Close)
	err = w.Write([]byte(s.who.hello(s.seen())))
	if err == nil {
		err = s.greeted(w)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		w.Close()
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ws = w
	if s.closed {
		w.Close()
	}
	return nil
}

func (s *socket) greeted(w *Conn) error {
	for {
		raw, err := w.Read()
		if err != nil {
			return err
		}
		if bytes.Contains(raw, []byte(`"re":"h"`)) {
			if !bytes.Contains(raw, []byte(`"ok"`)) {
				return fmt.Errorf("hello: %s", raw)
			}
			return nil
		}
		if err := s.took(w, raw); err != nil {
			return err
		}
	}
}

// seen is the topics of hello, as JSON.
func (s *socket) seen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := []byte{'{'}
	for t, seq := range s.topics {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, t)
		b = append(b, ':')
		b = strconv.AppendUint(b, seq, 10)
	}
	return string(append(b, '}'))
}

// run reads until the socket is closed for good; cut off, it comes back.
func (s *socket) run(ctx context.Context) error {
	for {
		err := s.read()
		if s.gone() || ctx.Err() != nil {
			return nil
		}
		var code Closed
		if !errors.As(err, &code) || code != CloseSlow && code != CloseRestarting {
			return err
		}
		s.again.Add(1)
		if err := within(ctx, time.Minute, s.dial); err != nil {
			return err
		}
	}
}

func (s *socket) gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *socket) now() *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ws
}

func (s *socket) read() error {
	w := s.now()
	for {
		raw, err := w.Read()
		if err == nil {
			err = s.took(w, raw)
		}
		if err != nil {
			return err
		}
	}
}

// took answers a ping, and hands on what is new.
func (s *socket) took(w *Conn, raw []byte) error {
	switch {
	case bytes.HasPrefix(raw, []byte(`{"sig":"ping"`)):
		return w.Write([]byte(`{"sig":"pong","data":{}}`))
	case s.fresh(raw) && s.take != nil:
		s.take(s, raw)
	}
	return nil
}

// fresh moves the topic of an event on, and says no to one that was there before.
func (s *socket) fresh(raw []byte) bool {
	if bytes.HasPrefix(raw, []byte(`{"re":"`)) {
		if _, event, ok := bytes.Cut(raw, []byte(`,"event":`)); ok { // it stands for the event
			s.fresh(event)
		}
		return true
	}
	if !is(raw, "") {
		return true
	}
	topic, seq := field(raw, `"topic":"`), number(raw, `"seq":`)
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq <= s.topics[string(topic)] {
		s.doubled.Add(1)
		return false
	}
	s.topics[string(topic)] = seq
	return true
}

func (s *socket) write(frame []byte) error { return s.now().Write(frame) }

// close ends the socket for good.
func (s *socket) close() {
	s.mu.Lock()
	s.closed = true
	w := s.ws
	s.mu.Unlock()
	if w != nil {
		w.Close()
	}
}

// is reports whether a frame is an event of this kind ("" = of any).
func is(raw []byte, kind string) bool {
	head := raw[:min(len(raw), 80)]
	if !bytes.HasPrefix(raw, []byte(`{"id":"ev_`)) {
		return false
	}
	_, rest, ok := bytes.Cut(head, []byte(`"ev":"`))
	return ok && (kind == "" || bytes.HasPrefix(rest, []byte(kind)))
}

// field gives the text after mark up to the next quote; only for values without escapes.
func field(raw []byte, mark string) []byte {
	_, rest, ok := bytes.Cut(raw, []byte(mark))
	if !ok {
		return nil
	}
	if end := bytes.IndexByte(rest, '"'); end >= 0 {
		return rest[:end]
	}
	return nil
}

// number gives the digits after mark; 0 when there are none.
func number(raw []byte, mark string) (n uint64) {
	_, rest, _ := bytes.Cut(raw, []byte(mark))
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// within gives fn so much time.
func within(ctx context.Context, d time.Duration, fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return fn(ctx)
}
