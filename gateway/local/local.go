// Package local is the bus of one process: hints are function calls, presence is a map.
//
// What never happens here: waiting. A subscriber's function must not block, and none is called under the lock.
package local

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Bus implements gateway.Bus inside one process. The zero value is not usable; call New.
type Bus struct {
	now  func() time.Time
	gaps chan struct{}

	mu   sync.RWMutex
	next uint64
	subs map[string][]sub
	sets map[string]map[string]time.Time // set → member → when it ends
}

// sub is one subscriber of a topic.
type sub struct {
	id uint64
	fn func(gateway.Hint)
}

// New makes a bus that measures presence by now.
func New(now func() time.Time) *Bus {
	return &Bus{
		now:  now,
		gaps: make(chan struct{}, 1),
		subs: map[string][]sub{},
		sets: map[string]map[string]time.Time{},
	}
}

// Publish calls every subscriber of each hint's topic. It never fails.
func (b *Bus) Publish(_ context.Context, hints ...gateway.Hint) error {
	for _, h := range hints {
		for _, fn := range b.listeners(h.Topic) {
			fn(h)
		}
	}
	return nil
}

func (b *Bus) listeners(topic string) []func(gateway.Hint) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := make([]func(gateway.Hint), 0, len(b.subs[topic]))
	for _, s := range b.subs[topic] {
		out = append(out, s.fn)
	}
	return out
}

// Subscribe calls fn for each hint of topic until cancel; cancel may be called twice.
func (b *Bus) Subscribe(topic string, fn func(gateway.Hint)) (cancel func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	id := b.next
	b.subs[topic] = append(b.subs[topic], sub{id, fn})
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.subs[topic] = slices.DeleteFunc(b.subs[topic], func(s sub) bool { return s.id == id })
		if len(b.subs[topic]) == 0 {
			delete(b.subs, topic)
		}
	}
}

// Gaps never receives: nothing gets lost between functions.
func (b *Bus) Gaps() <-chan struct{} { return b.gaps }

// Beat keeps member in set for ttl.
func (b *Bus) Beat(_ context.Context, set, member string, ttl time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sets[set] == nil {
		b.sets[set] = map[string]time.Time{}
	}
	b.sets[set][member] = b.now().Add(ttl)
	return nil
}

// Drop takes member out of set at once.
func (b *Bus) Drop(_ context.Context, set, member string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sets[set], member)
	return nil
}

// Members gives who beat within their ttl, and forgets the others.
func (b *Bus) Members(_ context.Context, set string) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	var out []string
	for m, end := range b.sets[set] {
		if end.After(now) {
			out = append(out, m)
		} else {
			delete(b.sets[set], m)
		}
	}
	return out, nil
}

// Close forgets all subscribers.
func (b *Bus) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.subs)
	return nil
}
