package redis

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	pingEvery = 2 * time.Second // a connection that owes an answer for that long is given up
	again     = 100 * time.Millisecond
	askAtOnce = 500 // channels in one command
)

// link is one connection that receives, and what it should be subscribed to. Subscribing never waits for Redis: it
// only notes the wish, which the link's own goroutine carries out.
type link struct {
	open    func(ctx context.Context) *redis.PubSub
	deliver func(*redis.Message)
	back    func() // called when it hears again after it was lost

	wake chan struct{}

	mu      sync.Mutex
	wanted  map[string]bool
	changed []string       // since the last look
	fresh   bool           // a new connection: everything must be asked
	owed    map[string]int // subscription asked for and not confirmed → ticks since; "" = the answer to a ping
}

// want notes whether a channel is to be heard.
func (l *link) want(channel string, yes bool) {
	l.mu.Lock()
	if yes {
		l.wanted[channel] = true
	} else {
		delete(l.wanted, channel)
	}
	l.changed = append(l.changed, channel)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run receives until ctx ends. A lost connection is told when there is one again.
func (l *link) run(ctx context.Context) {
	lost := false
	for ctx.Err() == nil {
		l.session(ctx, lost)
		lost = true
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

// session is the life of one connection.
func (l *link) session(ctx context.Context, lost bool) {
	ctx, end := context.WithCancel(ctx)
	p := l.open(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer end()
	work.Go(func() { <-ctx.Done(); _ = p.Close() }) // ends Receive, which knows no context while it reads
	l.mu.Lock()
	l.fresh, l.owed = true, map[string]int{}
	l.mu.Unlock()
	work.Go(func() { defer end(); l.keep(ctx, p) })
	for {
		m, err := p.Receive(ctx)
		if err != nil {
			return
		}
		if lost {
			lost = false
			l.back()
		}
		switch m := m.(type) {
		case *redis.Message:
			l.deliver(m)
		case *redis.Subscription:
			if m.Kind == "sunsubscribe" {
				return // its slot has another master now
			}
			l.answered(m.Channel)
		case *redis.Pong:
			l.answered("")
		}
	}
}

// keep carries wishes out, and gives a connection up that does not answer: bytes may vanish without an end.
func (l *link) keep(ctx context.Context, p *redis.PubSub) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		if l.carryOut(ctx, p) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
			continue
		case <-tick.C:
		}
		if l.overdue() || within(ctx, func(ctx context.Context) error { return p.Ping(ctx) }) != nil {
			return
		}
	}
}

func (l *link) answered(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.owed, what)
}

// overdue counts a tick, and reports whether something has been owed for a whole one. The next ping is owed from now.
func (l *link) overdue() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for what := range l.owed {
		if l.owed[what]++; l.owed[what] > 1 || what == "" {
			return true
		}
	}
	l.owed[""] = 0
	return false
}

// within gives Redis one answer's time.
func within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return do(ctx)
}

// carryOut asks for what is wanted and was not asked yet, and the other way round.
func (l *link) carryOut(ctx context.Context, p *redis.PubSub) error {
	on, off := l.difference()
	for list := range slices.Chunk(on, askAtOnce) {
		if err := within(ctx, func(ctx context.Context) error { return p.Subscribe(ctx, list...) }); err != nil {
			return err
		}
	}
	for list := range slices.Chunk(off, askAtOnce) {
		if err := within(ctx, func(ctx context.Context) error { return p.Unsubscribe(ctx, list...) }); err != nil {
			return err
		}
	}
	return nil
}

func (l *link) difference() (on, off []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fresh {
		l.fresh, l.changed = false, nil
		for c := range l.wanted {
			l.owed[c] = 0
		}
		return slices.Collect(maps.Keys(l.wanted)), nil
	}
	slices.Sort(l.changed)
	for _, c := range slices.Compact(l.changed) {
		if l.wanted[c] {
			on = append(on, c)
			l.owed[c] = 0
		} else {
			off = append(off, c)
			delete(l.owed, c)
		}
	}
	l.changed = nil
	return on, off
}

// plainLink hears every channel over one connection.
func (b *Bus) plainLink() *link {
	return &link{
		open:    func(ctx context.Context) *redis.PubSub { return b.client.Subscribe(ctx) },
		deliver: b.deliver, back: b.lostSome, wake: make(chan struct{}, 1), wanted: map[string]bool{},
	}
}

// shardLink hears one channel of a cluster, at the master that has its slot. The channel is named when the connection
// is made, because it decides to whom.
func (b *Bus) shardLink(channel string) *link {
	l := b.plainLink()
	l.open = func(ctx context.Context) *redis.PubSub { return b.client.SSubscribe(ctx, channel) }
	return l
}
