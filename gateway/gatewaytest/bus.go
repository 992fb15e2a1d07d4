package gatewaytest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// BusRig is a bus as the suite meets it: two nodes' ends of the same bus.
type BusRig struct {
	A, B gateway.Bus
	// Cut breaks A's and B's connections so that they must reconnect, and returns once they may.
	// Nil for a bus of one process, which has no connection.
	Cut func(t *testing.T)
	// Advance moves the clock that measures presence; nil = the real clock, the suite waits.
	Advance func(d time.Duration)
}

// patience is how long the suite polls before it fails.
const patience = 10 * time.Second

// Bus runs the suite that every gateway.Bus must pass. open makes a new rig and closes it with the test.
func Bus(t *testing.T, open func(t *testing.T) BusRig) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, r BusRig)
	}{
		{"a hint reaches every subscriber of its topic and nobody else", busDelivers},
		{"event and note arrive as they were", busCarries},
		{"within a topic the newest number wins", busOrder},
		{"a cancelled subscriber hears nothing more", busCancel},
		{"a subscriber may publish, subscribe and cancel", busReentrant},
		{"publishing never blocks", busNoBlocking},
		{"members expire", busExpiry},
		{"a beat prolongs, a drop ends at once", busDrop},
		{"sets do not mix", busSets},
		{"a closed bus delivers nothing", busClose},
		{"a lost connection is announced and mended", busGaps},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// ear collects hints.
type ear struct {
	mu    sync.Mutex
	hints []gateway.Hint
}

func (e *ear) hear(h gateway.Hint) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hints = append(e.hints, h)
}

func (e *ear) all() []gateway.Hint {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.hints)
}

// newest is the largest number heard, 0 = none.
func (e *ear) newest() (n uint64) {
	for _, h := range e.all() {
		n = max(n, h.Seq)
	}
	return n
}

// Eventually polls ok until it holds; it fails the test after ten seconds.
func Eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("waited %v for: %s", patience, what)
		}
		<-time.After(2 * time.Millisecond)
	}
}

// publish sends hints, again where the bus gave up: on a busy machine it may within its 50 ms.
func publish(t *testing.T, b gateway.Bus, hints ...gateway.Hint) {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		err := b.Publish(t.Context(), hints...)
		if err == nil {
			return
		}
		if gateway.CodeOf(err) != "unavailable" || time.Now().After(end) {
			t.Fatalf("Publish: %v", err)
		}
	}
}

// subscribe returns once the subscription is live: a subscriber's first hint may be lost while it is made.
func subscribe(t *testing.T, r BusRig, at gateway.Bus, topic string) (*ear, func()) {
	t.Helper()
	e := &ear{}
	cancel := at.Subscribe(topic, e.hear)
	Eventually(t, "subscription of "+topic, func() bool {
		publish(t, r.A, gateway.Hint{Topic: topic, Note: []byte("probe")})
		<-time.After(time.Millisecond)
		return len(e.all()) > 0
	})
	return e, cancel
}

func busDelivers(t *testing.T, r BusRig) {
	a, _ := subscribe(t, r, r.A, "delivers.x")
	b, _ := subscribe(t, r, r.B, "delivers.x")
	other, _ := subscribe(t, r, r.B, "delivers.y")
	publish(t, r.A, gateway.Hint{Topic: "delivers.x", Seq: 7})
	Eventually(t, "both ends", func() bool { return a.newest() == 7 && b.newest() == 7 })
	publish(t, r.A, gateway.Hint{Topic: "delivers.y", Seq: 1})
	Eventually(t, "the other topic", func() bool { return other.newest() > 0 })
	if other.newest() != 1 || a.newest() != 7 || b.newest() != 7 {
		t.Errorf("topics mixed: x %d and %d, want 7; y %d, want 1", a.newest(), b.newest(), other.newest())
	}
}

func busCarries(t *testing.T, r BusRig) {
	e, _ := subscribe(t, r, r.B, "carries")
	event := slices.Repeat([]byte("\x00é\n\xff "), 8<<10/6)
	publish(t, r.A,
		gateway.Hint{Topic: "carries", Seq: 3, Event: event},
		gateway.Hint{Topic: "carries", Note: []byte(`{"typing":true}`)})
	Eventually(t, "the event", func() bool { return e.newest() == 3 })
	Eventually(t, "the note", func() bool {
		return slices.ContainsFunc(e.all(), func(h gateway.Hint) bool { return string(h.Note) == `{"typing":true}` })
	})
	for _, h := range e.all() {
		if h.Topic != "carries" || h.Seq == 3 && !slices.Equal(h.Event, event) {
			t.Errorf("topic %q, event of %d bytes; want carries and the %d bytes that were sent", h.Topic, len(h.Event), len(event))
		}
	}
}

func busOrder(t *testing.T, r BusRig) {
	e, _ := subscribe(t, r, r.B, "order")
	for seq := uint64(1); seq <= 500; seq++ {
		publish(t, r.A, gateway.Hint{Topic: "order", Seq: seq})
	}
	Eventually(t, "the newest number", func() bool { return e.newest() == 500 })
	last := uint64(0)
	for _, h := range e.all() {
		if h.Seq != 0 && h.Seq < last {
			t.Fatalf("%d came after %d", h.Seq, last)
		}
		last = max(last, h.Seq)
	}
}

func busCancel(t *testing.T, r BusRig) {
	gone, cancel := subscribe(t, r, r.B, "cancel")
	stays, _ := subscribe(t, r, r.B, "cancel")
	cancel()
	cancel()
	heard := len(gone.all())
	publish(t, r.A, gateway.Hint{Topic: "cancel", Seq: 1})
	Eventually(t, "the one who stays", func() bool { return stays.newest() == 1 })
	if n := len(gone.all()); n != heard && gone.newest() != 0 {
		t.Errorf("cancelled subscriber heard number %d", gone.newest())
	}
}

func busReentrant(t *testing.T, r BusRig) {
	second, _ := subscribe(t, r, r.B, "reentrant.2")
	var once sync.Once
	done := make(chan struct{})
	cancel := r.B.Subscribe("reentrant.1", func(h gateway.Hint) {
		once.Do(func() {
			r.B.Subscribe("reentrant.3", func(gateway.Hint) {})()
			go func() {
				_ = r.B.Publish(context.Background(), gateway.Hint{Topic: "reentrant.2", Seq: 9})
				close(done)
			}()
		})
	})
	defer cancel()
	Eventually(t, "the answer", func() bool {
		publish(t, r.A, gateway.Hint{Topic: "reentrant.1", Seq: 1})
		return second.newest() == 9
	})
	<-done
}

func busNoBlocking(t *testing.T, r BusRig) {
	began := time.Now()
	hints := make([]gateway.Hint, 100)
	for i := range hints {
		hints[i] = gateway.Hint{Topic: "nobody", Seq: uint64(i + 1)}
	}
	for range 50 {
		_ = r.A.Publish(t.Context(), hints...) // it may give up, but not wait
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("5,000 hints to nobody took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began = time.Now()
	_ = r.A.Publish(ctx, hints...)
	if took := time.Since(began); took > time.Second {
		t.Errorf("publishing with an ended context took %v", took)
	}
}

func beat(t *testing.T, b gateway.Bus, set, member string, ttl time.Duration) {
	t.Helper()
	if err := b.Beat(t.Context(), set, member, ttl); err != nil {
		t.Fatalf("Beat: %v", err)
	}
}

// members gives who is there, sorted.
func members(t *testing.T, b gateway.Bus, set string) []string {
	t.Helper()
	m, err := b.Members(t.Context(), set)
	if err != nil {
		t.Fatalf("Members: %v", err)
	}
	slices.Sort(m)
	return m
}

func want(t *testing.T, b gateway.Bus, set string, names ...string) {
	t.Helper()
	if got := members(t, b, set); !slices.Equal(got, names) {
		t.Errorf("members of %s: %q, want %q", set, got, names)
	}
}

func busExpiry(t *testing.T, r BusRig) {
	short := 5 * time.Second // longer than a look at a slow machine
	beat(t, r.A, "expiry", "ag_short/n1", short)
	beat(t, r.A, "expiry", "ag_long/n1", time.Hour)
	if r.Advance != nil {
		want(t, r.B, "expiry", "ag_long/n1", "ag_short/n1")
		r.Advance(short)
		want(t, r.B, "expiry", "ag_long/n1")
		return
	}
	Eventually(t, "the short one to expire", func() bool { return len(members(t, r.B, "expiry")) == 1 })
	want(t, r.A, "expiry", "ag_long/n1")
}

func busDrop(t *testing.T, r BusRig) {
	beat(t, r.A, "drop", "one", time.Hour)
	beat(t, r.B, "drop", "two", time.Hour)
	beat(t, r.B, "drop", "two", 2*time.Hour)
	want(t, r.A, "drop", "one", "two")
	if err := r.B.Drop(t.Context(), "drop", "one"); err != nil {
		t.Fatal(err)
	}
	if err := r.B.Drop(t.Context(), "drop", "never there"); err != nil {
		t.Errorf("Drop of a stranger: %v", err)
	}
	want(t, r.A, "drop", "two")
	if r.Advance != nil {
		r.Advance(90 * time.Minute)
		want(t, r.A, "drop", "two")
	}
}

func busSets(t *testing.T, r BusRig) {
	beat(t, r.A, "sets.a", "x", time.Hour)
	want(t, r.B, "sets.a", "x")
	want(t, r.B, "sets.b")
}

func busClose(t *testing.T, r BusRig) {
	e, _ := subscribe(t, r, r.B, "close")
	if err := r.B.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	before := len(e.all())
	if r.A != r.B {
		publish(t, r.A, gateway.Hint{Topic: "close", Seq: 5})
	} else {
		_ = r.A.Publish(t.Context(), gateway.Hint{Topic: "close", Seq: 5})
	}
	if n := len(e.all()); n != before {
		t.Errorf("a closed bus delivered %d hints", n-before)
	}
}

func busGaps(t *testing.T, r BusRig) {
	e, _ := subscribe(t, r, r.B, "gaps")
	if r.Cut == nil {
		select {
		case <-r.B.Gaps():
			t.Error("a bus of one process reports a gap")
		default:
		}
		return
	}
	drain(r.B.Gaps())
	r.Cut(t)
	select {
	case <-r.B.Gaps():
	case <-time.After(patience):
		t.Fatal("no gap announced after a reconnect")
	}
	seq := uint64(0)
	Eventually(t, "hints after the reconnect", func() bool {
		seq++
		_ = r.A.Publish(t.Context(), gateway.Hint{Topic: "gaps", Seq: seq})
		<-time.After(5 * time.Millisecond)
		return e.newest() > 0
	})
}

// drain takes what a channel holds from before.
func drain(c <-chan struct{}) {
	for {
		select {
		case <-c:
		default:
			return
		}
	}
}
