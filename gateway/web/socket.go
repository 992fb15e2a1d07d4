package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Ping intervals; a side is dead after two and a half of silence (PROTOCOL.md §5).
const (
	pingAgent   = 5 * time.Second
	pingVisitor = 20 * time.Second
	helloWithin = 10 * time.Second
	agentIdle   = 5 * time.Minute
	maxTopics   = 64 // watched by one socket
	typingGap   = 800 * time.Millisecond
	maxLocale   = 20 // bytes
)

// line is the transport under a socket: one connection that never blocks its sender.
type line interface {
	Send(frame []byte) bool
	Queue(frame []byte) bool
	Flush()
	Close(code int, reason string)
	Alarm(after time.Duration)
	drain() // the reader's only: waits until what is queued is written, or cannot be
}

// socket is one connection after the upgrade: who it is, which topics it watches, when it spoke last.
type socket struct {
	s     *Server
	line  line
	nonce string
	agent *gateway.Agent // of the upgrade's cookie; nil = none
	login string         // hash of that cookie's token
	from  string         // device that it came from
	ip    string         // prefix for limits

	frames bucket // of all that comes in, understood or not; the reader's own
	posts  posts  // messages under way

	mu        sync.Mutex
	caller    gateway.Caller
	said      bool // hello came
	topics    []string
	own       int // topics that hello opens unasked; they take none of maxTopics
	lastInput time.Time
	lastFrame time.Time
	minutes   int       // that its visitor was told to wait; 0 = nothing
	lookedAt  time.Time // when that was looked at
	place     int
	reach     reachView  // what the visitor was told last
	greeted   bool       // hello is answered: now he may be told more
	waiting   gateway.ID // the visitor's queued conversation
	typingAt  time.Time
	is        browser
	searches  []gateway.Payload // self-help before the conversation
}

func (s *Server) newSocket(l line, agent *gateway.Agent, login, device, ip string) (*socket, error) {
	var b [24]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, gateway.Internal("make a nonce", err)
	}
	now := s.svc.Now()
	k := &socket{
		s: s, line: l, agent: agent, login: login, from: device, ip: ip, nonce: base64.RawURLEncoding.EncodeToString(b[:]),
		lastInput: now, lastFrame: now, place: -1,
	}
	k.posts.moved.L = &k.posts.mu
	return k, nil
}

// welcome opens the talk.
func (k *socket) welcome() {
	k.line.Alarm(helloWithin)
	k.signal("welcome", map[string]any{
		"nonce": k.nonce, "version": protocolVersion, "ping_ms": k.every().Milliseconds(),
		"max_message": gateway.MaxMessage, "max_file": k.s.maxFile(),
	})
}

func (k *socket) signal(name string, data any) {
	frame, err := signal(name, data)
	if err != nil {
		k.s.log.Error("encode signal", "signal", name, "err", err)
		return
	}
	k.line.Send(frame)
}

func (k *socket) sendEvent(frame []byte) bool { return k.line.Queue(frame) }

func (k *socket) flush() { k.line.Flush() }

func (k *socket) sendNote(note []byte) { k.line.Send(note) }

// drain waits for the connection: replays come from its own reader. A client that takes what is sent is alive, although
// nobody reads its pongs meanwhile; one that takes nothing meets the writer's deadline.
func (k *socket) drain() {
	k.line.drain()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lastFrame = k.s.svc.Now()
}

// frameBytes is how many bytes of a frame cost as much as the frame itself.
const frameBytes = 4 << 10

// onFrame takes one frame from the reader; frames of one connection come one after another.
func (k *socket) onFrame(ctx context.Context, raw []byte) (lively bool) {
	if !k.frames.spend(k.s.limits.frames, 1+float64(len(raw))/frameBytes, k.s.svc.Now()) {
		k.line.Close(closeTooMany, "too_many")
		return false
	}
	id, words, quick := readSend(raw)
	var in inbound
	var err error
	if !quick {
		in, err = decodeFrame(raw)
	}
	k.mu.Lock()
	k.lastFrame = k.s.svc.Now()
	if quick || in.Cmd != nil {
		k.lastInput = k.lastFrame
	}
	said := k.said
	k.mu.Unlock()
	switch {
	case err != nil:
		k.refuse(in.ID, err)
	case quick && said:
		k.sendWords(ctx, id, words)
	case !said && (in.Cmd == nil || *in.Cmd != "hello"):
		k.line.Close(closeProtocol, "protocol")
	case in.Sig != nil:
		k.onSignal(ctx, *in.Sig, in.Data)
	default:
		k.command(ctx, *in.Cmd, in.ID, in.Args)
	}
	return in.Sig == nil
}

func (k *socket) refuse(id string, err error) {
	if gateway.CodeOf(err) == "internal" {
		k.s.log.Error("command", "err", err)
	}
	k.s.meter.refused(toWire(err, "").Code)
	if frame, e := errFrame(id, err); e == nil {
		k.line.Send(frame)
	}
}

func (k *socket) command(ctx context.Context, name, id string, raw json.RawMessage) {
	if !k.s.limits.command(k.key()) {
		k.refuse(id, gateway.TooMany(1000))
		return
	}
	if name == "message.send" {
		var in sendArgs
		err := args(raw, &in)
		k.post(ctx, id, in, err)
		return
	}
	k.posts.settled(k.posts.all)
	if code, err := k.stillIn(ctx); err != nil {
		k.refuse(id, err)
		k.end(code)
		return
	}
	began := k.s.svc.Now()
	ok, err := k.dispatch(ctx, name, raw)
	k.s.meter.reply.Observe(max(0, k.s.svc.Now().Sub(began).Seconds()))
	if err != nil {
		k.refuse(id, err)
		return
	}
	frame, err := okFrame(id, ok)
	if err != nil {
		k.refuse(id, gateway.Internal("encode reply", err))
		return
	}
	k.line.Send(frame)
	if name == "hello" {
		k.mu.Lock()
		k.greeted = true
		k.mu.Unlock()
	}
}

// sendWords is command for a message that readSend has read.
func (k *socket) sendWords(ctx context.Context, id string, in sendArgs) {
	if !k.s.limits.command(k.key()) {
		k.refuse(id, gateway.TooMany(1000))
		return
	}
	k.post(ctx, id, in, nil)
}

// tellReach says who is there, unless the visitor knows it already or waits for the answer to his hello.
func (k *socket) tellReach(v reachView) {
	k.mu.Lock()
	news := k.greeted && k.reach != v
	if news {
		k.reach = v
	}
	k.mu.Unlock()
	if news {
		k.signal("presence", v)
	}
}

// stillIn looks at an agent's session again: a socket outlives neither its end nor its role, and a step-up counts from
// the next command on. code is how to close the
// socket, 0 = leave it.
func (k *socket) stillIn(ctx context.Context) (code int, err error) {
	c := k.who()
	if !c.Staff() {
		return 0, nil
	}
	a, err := k.s.svc.Store.Session(ctx, k.login, k.s.svc.Now())
	if err != nil && gateway.CodeOf(err) != "not_found" {
		return 0, err
	}
	if code = k.over(a.Role); code != 0 {
		return code, gateway.Unauthenticated()
	}
	k.mu.Lock()
	k.caller.SteppedAt = a.Stepped(k.from)
	k.mu.Unlock()
	return 0, nil
}

// end closes the socket with one of over's codes; 0 leaves it.
func (k *socket) end(code int) {
	switch code {
	case closeTokenExpired:
		k.line.Close(code, "token_expired")
	case closeUnauthenticated:
		k.line.Close(code, "unauthenticated")
	}
}

// over says how to close an agent's socket whose session has this role now ("" = has ended), 0 = not at all.
func (k *socket) over(now gateway.Role) int {
	switch c := k.who(); {
	case !c.Staff() || now == c.Actor.Role:
		return 0
	case now == "":
		return closeUnauthenticated
	}
	return closeTokenExpired // it comes back with the new role
}

// key names the one whose bucket pays: the person if known, else the address.
func (k *socket) key() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.caller.Actor.ID != "" {
		return string(k.caller.Actor.ID)
	}
	return k.ip
}

// who gives the caller; it is fixed by hello.
func (k *socket) who() gateway.Caller {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.caller
}

// watch opens a topic that the caller may follow and sends what it lacks.
func (k *socket) watch(ctx context.Context, topic string, after uint64) (uint64, error) {
	if err := k.s.svc.MayWatch(ctx, k.who(), topic); err != nil {
		return 0, err
	}
	k.mu.Lock()
	known := slices.Contains(k.topics, topic)
	full := !known && len(k.topics) >= maxTopics+k.own
	if !full && !known {
		k.topics = append(k.topics, topic)
	}
	k.mu.Unlock()
	if full {
		return 0, gateway.TooLarge("topics", maxTopics)
	}
	head, reset, err := k.s.hub.watch(ctx, topic, after, k)
	if err != nil {
		return 0, err
	}
	if reset != resumed {
		k.signal("reset", map[string]any{"topic": topic, "head": head, "why": reset})
	}
	return head, nil
}

func (k *socket) leave(topic string) {
	k.mu.Lock()
	i := slices.Index(k.topics, topic)
	if i >= 0 {
		k.topics = slices.Delete(k.topics, i, i+1)
	}
	k.mu.Unlock()
	if i >= 0 {
		k.s.hub.leave(topic, k)
	}
}

// heads gives the newest number of each watched topic, for a ping.
func (k *socket) heads() map[string]uint64 {
	k.mu.Lock()
	names := slices.Clone(k.topics)
	k.mu.Unlock()
	out := make(map[string]uint64, len(names))
	for _, n := range names {
		out[n] = k.s.hub.head(n)
	}
	return out
}

// every is this socket's ping interval.
func (k *socket) every() time.Duration {
	if k.agent != nil {
		return pingAgent
	}
	return pingVisitor
}

// onAlarm ends a connection that never said hello or fell silent, and pings the others. Silence ends after two and a
// half intervals, not with the next ping: an agent without a network is gone within 15 s (product.md P34).
func (k *socket) onAlarm() {
	now, limit := k.s.svc.Now(), k.every()*5/2
	k.mu.Lock()
	silent, said := now.Sub(k.lastFrame), k.said
	k.mu.Unlock()
	switch {
	case !said:
		k.line.Close(closeProtocol, "protocol")
	case silent >= limit:
		k.line.Close(closeSlow, "slow")
	default:
		k.signal("ping", map[string]any{"heads": k.heads(), "now": now.UnixMilli()})
		k.line.Alarm(min(k.every(), limit-silent))
	}
}

// onClose is called once when the connection has ended.
func (k *socket) onClose(code int, _ string) {
	k.mu.Lock()
	names := k.topics
	k.topics = nil
	k.mu.Unlock()
	for _, n := range names {
		k.s.hub.leave(n, k)
	}
	k.s.presence.leave(k, code == closeRestarting)
}

func (k *socket) watches(topic string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Contains(k.topics, topic)
}

// remember keeps a step of self-help for the conversation that may follow; the oldest go first.
func (k *socket) remember(p gateway.Payload) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.searches) >= 30 {
		k.searches = k.searches[1:]
	}
	k.searches = append(k.searches, p)
}

// steps are those of self-help that are kept.
func (k *socket) steps() []gateway.Payload {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.searches)
}

func (k *socket) takeContext() []gateway.Payload {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := k.searches
	k.searches = nil
	return out
}

func (k *socket) waitFor(cv gateway.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting, k.place = cv, -1
}

// waitsFor gives the conversation whose place the visitor should see, or "".
func (k *socket) waitsFor() gateway.ID {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.waiting
}
