package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/gateway/gatewaytest/history"
)

// soakFrame is whatever a gateway says.
type soakFrame struct {
	Re    string          `json:"re"`
	OK    json.RawMessage `json:"ok"`
	Error *struct {
		Code, Reason, Retry string
	} `json:"error"`
	Ev    string          `json:"ev"`
	Topic string          `json:"topic"`
	Seq   uint64          `json:"seq"`
	ID    string          `json:"id"`
	Sig   string          `json:"sig"`
	Data  json.RawMessage `json:"data"`
}

// soakData is what the harness reads of an event's or a signal's data.
type soakData struct {
	Text         string            `json:"text"`
	Agent        string            `json:"agent"`
	Conversation string            `json:"conversation"`
	Heads        map[string]uint64 `json:"heads"`
	Topic        string            `json:"topic"`
	Ring         int               `json:"ring"`
	Paused       bool              `json:"paused"`
}

var (
	errHungUp  = errors.New("the connection was cut before the answer")
	errSilence = errors.New("no answer for a long time")
)

// refusedError is an answer that said no.
type refusedError struct{ code string }

func (e refusedError) Error() string { return "refused: " + e.code }

// track is a topic that a seat reads.
type track struct {
	*history.Reader
	last  uint64 // newest number taken
	born  int    // connection that was there already when the seat began to read; 0 = none was
	asked int    // newest connection on which the topic was, or will be, asked for once more
	done  bool   // closed, or left
}

// seat is one socket of somebody, at whatever node, which comes back where it was.
type seat struct {
	s      *soak
	name   string
	cookie string                        // of an agent
	token  string                        // of a visitor
	box    string                        // his mailbox; "" = the fixture\'s
	narrow bool                          // a small receive buffer, so that not reading is felt
	heard  func(f soakFrame, d soakData) // a new event, in order; must not block
	rng    *rand.Rand                    // of whoever writes
	roams  *rand.Rand                    // of run

	mu     sync.Mutex
	ws     *websocket.Conn // nil = not there
	up     chan struct{}   // closed once it is there
	conn   int
	topics map[string]*track
	calls  map[string]chan soakFrame
	next   int
	away   []history.Span
	brake  func()        // before each frame is read; nil = reads at once
	stay   time.Duration // how long to stay away after the next cut
	codes  map[int]int   // how connections ended
	told   int           // times that it was told to come back
	lax    bool          // a start is tried again: it asks for the topic from its beginning
}

func (s *soak) seat(name string, k *seat) *seat {
	k.s, k.name = s, name
	k.rng, k.roams = s.random(name), s.random(name+" roams")
	k.up, k.topics, k.calls, k.codes = make(chan struct{}), map[string]*track{}, map[string]chan soakFrame{}, map[int]int{}
	s.mu.Lock()
	s.seats = append(s.seats, k)
	s.mu.Unlock()
	return k
}

// run keeps the socket open until ctx ends.
func (k *seat) run(ctx context.Context) {
	from := time.Now()
	for ctx.Err() == nil {
		ws, err := k.dial(ctx)
		if err != nil {
			if ctx.Err() == nil {
				k.s.failures.Add(1)
			}
			k.pause(ctx, time.Duration(50+k.roams.IntN(150))*time.Millisecond)
			continue
		}
		k.came(ws, from)
		code := k.read(ctx, ws)
		from = k.went(ws, code)
		k.mu.Lock()
		stay := k.stay
		k.stay = 0
		k.mu.Unlock()
		if code == 4000 { // told to come back, not all at once
			stay += time.Duration(k.roams.IntN(500)) * time.Millisecond
		}
		k.pause(ctx, stay)
	}
}

func (k *seat) pause(ctx context.Context, d time.Duration) { _ = pause(ctx, d) }

// dial opens a socket at one of the nodes and is greeted there.
func (k *seat) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, soakSilence)
	defer cancel()
	h := http.Header{"Origin": {k.s.f.node.origin}, "X-Forwarded-For": {newAddress()}}
	if k.cookie != "" {
		h.Set("Cookie", k.cookie)
	}
	node := k.s.choose(k.roams)
	client := k.s.wide
	if k.narrow {
		client = k.s.narrow
	}
	ws, _, err := websocket.Dial(ctx, strings.Replace(node.url, "http", "ws", 1)+"/v1/socket", &websocket.DialOptions{HTTPHeader: h, HTTPClient: client})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(1 << 20)
	hello, err := json.Marshal(k.hello())
	if err == nil {
		err = ws.Write(ctx, websocket.MessageText, hello)
	}
	if err == nil {
		err = k.greeted(ctx, ws)
	}
	if err != nil {
		_ = ws.CloseNow()
		return nil, err
	}
	return ws, nil
}

func (k *seat) hello() map[string]any {
	args := map[string]any{"as": "agent"}
	if k.cookie == "" {
		args = map[string]any{"as": "visitor", "mailbox": pick(k.box, k.box, k.s.f.box.Slug), "token": k.token}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.conn++
	topics := map[string]uint64{}
	for name, t := range k.topics {
		if !t.done {
			topics[name] = t.last
		}
	}
	args["topics"] = topics
	return map[string]any{"cmd": "hello", "id": "hello", "args": args}
}

// greeted reads until hello is answered. Events come before the answer: the gateway opens the topics first.
func (k *seat) greeted(ctx context.Context, ws *websocket.Conn) error {
	for {
		f, err := k.frame(ctx, ws)
		if err != nil {
			return err
		}
		if f.Re == "hello" {
			if f.Error != nil {
				k.s.refused("hello", f.Error.Code)
				return refusedError{f.Error.Code}
			}
			return nil
		}
		k.take(f)
	}
}

func (k *seat) frame(ctx context.Context, ws *websocket.Conn) (f soakFrame, err error) {
	_, raw, err := ws.Read(ctx)
	if err == nil {
		err = json.Unmarshal(raw, &f)
	}
	return f, err
}

// came and went note when the seat was there.
func (k *seat) came(ws *websocket.Conn, from time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ws = ws
	k.away = append(k.away, history.Span{From: from, To: time.Now()})
	for _, t := range k.topics {
		if t.Since.IsZero() {
			t.Since = time.Now()
		}
	}
	close(k.up)
}

func (k *seat) went(ws *websocket.Conn, code int) time.Time {
	_ = ws.CloseNow()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ws, k.up = nil, make(chan struct{})
	for id, c := range k.calls {
		delete(k.calls, id)
		close(c)
	}
	if code != soakLeft {
		k.codes[code]++
	}
	return time.Now()
}

// soakLeft is how a connection ends whose person goes home.
const soakLeft = -2

// read takes frames until the connection ends, and says with which code.
func (k *seat) read(ctx context.Context, ws *websocket.Conn) int {
	for {
		k.mu.Lock()
		brake := k.brake
		k.mu.Unlock()
		if brake != nil {
			brake()
		}
		f, err := k.frame(ctx, ws)
		if err != nil && ctx.Err() != nil {
			return soakLeft
		}
		if err != nil {
			return int(websocket.CloseStatus(err))
		}
		k.take(f)
	}
}

// take sorts what came.
func (k *seat) take(f soakFrame) {
	switch {
	case f.Re != "":
		var ok struct{ Event soakFrame }
		_ = json.Unmarshal(f.OK, &ok) // not every answer is an object with an event in it
		if ok.Event.Ev != "" {        // the answer to a message stands in its event's place
			k.event(ok.Event)
		}
		k.mu.Lock()
		c := k.calls[f.Re]
		delete(k.calls, f.Re)
		k.mu.Unlock()
		if c != nil {
			c <- f
		}
	case f.Ev != "":
		k.event(f)
	case f.Sig == "ping":
		k.ping(f)
	case f.Sig == "server.restarting":
		k.mu.Lock()
		k.told++
		k.mu.Unlock()
	case f.Sig == "reset":
		k.s.refused("reset", k.name)
	}
}

func (k *seat) event(f soakFrame) {
	at := time.Now()
	var d soakData
	_ = json.Unmarshal(f.Data, &d) // fields of other kinds may have other types
	k.mu.Lock()
	t := k.topics[f.Topic]
	if t == nil && k.token != "" && strings.HasPrefix(f.Topic, "cv_") { // his own: opened by hello
		t = k.track(f.Topic)
		t.Since = at
	}
	if t == nil || t.done {
		k.mu.Unlock()
		return
	}
	text := ""
	if f.Ev == "message.created" {
		text = d.Text
	}
	t.Seen = append(t.Seen, history.Seen{Conn: k.conn, Seq: f.Seq, ID: f.ID, Text: text, At: at, Asked: t.asked >= k.conn || k.lax})
	fresh := f.Seq == t.last+1
	if fresh {
		t.last = f.Seq
	}
	if fresh && f.Ev == "conversation.closed" && strings.HasPrefix(f.Topic, "cv_") {
		t.done, t.Until = true, f.Seq
		go k.leave(f.Topic)
	}
	missing := f.Seq > t.last
	k.mu.Unlock()
	if missing {
		go k.again(f.Topic)
	}
	if fresh && k.heard != nil {
		k.heard(f, d)
	}
}

// track begins to read a topic. mu is held.
func (k *seat) track(topic string) *track {
	t := &track{Reader: &history.Reader{Name: k.name, Topic: topic}}
	if k.ws != nil {
		t.born = k.conn
	}
	k.topics[topic] = t
	return t
}

// ping is answered; a head above the own last number says that something is missing.
func (k *seat) ping(f soakFrame) {
	var d soakData
	if json.Unmarshal(f.Data, &d) != nil {
		return
	}
	k.mu.Lock()
	ws := k.ws
	var behind []string
	for topic, head := range d.Heads {
		if t := k.topics[topic]; t != nil && !t.done && head > t.last {
			behind = append(behind, topic)
		}
	}
	k.mu.Unlock()
	if ws != nil {
		_ = ws.Write(k.s.ctx, websocket.MessageText, []byte(`{"sig":"pong","data":{}}`))
	}
	for _, topic := range behind {
		k.s.refused("behind", "heads")
		go k.again(topic)
	}
}

// open reads a topic from its beginning on; what is open already stays.
func (k *seat) open(ctx context.Context, topic string) {
	k.mu.Lock()
	t := k.topics[topic]
	if t == nil {
		t = k.track(topic)
	}
	live := t.done || len(t.Seen) > 0 && t.Seen[len(t.Seen)-1].Conn == k.conn
	k.mu.Unlock()
	if live {
		return
	}
	for ctx.Err() == nil {
		if err := k.resume(ctx, t); err == nil || errors.Is(err, errHungUp) { // after a cut hello asks
			break
		}
		k.pause(ctx, 50*time.Millisecond)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if t.Since.IsZero() {
		t.Since = time.Now()
	}
}

// again asks for what is missing.
func (k *seat) again(topic string) {
	k.mu.Lock()
	t := k.topics[topic]
	t.asked = k.conn
	k.mu.Unlock()
	_ = k.resume(k.s.ctx, t) // else the next ping, or the next event, asks
}

func (k *seat) resume(ctx context.Context, t *track) error {
	k.mu.Lock()
	last := t.last
	if k.ws == nil {
		t.asked = k.conn + 1
	} else if t.born != k.conn || len(t.Seen) > 0 { // hello may have asked before
		t.asked = k.conn
	}
	k.mu.Unlock()
	_, err := k.call(ctx, "resume", map[string]any{"topic": t.Topic, "seq": last})
	return err
}

func (k *seat) leave(topic string) {
	_, _ = k.call(k.s.ctx, "leave", map[string]any{"topic": topic}) // what comes all the same is dropped
}

// call sends a command over the connection that is there, or the next one, and waits for the answer.
// Errors: errHungUp, errSilence, refusedError; ctx's.
func (k *seat) call(ctx context.Context, cmd string, args any) (json.RawMessage, error) {
	ws, id, answer, err := k.begin(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(map[string]any{"cmd": cmd, "id": id, "args": args})
	if err != nil {
		return nil, err
	}
	if err := ws.Write(k.s.ctx, websocket.MessageText, raw); err != nil {
		_ = ws.CloseNow() // the reader notices
	}
	silence := time.NewTimer(soakSilence)
	defer silence.Stop()
	select {
	case f, ok := <-answer:
		switch {
		case !ok:
			return nil, errHungUp
		case f.Error != nil:
			return nil, refusedError{f.Error.Code}
		}
		return f.OK, nil
	case <-silence.C:
		k.s.refused("silence", cmd)
		_ = ws.CloseNow()
		return nil, errSilence
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (k *seat) begin(ctx context.Context) (*websocket.Conn, string, chan soakFrame, error) {
	for {
		k.mu.Lock()
		ws, up := k.ws, k.up
		if ws != nil {
			k.next++
			id, c := fmt.Sprint(k.next), make(chan soakFrame, 1)
			k.calls[id] = c
			k.mu.Unlock()
			return ws, id, c, nil
		}
		k.mu.Unlock()
		select {
		case <-up:
		case <-ctx.Done():
			return nil, "", nil, ctx.Err()
		}
	}
}

// cut ends the connection from this side, as a lost network does, and stays away for a while.
func (k *seat) cut(stay time.Duration) {
	k.mu.Lock()
	ws := k.ws
	k.stay = stay
	k.mu.Unlock()
	if ws != nil {
		_ = ws.CloseNow()
	}
}

// slow makes the seat read one frame each step until the time is over; step 0 = none at all.
func (k *seat) slow(step, last time.Duration) {
	from := time.Now()
	over := from.Add(last)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.brake = func() {
		wait := min(step, time.Until(over))
		if step == 0 {
			wait = time.Until(over)
		}
		if wait <= 0 {
			k.mu.Lock()
			k.brake = nil
			k.away = append(k.away, history.Span{From: from, To: time.Now()})
			k.mu.Unlock()
			return
		}
		k.pause(k.s.ctx, wait)
	}
}

// narrowClient dials with a receive buffer that does not grow.
func narrowClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(128 << 10)
		}
		return c, err
	}}}
}
