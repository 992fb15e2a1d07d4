package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/gateway"
)

// The 1,000 disconnects of product.md P03: half of them on each database, dealt out at random among both sides of
// so many talks.
const (
	forcedCuts = 500
	cutTalks   = 8
)

// cutLine is a TCP connection with a fate: after so many bytes, in whichever direction, it is gone.
type cutLine struct {
	net.Conn
	reset bool // by RST: what the other side has not read yet is lost, too

	mu   sync.Mutex
	left int // bytes; negative = for ever
	cut  bool
}

var errCut = errors.New("cut")

// take gives how many of n bytes still pass.
func (l *cutLine) take(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left < 0 {
		return n
	}
	n = min(n, l.left)
	l.left -= n
	return n
}

// sever ends the connection.
func (l *cutLine) sever() error {
	l.mu.Lock()
	done := l.cut
	l.cut = true
	l.mu.Unlock()
	if tcp, ok := l.Conn.(*net.TCPConn); ok && l.reset && !done {
		_ = tcp.SetLinger(0)
	}
	_ = l.Conn.Close()
	return errCut
}

func (l *cutLine) severed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

func (l *cutLine) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if pass := l.take(n); pass < n {
		return pass, l.sever()
	}
	return n, err
}

func (l *cutLine) Write(p []byte) (int, error) {
	if pass := l.take(len(p)); pass < len(p) {
		n, _ := l.Conn.Write(p[:pass])
		return n, l.sever()
	}
	return l.Conn.Write(p)
}

// shown is a message as a person sees it.
type shown struct {
	Seq      uint64
	ID       string
	ClientID string
	Text     string
}

// speaker is one side of a talk: a client that writes, is cut off, comes back, sends again what was not
// acknowledged, and resumes after the last event that it took.
type speaker struct {
	node   *node
	name   string
	header http.Header
	greet  func(nonce string, topics map[string]int) map[string]any
	cv     string
	chance *rand.Rand

	next  int // number of the message that is not acknowledged yet
	last  uint64
	see   []shown
	acked map[string]shown // client id → seq and event id
	twice int              // events that came again and were dropped
}

// cuts are the disconnects still to be forced, by what they did.
type cuts struct {
	left, fate, unread atomic.Int64
}

// draw takes the next disconnect; false when all were forced.
func (c *cuts) draw() bool { return c.left.Add(-1) >= 0 }

// connect dials with a line of its own.
func (s *speaker) connect(ctx context.Context, l *cutLine) (*tab, error) {
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		l.Conn = c
		return l, err
	}
	tr := &http.Transport{DialContext: dial}
	defer tr.CloseIdleConnections()
	ws, _, err := websocket.Dial(ctx, strings.Replace(s.node.url, "http", "ws", 1)+"/v1/socket", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: tr}, HTTPHeader: s.header.Clone(),
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(1 << 20)
	t := &tab{ws: ws}
	err = s.hello(ctx, t)
	return t, err
}

func (s *speaker) hello(ctx context.Context, t *tab) error {
	welcome, err := s.until(ctx, t, func(f map[string]any) bool { return f["sig"] == "welcome" })
	if err != nil {
		return err
	}
	nonce, _ := welcome["data"].(map[string]any)["nonce"].(string)
	_, err = s.do(ctx, t, "hello", s.greet(nonce, map[string]int{s.cv: int(s.last)}))
	return err
}

// until reads frames; events of the conversation are shown on the way.
func (s *speaker) until(ctx context.Context, t *tab, fits func(map[string]any) bool) (map[string]any, error) {
	return t.until(ctx, func(f map[string]any) bool {
		if f["ev"] != nil && f["topic"] == s.cv {
			s.take(f)
		}
		return fits(f)
	})
}

func (s *speaker) do(ctx context.Context, t *tab, cmd string, args any) (map[string]any, error) {
	id, err := t.push(ctx, cmd, args)
	if err != nil {
		return nil, err
	}
	f, err := s.until(ctx, t, func(f map[string]any) bool { return f["re"] == id })
	if err != nil {
		return nil, err
	}
	if f["error"] != nil {
		return nil, fmt.Errorf("%w: %s: %v", errRefused, cmd, f["error"])
	}
	ok, _ := f["ok"].(map[string]any)
	return ok, nil
}

// take shows an event if it is the next one; a gap is left for resume (PROTOCOL.md §4).
func (s *speaker) take(f map[string]any) {
	seq := uint64(f["seq"].(float64))
	switch {
	case seq <= s.last:
		s.twice++
		return
	case seq > s.last+1:
		return
	}
	s.last = seq
	if m, _ := f["data"].(map[string]any); f["ev"] == "message.created" {
		client, _ := m["client_id"].(string)
		text, _ := m["text"].(string)
		s.see = append(s.see, shown{seq, f["id"].(string), client, text})
	}
}

// talk writes until all disconnects were forced and one message more is acknowledged.
func (s *speaker) talk(ctx context.Context, c *cuts) error {
	for ctx.Err() == nil {
		l := &cutLine{left: -1, reset: s.chance.IntN(2) == 0}
		mute := -1 // after so many answers the next one is not waited for
		forced := c.draw()
		if forced && s.chance.IntN(4) == 0 {
			mute, l.reset = s.chance.IntN(4), false
		} else if forced {
			l.left = s.chance.IntN(8000)
		}
		err := s.write(ctx, l, mute)
		switch {
		case !forced || errors.Is(err, errRefused):
			return err
		case !l.severed():
			return fmt.Errorf("ended by the other side: %w", err)
		case mute >= 0 && err == nil:
			c.unread.Add(1)
		default:
			c.fate.Add(1)
		}
	}
	return ctx.Err()
}

// write sends over one line: until it is cut, or with a line that is never cut one message.
func (s *speaker) write(ctx context.Context, l *cutLine, mute int) error {
	t, err := s.connect(ctx, l)
	if t != nil {
		defer func() { _ = t.ws.CloseNow() }()
	}
	for n := 0; err == nil; n++ {
		if n == mute {
			_, err = t.push(ctx, "message.send", s.message())
			_ = l.sever() // sent, and the answer is never read
			return err
		}
		if err = s.send(ctx, t); err == nil && l.left < 0 && mute < 0 {
			return nil
		}
	}
	return err
}

func (s *speaker) message() map[string]any {
	id := fmt.Sprintf("%s-%d", s.name, s.next)
	return map[string]any{"conversation": s.cv, "client_id": id, "text": "message " + id}
}

func (s *speaker) send(ctx context.Context, t *tab) error {
	m := s.message()
	ok, err := s.do(ctx, t, "message.send", m)
	if err != nil && strings.Contains(err.Error(), "too_many") {
		return pause(ctx, 20*time.Millisecond) // the limit of 50 a second holds for them, too
	}
	if err != nil {
		return err
	}
	s.acked[m["client_id"].(string)] = shown{Seq: uint64(ok["seq"].(float64)), ID: ok["id"].(string)}
	s.next++
	return nil
}

// read comes back once more and reads up to a number.
func (s *speaker) read(ctx context.Context, head uint64) error {
	t, err := s.connect(ctx, &cutLine{left: -1})
	if err != nil {
		return err
	}
	defer func() { _ = t.ws.CloseNow() }()
	for s.last < head {
		if _, err := s.until(ctx, t, func(f map[string]any) bool { return f["ev"] != nil && f["topic"] == s.cv }); err != nil {
			return err
		}
	}
	return nil
}

// pair makes a visitor and an agent of their own with a conversation between them.
func (r *row) pair(name string, seed uint64, i int) (visitor, agent *speaker) {
	r.Helper()
	staff := []string{"ag1", "ag2", "sn1", "su1"}[i%4]
	k := r.talk(staff)
	speak := func(who string, header http.Header) *speaker {
		header.Set("Origin", r.url)
		header.Set("X-Forwarded-For", newAddress())
		return &speaker{
			node: r.node, name: who + name, header: header, cv: k.cv, acked: map[string]shown{},
			chance: rand.New(rand.NewPCG(seed, uint64(2*i+len(who)))),
		}
	}
	visitor, agent = speak("v", http.Header{}), speak("a_", http.Header{"Cookie": {r.staff[staff].cookie}})
	visitor.greet = func(nonce string, topics map[string]int) map[string]any { return k.b.greet(r.T, nonce, topics) }
	agent.greet = func(_ string, topics map[string]int) map[string]any {
		return map[string]any{"as": "agent", "topics": topics}
	}
	return visitor, agent
}

// 1,000 connections are cut at random points: in the handshake, in the middle of a frame, between a message and
// its answer, by FIN and by RST. Every acknowledged message is stored once and shown once, in order, on both
// sides; nothing else is there (product.md P03).
func TestThousandDisconnects(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			r := newRow(t, startFixture(t, engine, options{}))
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			var both [][]*speaker
			for i := range cutTalks {
				v, a := r.pair(fmt.Sprint(i), seed, i)
				both = append(both, []*speaker{v, a})
			}
			r.cutOff(ctx, both)
			for _, p := range both {
				stored := r.history(p[0].cv)
				for _, s := range p {
					s.check(t, stored)
				}
			}
		})
	}
}

// cutOff lets all talk until all disconnects were forced, then read to the end.
func (r *row) cutOff(ctx context.Context, both [][]*speaker) {
	r.Helper()
	each := func(do func(s *speaker) error) {
		var wg sync.WaitGroup
		for _, s := range slices.Concat(both...) {
			wg.Go(func() {
				if err := do(s); err != nil {
					r.Errorf("%s: %v", s.name, err)
				}
			})
		}
		wg.Wait()
	}
	c := &cuts{}
	c.left.Store(forcedCuts)
	begun := time.Now()
	each(func(s *speaker) error { return s.talk(ctx, c) })
	each(func(s *speaker) error {
		heads, err := r.Service.Store.Heads(ctx, []string{s.cv})
		if err != nil {
			return err
		}
		return s.read(ctx, heads[s.cv])
	})
	messages, twice := 0, 0
	for _, s := range slices.Concat(both...) {
		messages, twice = messages+s.next, twice+s.twice
	}
	n := c.fate.Load() + c.unread.Load()
	r.Logf("%d disconnects (%d between a message and its answer, %d after some bytes) and %d messages in %s; %d events came again and were dropped",
		n, c.unread.Load(), c.fate.Load(), messages, time.Since(begun).Round(time.Millisecond), twice)
	if n != forcedCuts {
		r.Errorf("%d disconnects, want %d", n, forcedCuts)
	}
}

// history gives the messages of a conversation as the database has them; its numbers have no gap.
func (r *row) history(cv string) (out []shown) {
	r.Helper()
	for after := uint64(0); ; {
		events, err := r.Service.Store.Events(r.Context(), cv, after, 500)
		if err != nil {
			r.Fatal(err)
		}
		if len(events) == 0 {
			return out
		}
		for _, e := range events {
			if e.Seq != after+1 {
				r.Fatalf("%s: seq %d after %d", cv, e.Seq, after)
			}
			after = e.Seq
			var m gateway.Message
			if e.Kind != (gateway.MessageCreated{}).Kind() {
				continue
			}
			if err := json.Unmarshal(e.Payload, &m); err != nil {
				r.Fatal(err)
			}
			out = append(out, shown{e.Seq, string(e.ID), m.ClientID, m.Text})
		}
	}
}

// check compares what a side saw with what is stored, and with what it was told.
func (s *speaker) check(t *testing.T, stored []shown) {
	t.Helper()
	if !slices.Equal(s.see, stored) {
		t.Errorf("%s saw %d messages, stored are %d:\n%v\n%v", s.name, len(s.see), len(stored), s.see, stored)
	}
	n := 0
	for _, m := range stored {
		if !strings.HasPrefix(m.ClientID, s.name+"-") {
			continue
		}
		want := fmt.Sprintf("%s-%d", s.name, n)
		if m.ClientID != want || m.Text != "message "+want {
			t.Fatalf("%s: %+v stands where %s should", s.name, m, want)
		}
		if got := s.acked[want]; got.Seq != m.Seq || got.ID != m.ID {
			t.Errorf("%s was acknowledged as %d %s and is stored as %d %s", want, got.Seq, got.ID, m.Seq, m.ID)
		}
		n++
	}
	if n != s.next || len(s.acked) != s.next {
		t.Errorf("%s: %d stored, %d acknowledged, %d sent", s.name, n, len(s.acked), s.next)
	}
}
