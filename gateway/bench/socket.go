package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
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

// CloseSlow is the code with which the gateway closes a socket that reads too slowly: come back and resume.
const CloseSlow = 4001

// socket is one connection that comes back where it was when it is cut.
type socket struct {
	url, origin string
	who         Person
	take        func(raw []byte) // every frame but the answer to hello
	again       *atomic.Int64    // how often it came back

	mu     sync.Mutex
	ws     *websocket.Conn
	topics map[string]uint64 // last number seen
	closed bool
}

// dial opens the socket and waits for the answer to hello.
func (s *socket) dial(ctx context.Context) error {
	h := http.Header{"Origin": {s.origin}}
	if s.who.Cookie != "" {
		h.Set("Cookie", s.who.Cookie)
	}
	ws, _, err := websocket.Dial(ctx, strings.Replace(s.url, "http", "ws", 1)+"/v1/socket", &websocket.DialOptions{HTTPHeader: h})
	if err != nil {
		return err
	}
	ws.SetReadLimit(1 << 20)
	if err := ws.Write(ctx, websocket.MessageText, []byte(s.who.hello(s.seen()))); err != nil {
		return errors.Join(err, ws.CloseNow())
	}
	if err := s.greeted(ctx, ws); err != nil {
		return errors.Join(err, ws.CloseNow())
	}
	s.mu.Lock()
	s.ws = ws
	s.mu.Unlock()
	return nil
}

func (s *socket) greeted(ctx context.Context, ws *websocket.Conn) error {
	for {
		_, raw, err := ws.Read(ctx)
		if err != nil {
			return err
		}
		if bytes.Contains(raw, []byte(`"re":"h"`)) {
			if !bytes.Contains(raw, []byte(`"ok"`)) {
				return fmt.Errorf("hello: %s", raw)
			}
			return nil
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
		err := s.read(ctx)
		s.mu.Lock()
		closed := s.closed
		s.mu.Unlock()
		if closed || ctx.Err() != nil {
			return nil
		}
		if code := websocket.CloseStatus(err); code != CloseSlow && code != websocket.StatusServiceRestart {
			return err
		}
		s.again.Add(1)
		if err := s.dial(ctx); err != nil {
			return err
		}
	}
}

func (s *socket) read(ctx context.Context) error {
	s.mu.Lock()
	ws := s.ws
	s.mu.Unlock()
	for {
		_, raw, err := ws.Read(ctx)
		if err != nil {
			return err
		}
		if s.fresh(raw) {
			s.take(raw)
		}
	}
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
	topic, seq := string(field(raw, `"topic":"`)), number(raw, `"seq":`)
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq <= s.topics[topic] {
		return false
	}
	s.topics[topic] = seq
	return true
}

func (s *socket) write(ctx context.Context, frame []byte) error {
	s.mu.Lock()
	ws := s.ws
	s.mu.Unlock()
	return ws.Write(ctx, websocket.MessageText, frame)
}

func (s *socket) close() {
	s.mu.Lock()
	s.closed = true
	ws := s.ws
	s.mu.Unlock()
	if ws != nil {
		_ = ws.CloseNow()
	}
}

// is reports whether a frame is an event of this kind ("" = of any).
func is(raw []byte, kind string) bool {
	head := raw[:min(len(raw), 80)]
	return bytes.HasPrefix(raw, []byte(`{"id":"ev_`)) && bytes.Contains(head, []byte(`"ev":"`+kind))
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
