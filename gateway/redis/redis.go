// Package redis is the bus between nodes over Redis pub/sub: one connection receives, one pipeline sends,
// sorted sets hold presence.
//
// What never happens here: a fact. Redis may lose, double or delay anything and be flushed at any moment; the
// database's numbers find every gap (architecture.md §12). No Lua, no streams, nothing atomic.
package redis

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/redis/go-redis/v9"
)

const (
	publishLimit = 50 * time.Millisecond
	prefix       = "postern:"
	maxEvent     = 8 << 10 // bytes; larger events are read from the log by whoever needs them
)

// Bus implements gateway.Bus over one Redis. Call New; Close ends its goroutines.
type Bus struct {
	client *redis.Client
	sub    *redis.PubSub
	clock  serverClock // presence only
	gaps   chan struct{}
	done   chan struct{}
	stop   context.CancelFunc

	mu   sync.Mutex
	next uint64
	subs map[string]map[uint64]func(gateway.Hint)
}

// New connects to the address of a redis:// or rediss:// URL. It gives a working bus also while Redis is
// down: hints are lost until it is back, and Gaps says so then. Errors: invalid for an unreadable URL.
func New(ctx context.Context, url string, now func() time.Time) (*Bus, error) {
	opt, err := redis.ParseURL(url)
	if err != nil {
		return nil, gateway.Invalid("redis_url")
	}
	opt.MaxRetries = -1
	opt.ContextTimeoutEnabled = true
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	b := &Bus{
		client: redis.NewClient(opt),
		gaps:   make(chan struct{}, 1),
		done:   make(chan struct{}),
		stop:   stop,
		subs:   map[string]map[uint64]func(gateway.Hint){},
	}
	b.clock = serverClock{now: now, ask: func(ctx context.Context) (time.Time, error) { return b.client.Time(ctx).Result() }}
	b.sub = b.client.Subscribe(ctx)
	go b.receive(ctx)
	return b, nil
}

// wire is a hint as it travels. Event is bytes, not JSON, so that it arrives as it was.
type wire struct {
	Seq   uint64 `json:"s,omitempty"`
	Event []byte `json:"e,omitempty"`
	Note  []byte `json:"n,omitempty"`
}

// Publish sends all hints in one pipeline and gives up after 50 ms. Errors: unavailable.
func (b *Bus) Publish(ctx context.Context, hints ...gateway.Hint) error {
	ctx, cancel := context.WithTimeout(ctx, publishLimit)
	defer cancel()
	p := b.client.Pipeline()
	for _, h := range hints {
		w := wire{Seq: h.Seq, Note: h.Note}
		if len(h.Event) <= maxEvent {
			w.Event = h.Event
		}
		raw, err := json.Marshal(w)
		if err != nil {
			return gateway.Internal("encode a hint", err)
		}
		p.Publish(ctx, prefix+h.Topic, raw)
	}
	if _, err := p.Exec(ctx); err != nil {
		return gateway.Unavailable("bus", err)
	}
	return nil
}

// Subscribe calls fn for each hint of topic until cancel; cancel may be called twice.
func (b *Bus) Subscribe(topic string, fn func(gateway.Hint)) (cancel func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	id := b.next
	if b.subs[topic] == nil {
		b.subs[topic] = map[uint64]func(gateway.Hint){}
		b.ask(func(ctx context.Context) error { return b.sub.Subscribe(ctx, prefix+topic) })
	}
	b.subs[topic][id] = fn
	return func() { b.unsubscribe(topic, id) }
}

func (b *Bus) unsubscribe(topic string, id uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.subs[topic][id]; !ok {
		return
	}
	delete(b.subs[topic], id)
	if len(b.subs[topic]) == 0 {
		delete(b.subs, topic)
		b.ask(func(ctx context.Context) error { return b.sub.Unsubscribe(ctx, prefix+topic) })
	}
}

// ask changes the connection's subscriptions. While Redis is down go-redis remembers them and sends them
// again at the reconnect, so a failure needs only a gap.
func (b *Bus) ask(do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := do(ctx); err != nil {
		b.gap()
	}
}

func (b *Bus) gap() {
	select {
	case b.gaps <- struct{}{}:
	default:
	}
}

// receive reads the subscription's connection until Close. A lost connection is a gap when it is back.
func (b *Bus) receive(ctx context.Context) {
	defer close(b.done)
	lost := false
	for ctx.Err() == nil {
		m, err := b.sub.ReceiveTimeout(ctx, 5*time.Second)
		if err != nil {
			lost = b.trouble(ctx, err) || lost
			continue
		}
		if lost {
			lost = false
			b.gap()
		}
		if msg, ok := m.(*redis.Message); ok {
			b.deliver(msg)
		}
	}
}

// trouble tells a quiet connection (which is pinged) from a lost one.
func (b *Bus) trouble(ctx context.Context, err error) (lost bool) {
	var slow interface{ Timeout() bool }
	if errors.As(err, &slow) && slow.Timeout() {
		ping, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return b.sub.Ping(ping) != nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
	return true
}

func (b *Bus) deliver(msg *redis.Message) {
	var w wire
	if json.Unmarshal([]byte(msg.Payload), &w) != nil {
		return // not ours
	}
	topic := msg.Channel[len(prefix):]
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

// Gaps receives after a reconnect or a failed subscription.
func (b *Bus) Gaps() <-chan struct{} { return b.gaps }

// Beat keeps member in set for ttl. Errors: unavailable.
func (b *Bus) Beat(ctx context.Context, set, member string, ttl time.Duration) error {
	now := b.clock.millis(ctx)
	p := b.client.Pipeline()
	p.ZAdd(ctx, prefix+set, redis.Z{Score: float64(now + ttl.Milliseconds()), Member: member})
	p.ZRemRangeByScore(ctx, prefix+set, "-inf", strconv.FormatInt(now, 10))
	p.Expire(ctx, prefix+set, time.Hour)
	if _, err := p.Exec(ctx); err != nil {
		return gateway.Unavailable("bus", err)
	}
	return nil
}

// Drop takes member out of set at once. Errors: unavailable.
func (b *Bus) Drop(ctx context.Context, set, member string) error {
	if err := b.client.ZRem(ctx, prefix+set, member).Err(); err != nil {
		return gateway.Unavailable("bus", err)
	}
	return nil
}

// Members gives who beat within their ttl. Errors: unavailable.
func (b *Bus) Members(ctx context.Context, set string) ([]string, error) {
	min := "(" + strconv.FormatInt(b.clock.millis(ctx), 10)
	out, err := b.client.ZRangeArgs(ctx, redis.ZRangeArgs{Key: prefix + set, Start: min, Stop: "+inf", ByScore: true}).Result()
	if err != nil {
		return nil, gateway.Unavailable("bus", err)
	}
	return out, nil
}

// Close ends the subscription's goroutine and both connections.
func (b *Bus) Close() error {
	b.stop()
	err := b.sub.Close()
	<-b.done
	return errors.Join(err, b.client.Close())
}
