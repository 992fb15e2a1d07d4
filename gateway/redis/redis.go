// Package redis is the bus between nodes over Redis pub/sub: one connection receives, one goroutine sends in
// pipelines, sorted sets hold presence. On Redis Cluster topics share 64 sharded channels, each with a connection.
//
// What never happens here: a fact. Redis may lose, double or delay anything and be flushed at any moment; the
// database's numbers find every gap (architecture.md §12). No Lua, no streams, nothing atomic.
package redis

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/redis/go-redis/v9"
)

const (
	prefix   = "postern:"
	maxEvent = 8 << 10 // bytes; larger events are read from the log by whoever needs them
)

// Bus implements gateway.Bus over Redis. Call New; Close ends its goroutines.
type Bus struct {
	place  place
	client redis.UniversalClient
	sender *sender
	health *health
	clock  serverClock // presence only
	gaps   chan struct{}
	life   context.Context
	stop   context.CancelFunc
	work   sync.WaitGroup

	mu    sync.Mutex
	next  uint64
	subs  map[string]map[uint64]func(gateway.Hint)
	plain *link
	heard [shards]bool // whose channel has its link
	ended bool
}

// New connects to a Redis as CheckURL describes it; roots check its certificate, nil = the system's. It gives a working
// bus also while Redis is down: hints are lost until it is back, and Gaps says so then. Errors: invalid for an
// unreadable URL.
func New(ctx context.Context, url string, roots *x509.CertPool, now func() time.Time) (*Bus, error) {
	at, err := readURL(url)
	if err != nil {
		return nil, gateway.Invalid("redis_url")
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	b := &Bus{
		place: at, client: at.client(roots), health: &health{now: time.Now}, gaps: make(chan struct{}, 1), life: life, stop: stop,
		subs: map[string]map[uint64]func(gateway.Hint){},
	}
	b.sender = &sender{send: b.pipeline, now: time.Now, wake: make(chan struct{}, 1)}
	b.clock = serverClock{now: now, ask: clockOf(b.client)}
	b.work.Go(func() { b.sender.run(life) })
	if at.kind != cluster {
		b.plain = b.plainLink()
		b.work.Go(func() { b.plain.run(life) })
	}
	return b, nil
}

// wire is a hint as it travels. Event is bytes, not JSON, so that it arrives as it was. A receiver leaves out what it
// does not know: nodes of two versions may run side by side.
type wire struct {
	Topic string `json:"t,omitempty"` // in a channel that topics share
	Seq   uint64 `json:"s,omitempty"`
	Event []byte `json:"e,omitempty"`
	Note  []byte `json:"n,omitempty"`
}

// Publish leaves the hints to be sent and returns at once. Errors: unavailable while Redis does not answer, or does not
// keep up.
func (b *Bus) Publish(_ context.Context, hints ...gateway.Hint) error {
	list, size := make([]message, 0, len(hints)), 0
	for _, h := range hints {
		w := wire{Seq: h.Seq, Note: h.Note}
		if len(h.Event) <= maxEvent {
			w.Event = h.Event
		}
		channel := prefix + h.Topic
		if b.place.kind == cluster {
			w.Topic, channel = h.Topic, shardChannel(shardOf(h.Topic))
		}
		raw, err := json.Marshal(w)
		if err != nil {
			return gateway.Internal("encode a hint", err)
		}
		list, size = append(list, message{channel, raw}), size+len(raw)
	}
	return b.sender.put(list, size)
}

// Subscribe calls fn for each hint of topic until cancel; cancel may be called twice. It never waits: the first hints may
// pass before Redis has heard of it.
func (b *Bus) Subscribe(topic string, fn func(gateway.Hint)) (cancel func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	id := b.next
	if b.subs[topic] == nil {
		b.subs[topic] = map[uint64]func(gateway.Hint){}
		b.listen(topic)
	}
	b.subs[topic][id] = fn
	return func() { b.unsubscribe(topic, id) }
}

// listen makes a topic's hints come. mu is held.
func (b *Bus) listen(topic string) {
	if b.plain != nil {
		b.plain.want(prefix+topic, true)
		return
	}
	n := shardOf(topic)
	if b.heard[n] || b.ended {
		return
	}
	b.heard[n] = true // until the end: a channel of 64 is soon wanted again
	l := b.shardLink(shardChannel(n))
	b.work.Go(func() { l.run(b.life) })
}

func (b *Bus) unsubscribe(topic string, id uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.subs[topic][id]; !ok {
		return
	}
	delete(b.subs[topic], id)
	if len(b.subs[topic]) > 0 {
		return
	}
	delete(b.subs, topic)
	if b.plain != nil {
		b.plain.want(prefix+topic, false)
	}
}

// lostSome says that hints may have been lost, and that Redis may be another one now, with another clock.
func (b *Bus) lostSome() {
	b.clock.forget()
	select {
	case b.gaps <- struct{}{}:
	default:
	}
}

func (b *Bus) deliver(msg *redis.Message) {
	var w wire
	if json.Unmarshal([]byte(msg.Payload), &w) != nil {
		return // not ours
	}
	topic := msg.Channel[len(prefix):]
	if b.plain == nil {
		topic = w.Topic
	}
	h := gateway.Hint{Topic: topic, Seq: w.Seq, Event: w.Event, Note: w.Note}
	b.mu.Lock()
	fns := make([]func(gateway.Hint), 0, len(b.subs[topic]))
	for _, fn := range b.subs[topic] {
		fns = append(fns, fn)
	}
	b.mu.Unlock()
	for _, fn := range fns {
		fn(h)
	}
}

// Gaps receives after a reconnect.
func (b *Bus) Gaps() <-chan struct{} { return b.gaps }

// Close ends the bus's goroutines and connections. What still waits to be sent is lost.
func (b *Bus) Close() error {
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
	b.stop()
	b.work.Wait()
	return b.client.Close()
}
