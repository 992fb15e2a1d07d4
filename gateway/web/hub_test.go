package web

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// eventLog is an EventStore in memory: gapless numbers per topic, nothing else.
type eventLog struct {
	mu     sync.Mutex
	events map[string][]gateway.Event
}

func (l *eventLog) Append(_ context.Context, a gateway.Append) (gateway.Appended, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := gateway.Event{
		ID: a.ID, Kind: "message.created", Topic: a.Topic, Seq: uint64(len(l.events[a.Topic]) + 1), At: a.At, Payload: json.RawMessage(`{}`),
	}
	l.events[a.Topic] = append(l.events[a.Topic], e)
	return gateway.Appended{Event: e}, nil
}

func (l *eventLog) Submit(ctx context.Context, a gateway.Append, to gateway.Committed) error {
	done, err := l.Append(ctx, a)
	to.Committed([]gateway.Stored{{Append: a, Appended: done, Err: err}})
	return nil
}

func (l *eventLog) Events(_ context.Context, topic string, after uint64, limit int) ([]gateway.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.events[topic]
	from := min(int(after), len(all))
	return append([]gateway.Event(nil), all[from:min(from+limit, len(all))]...), nil
}

func (l *eventLog) EventsBefore(context.Context, string, uint64, int) ([]gateway.Event, error) {
	return nil, nil
}

func (l *eventLog) Heads(_ context.Context, topics []string) (map[string]uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]uint64{}
	for _, t := range topics {
		if n := len(l.events[t]); n > 0 {
			out[t] = uint64(n)
		}
	}
	return out, nil
}

// faultyBus hands each hint to its subscribers as often as its fault says: 0 = lost, 2 = doubled; late keeps
// one back and gives it after the next.
type faultyBus struct {
	times int
	late  bool

	mu   sync.Mutex
	subs map[string]func(gateway.Hint)
	kept []gateway.Hint
}

func (b *faultyBus) Publish(_ context.Context, hints ...gateway.Hint) error {
	b.mu.Lock()
	out := hints
	if b.late {
		out = append(append([]gateway.Hint(nil), hints...), b.kept...)
		b.kept = nil
		if len(out) == len(hints) {
			out, b.kept = nil, hints
		}
	}
	subs := b.subs
	b.mu.Unlock()
	for _, h := range out {
		for range b.times {
			if fn := subs[h.Topic]; fn != nil {
				fn(h)
			}
		}
	}
	return nil
}

func (b *faultyBus) Subscribe(topic string, fn func(gateway.Hint)) func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := map[string]func(gateway.Hint){topic: fn}
	for t, f := range b.subs {
		if t != topic {
			next[t] = f
		}
	}
	b.subs = next
	return func() {}
}

func (b *faultyBus) Gaps() <-chan struct{}                                     { return nil }
func (b *faultyBus) Beat(context.Context, string, string, time.Duration) error { return nil }
func (b *faultyBus) Drop(context.Context, string, string) error                { return nil }
func (b *faultyBus) Members(context.Context, string) ([]string, error)         { return nil, nil }
func (b *faultyBus) Close() error                                              { return nil }

// seen is a watcher that checks what it gets while it gets it.
type seen struct {
	mu    sync.Mutex
	last  uint64
	drops bool // what it has already, as a client does
	bad   []string
}

func (w *seen) flush() {}

func (w *seen) sendEvent(frame []byte) bool {
	var e gateway.Event
	w.mu.Lock()
	defer w.mu.Unlock()
	err := json.Unmarshal(frame, &e)
	if w.drops && e.Seq <= w.last {
		return false
	}
	if err != nil || e.Seq != w.last+1 {
		w.bad = append(w.bad, fmt.Sprintf("after %d came %s (%v)", w.last, frame, err))
	}
	w.last = e.Seq
	return false
}

func (w *seen) sendNote([]byte) {}
func (w *seen) drain()          {}

func (w *seen) want(t *testing.T, last uint64) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last != last || len(w.bad) > 0 {
		t.Errorf("last seq %d, want %d; out of order: %v", w.last, last, w.bad)
	}
}

// Whatever the bus does to hints, every watcher on another node gets each event once and in order; with all
// hints lost, the sweep brings them.
func TestHubSurvivesTheBus(t *testing.T) {
	const writers, each = 8, 50
	for name, bus := range map[string]*faultyBus{
		"each hint once": {times: 1}, "all hints lost": {times: 0}, "doubled": {times: 2}, "reordered": {times: 1, late: true},
	} {
		t.Run(name, func(t *testing.T) {
			log := &eventLog{events: map[string][]gateway.Event{}}
			hub := NewHub(log, bus, func(doing string, err error) { t.Error(doing, err) })
			w := &seen{}
			if _, _, err := hub.watch(t.Context(), "cv_1", 0, w); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for range each {
						done, _ := log.Append(t.Context(), gateway.Append{Topic: "cv_1"})
						raw, _ := json.Marshal(done.Event)
						_ = bus.Publish(t.Context(), gateway.Hint{Topic: "cv_1", Seq: done.Event.Seq, Event: raw})
					}
				})
			}
			wg.Wait()
			if err := hub.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.want(t, writers*each)
		})
	}
}

// A client that comes back gets what it lacks and nothing twice; one that lacks too much is told to reload.
func TestHubResume(t *testing.T) {
	log := &eventLog{events: map[string][]gateway.Event{}}
	hub := NewHub(log, &faultyBus{times: 1}, func(doing string, err error) { t.Error(doing, err) })
	for range 10 {
		log.Append(t.Context(), gateway.Append{Topic: "cv_1"})
	}
	back := &seen{last: 7}
	head, reset, err := hub.watch(t.Context(), "cv_1", 7, back)
	if err != nil || reset != resumed || head != 10 {
		t.Fatalf("watch = %d, %v, %v", head, reset, err)
	}
	back.want(t, 10)
	ahead := &seen{last: 10} // the log was put back: what comes follows its head
	if head, reset, err := hub.watch(t.Context(), "cv_1", 99, ahead); err != nil || reset != tooAhead || head != 10 {
		t.Errorf("watch from the future = %d, %v", head, err)
	}
	for range maxMissing + 1 {
		log.Append(t.Context(), gateway.Append{Topic: "cv_2"})
	}
	far := &seen{}
	if head, reset, err := hub.watch(t.Context(), "cv_2", 0, far); err != nil || reset != tooFar || head != maxMissing+1 {
		t.Errorf("watch of too much = %d, %v, %v; want a reset", head, reset, err)
	}
	far.want(t, 0)
	hub.leave("cv_1", back)
	hub.leave("cv_1", ahead)
	if hub.head("cv_1") != 0 {
		t.Error("the topic lives on after its last watcher left")
	}
}

// Whoever comes back, or asks again, while others write gets each event once and in order.
func TestHubResumesWhileOthersWrite(t *testing.T) {
	log := &eventLog{events: map[string][]gateway.Event{}}
	bus := &faultyBus{times: 1}
	hub := NewHub(log, bus, func(doing string, err error) { t.Error(doing, err) })
	write := func() {
		done, _ := log.Append(t.Context(), gateway.Append{Topic: "cv_1"})
		raw, _ := json.Marshal(done.Event)
		_ = bus.Publish(t.Context(), gateway.Hint{Topic: "cv_1", Seq: done.Event.Seq, Event: raw})
	}
	for range 500 {
		write()
	}
	stays := &seen{last: 500}
	if _, _, err := hub.watch(t.Context(), "cv_1", 500, stays); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for range 200 {
			write()
		}
	})
	for range 20 {
		fresh := &seen{drops: true}
		for range 3 {
			if _, reset, err := hub.watch(t.Context(), "cv_1", 0, fresh); err != nil || reset != resumed {
				t.Fatal(reset, err)
			}
		}
		defer fresh.want(t, 700)
	}
	all.Wait()
	stays.want(t, 700)
}

// Whoever opens a topic while its last watcher leaves watches it all the same: a page loaded anew does that.
func TestHubTakesWhoComesWhileTheLastLeaves(t *testing.T) {
	log := &eventLog{events: map[string][]gateway.Event{}}
	hub := NewHub(log, &faultyBus{times: 1}, func(doing string, err error) { t.Error(doing, err) })
	log.Append(t.Context(), gateway.Append{Topic: "cv_1"})
	for range 2000 {
		old, fresh := &seen{last: 1}, &seen{last: 1}
		if _, _, err := hub.watch(t.Context(), "cv_1", 1, old); err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		both.Go(func() { hub.leave("cv_1", old) })
		both.Go(func() {
			if head, _, err := hub.watch(t.Context(), "cv_1", 1, fresh); err != nil || head != 1 {
				t.Errorf("watch = %d, %v", head, err)
			}
		})
		both.Wait()
		hub.one(gateway.Hint{Topic: "cv_1", Seq: 2, Event: []byte(`{"seq":2}`)})
		fresh.want(t, 2)
		hub.leave("cv_1", fresh)
		if t.Failed() {
			return
		}
	}
}
