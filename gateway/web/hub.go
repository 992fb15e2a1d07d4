package web

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"sync"

	"github.com/postern-chat/postern/gateway"
)

// maxMissing is how many events a resume sends one by one; beyond it the client reloads by HTTP.
const maxMissing = 1000

// headsPerQuery is how many topics one look at the database compares.
const headsPerQuery = 200

// watcher is one socket's side of a topic: it gets each event once, in order.
type watcher interface {
	// sendEvent queues an encoded frame and does not block. True: nothing is written before flush.
	sendEvent(frame []byte) bool
	// flush lets the connection write what was queued.
	flush()
	// sendNote queues a signal that came over the bus.
	sendNote(note []byte)
	// drain waits until what is queued has left, or cannot.
	drain()
}

// poster is a watcher's message: the answer to it takes the place of its event.
type poster interface {
	gateway.Poster
	watcher() watcher
	// sendAnswer queues the answer with the event in it, as sendEvent does.
	sendAnswer(sent gateway.Sent, frame []byte) bool
}

// delivery is an event on its way to the watchers, and whose message it is.
type delivery struct {
	gateway.Emitted
	poster   poster // nil = nobody's of this node
	answered bool
	dirty    *[]watcher // those to flush
}

func (d *delivery) give(w watcher) {
	waits := false
	if d.poster != nil && d.poster.watcher() == w {
		d.answered = true
		waits = d.poster.sendAnswer(d.Sent, d.Event)
	} else {
		waits = w.sendEvent(d.Event)
	}
	if waits {
		*d.dirty = append(*d.dirty, w)
	}
}

// topic is what this node knows of one counter.
type topic struct {
	mu       sync.Mutex
	last     uint64 // newest seq handed to the watchers
	watchers watchers
	cancel   func()
	closed   bool // left by its last watcher: open a new one
}

// watchers are the sockets that watch a topic, and the newest number that each of them got: few, and most often one.
type watchers []watching

type watching struct {
	watcher
	got uint64
}

func (s watchers) at(w watcher) int {
	return slices.IndexFunc(s, func(g watching) bool { return g.watcher == w })
}

func (s watchers) got(w watcher) (seq uint64, watches bool) {
	if i := s.at(w); i >= 0 {
		return s[i].got, true
	}
	return 0, false
}

func (s *watchers) set(w watcher, got uint64) {
	if i := s.at(w); i >= 0 {
		(*s)[i].got = got
		return
	}
	*s = append(*s, watching{w, got})
}

func (s *watchers) remove(w watcher) {
	if i := s.at(w); i >= 0 {
		*s = slices.Delete(*s, i, i+1)
	}
}

// Hub knows who watches which topic on this node. An event is taken only if its number is the last + 1;
// else the log is read: hints may be lost, doubled or reordered (architecture.md §12).
type Hub struct {
	store gateway.EventStore
	bus   gateway.Bus
	fail  func(doing string, err error)
	touch func(mailbox string, cv gateway.ID) // nil = nobody wants rows
	node  string                              // this node's name

	mu     sync.Mutex
	topics map[string]*topic
}

// NewHub makes the hub of a node. fail is told what could not be read; the next sweep tries again.
func NewHub(store gateway.EventStore, bus gateway.Bus, fail func(doing string, err error)) *Hub {
	return &Hub{store: store, bus: bus, fail: fail, topics: map[string]*topic{}}
}

// why says that a topic cannot be resumed where a client stands: it must read it anew.
type why string

const (
	resumed  why = ""
	tooFar   why = "far"   // more is missing than is sent one by one
	tooAhead why = "ahead" // the client is ahead of the log: a database was restored
)

// watch sends w everything of the topic after seq and then what comes. head is the newest number; a reset says that
// nothing was sent, and what comes follows head.
func (h *Hub) watch(ctx context.Context, name string, after uint64, w watcher) (head uint64, reset why, err error) {
	t, err := h.join(ctx, name)
	if err != nil {
		return 0, "", err
	}
	if after > t.last {
		if err := h.catchUp(ctx, name, t); err != nil {
			t.mu.Unlock()
			return 0, "", err
		}
	}
	got, watches := t.watchers.got(w)
	if reset = resumable(after, t.last); reset == resumed {
		if watches {
			t.watchers.set(w, math.MaxUint64) // what comes must not mix with the replay
		}
		if after, t, err = h.replayAll(ctx, name, t, after, w); err != nil {
			if watches {
				h.takeBack(ctx, name, w, got)
			}
			return 0, "", err
		}
	}
	defer t.mu.Unlock()
	head = t.last
	if reset == resumed {
		head = max(after, t.last) // the log may be ahead of the topic
	}
	t.watchers.set(w, head)
	return head, reset, nil
}

// takeBack lets a watcher whose replay failed go on where it was; its client finds the gap.
func (h *Hub) takeBack(ctx context.Context, name string, w watcher, got uint64) {
	t, err := h.join(ctx, name)
	if err != nil {
		h.fail("take a watcher back", err)
		return
	}
	defer t.mu.Unlock()
	t.watchers.set(w, got)
}

func resumable(after, last uint64) why {
	switch {
	case after > last:
		return tooAhead
	case last-after > maxMissing:
		return tooFar
	}
	return resumed
}

// longReplays is how often what came during a replay is replayed too before the topic waits for the rest.
const longReplays = 8

// replayAll sends what is missing as fast as the connection takes it, while the topic goes on for the others. t is
// locked, and so is the topic that it gives, unless there is an error.
func (h *Hub) replayAll(ctx context.Context, name string, t *topic, after uint64, w watcher) (_ uint64, _ *topic, err error) {
	for round := 0; after < t.last && round < longReplays; round++ {
		last := t.last
		t.mu.Unlock()
		if after, err = h.replay(ctx, name, after, last, w); err != nil {
			return 0, nil, err
		}
		if t, err = h.join(ctx, name); err != nil {
			return 0, nil, err
		}
	}
	if after, err = h.replay(ctx, name, after, t.last, w); err != nil {
		t.mu.Unlock()
		return 0, nil, err
	}
	return after, t, nil
}

// join gives the topic, locked. One whose last watcher left after it was found is no more: the next one is asked.
func (h *Hub) join(ctx context.Context, name string) (*topic, error) {
	for {
		t, err := h.open(ctx, name)
		if err != nil {
			return nil, err
		}
		t.mu.Lock()
		if !t.closed {
			return t, nil
		}
		t.mu.Unlock()
	}
}

// open finds or makes the topic; a new one starts at the database's head, subscribed first, so that
// nothing falls between.
func (h *Hub) open(ctx context.Context, name string) (*topic, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[name]; t != nil {
		return t, nil
	}
	t := &topic{}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cancel = h.bus.Subscribe(name, func(hint gateway.Hint) { h.hint(name, hint) })
	heads, err := h.store.Heads(ctx, []string{name})
	if err != nil {
		t.cancel()
		return nil, err
	}
	t.last = heads[name]
	h.topics[name] = t
	return t, nil
}

// replayStep is how many bytes of stored events are queued before the replay waits for the connection: a replay must
// not fill the queue of a client that reads.
const replayStep = maxQueueBytes / 4

// replay sends the stored events in (after, last] to one watcher and gives the number it came to, which may be higher.
func (h *Hub) replay(ctx context.Context, name string, after, last uint64, w watcher) (uint64, error) {
	queued := 0
	for after < last {
		events, err := h.store.Events(ctx, name, after, headsPerQuery)
		if err != nil {
			return 0, err
		}
		if len(events) == 0 {
			return 0, gateway.Internal("replay "+name, gateway.NotFound())
		}
		waits := false
		for _, e := range events {
			frame := e.Frame()
			if queued += len(frame) + replayFrame; queued > replayStep {
				flushIf(w, waits)
				w.drain()
				queued, waits = len(frame), false
			}
			waits = w.sendEvent(frame) || waits
			after = e.Seq
		}
		flushIf(w, waits)
	}
	return after, nil
}

func flushIf(w watcher, waits bool) {
	if waits {
		w.flush()
	}
}

// replayFrame is what a frame counts for beside its bytes: the queue is bounded in frames too.
const replayFrame = 1 << 10

// leave ends one socket's interest; the last one closes the topic on this node.
func (h *Hub) leave(name string, w watcher) {
	h.mu.Lock()
	t := h.topics[name]
	if t == nil {
		h.mu.Unlock()
		return
	}
	t.mu.Lock()
	t.watchers.remove(w)
	empty := len(t.watchers) == 0
	t.closed = empty
	t.mu.Unlock()
	if empty {
		delete(h.topics, name)
	}
	h.mu.Unlock()
	if empty {
		t.cancel()
	}
}

// Emit hands events that this node stored to its own sockets, without waiting for the bus. Each connection is written
// to once for all of them.
func (h *Hub) Emit(list []gateway.Emitted) {
	var dirty []watcher
	for _, e := range list {
		d := delivery{Emitted: e, dirty: &dirty}
		d.poster, _ = e.By.(poster)
		h.deliver(&d)
		if e.By != nil && !d.answered {
			e.By.Posted(e.Sent, nil)
		}
	}
	for _, w := range dirty {
		w.flush()
	}
}

// touched tells consoles that a conversation of a mailbox looks different now. What this node has told, it knows.
func (h *Hub) touched(name string, note []byte) bool {
	var n touchNote
	if !gateway.ID(name).Is(gateway.PrefixMailbox) || json.Unmarshal(note, &n) != nil || n.Touched == "" {
		return false
	}
	if h.touch != nil && (n.Node == "" || n.Node != h.node) {
		h.touch(name, n.Touched)
	}
	return true
}

// touchNote is how a node says over the bus that a row should be read again.
type touchNote struct {
	Touched gateway.ID `json:"touched"`
	Node    string     `json:"node,omitempty"` // who says so
}

func (h *Hub) hint(name string, hint gateway.Hint) {
	if len(hint.Note) > 0 {
		h.note(name, hint.Note)
		return
	}
	h.one(hint)
}

// one delivers a single event, or a number of one without it.
func (h *Hub) one(hint gateway.Hint) {
	var dirty []watcher
	h.deliver(&delivery{Emitted: gateway.Emitted{Hint: hint}, dirty: &dirty})
	for _, w := range dirty {
		w.flush()
	}
}

// deliver takes the event if it is the next one; a gap is read from the log.
func (h *Hub) deliver(d *delivery) {
	h.mu.Lock()
	t := h.topics[d.Topic]
	h.mu.Unlock()
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case d.Seq <= t.last:
	case d.Seq == t.last+1 && len(d.Event) > 0:
		t.last = d.Seq
		t.send(d)
	default:
		if err := h.catchUp(context.Background(), d.Topic, t); err != nil {
			h.fail("catch up", err)
		}
	}
}

// send gives an event to every watcher that lacks it. t is locked.
func (t *topic) send(d *delivery) {
	for i := range t.watchers {
		if g := &t.watchers[i]; g.got < d.Seq {
			d.give(g.watcher)
			g.got = d.Seq
		}
	}
}

// catchUp reads what the log has beyond last. t is locked.
func (h *Hub) catchUp(ctx context.Context, name string, t *topic) error {
	var dirty []watcher
	defer func() {
		for _, w := range dirty {
			w.flush()
		}
	}()
	for {
		events, err := h.store.Events(ctx, name, t.last, headsPerQuery)
		if err != nil {
			return err
		}
		for _, e := range events {
			t.last = e.Seq
			t.send(&delivery{Emitted: gateway.Emitted{Hint: gateway.Hint{Topic: name, Seq: e.Seq, Event: e.Frame()}}, dirty: &dirty})
		}
		if len(events) < headsPerQuery {
			return nil
		}
	}
}

// Note sends a signal to the topic's sockets here and, over the bus, elsewhere.
func (h *Hub) Note(ctx context.Context, name string, note []byte) {
	if err := h.bus.Publish(ctx, gateway.Hint{Topic: name, Note: note}); err != nil {
		h.note(name, note) // at least those of this node
	}
}

func (h *Hub) note(name string, note []byte) {
	if !h.touched(name, note) {
		h.local(name, note)
	}
}

// head gives the newest number that this node has handed out, for pings.
func (h *Hub) head(name string) uint64 {
	h.mu.Lock()
	t := h.topics[name]
	h.mu.Unlock()
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// Sweep compares the heads of all watched topics with the database and reads what is missing. It is what
// makes every message arrive when the bus loses all hints.
func (h *Hub) Sweep(ctx context.Context) error {
	h.mu.Lock()
	names := make([]string, 0, len(h.topics))
	for n := range h.topics {
		names = append(names, n)
	}
	h.mu.Unlock()
	for len(names) > 0 {
		n := min(headsPerQuery, len(names))
		heads, err := h.store.Heads(ctx, names[:n])
		if err != nil {
			return err
		}
		for name, head := range heads {
			h.one(gateway.Hint{Topic: name, Seq: head})
		}
		names = names[n:]
	}
	return nil
}

// watched reports whether a socket of this node follows a topic.
func (h *Hub) watched(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.topics[name] != nil
}

// local sends a signal to this node's sockets of a topic.
func (h *Hub) local(name string, frame []byte) {
	h.each(name, func(w watcher) { w.sendNote(frame) })
}

// localAll sends several signals: each connection is written to once for all of them.
func (h *Hub) localAll(name string, frames [][]byte) {
	var dirty []watcher
	h.each(name, func(w watcher) {
		waits := false
		for _, f := range frames {
			waits = w.sendEvent(f) || waits
		}
		if waits {
			dirty = append(dirty, w)
		}
	})
	for _, w := range dirty {
		w.flush()
	}
}

func (h *Hub) each(name string, do func(watcher)) {
	h.mu.Lock()
	t := h.topics[name]
	h.mu.Unlock()
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.watchers {
		do(w.watcher)
	}
}
