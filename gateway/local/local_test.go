package local

import (
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
)

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestBus(t *testing.T) {
	gatewaytest.Bus(t, func(t *testing.T) gatewaytest.BusRig {
		c := &clock{now: time.Unix(1_700_000_000, 0)}
		b := New(c.read)
		t.Cleanup(func() {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
		return gatewaytest.BusRig{A: b, B: b, Advance: c.advance}
	})
}

func TestPresenceEndsExactlyWithItsLife(t *testing.T) {
	c := &clock{now: time.Unix(1_700_000_000, 0)}
	b := New(c.read)
	if err := b.Beat(t.Context(), "s", "m", time.Second); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second - time.Nanosecond)
	if got, _ := b.Members(t.Context(), "s"); len(got) != 1 {
		t.Fatalf("just before the end: %v", got)
	}
	c.advance(time.Nanosecond)
	if got, _ := b.Members(t.Context(), "s"); len(got) != 0 {
		t.Fatalf("at the end: %v", got)
	}
}

func TestNothingIsKeptForTopicsAndMembersThatAreGone(t *testing.T) {
	c := &clock{now: time.Unix(1_700_000_000, 0)}
	b := New(c.read)
	cancel := b.Subscribe("x", func(gateway.Hint) {})
	cancel()
	cancel()
	if err := b.Beat(t.Context(), "s", "m", time.Second); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Minute)
	if _, err := b.Members(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	if len(b.subs) != 0 || len(b.sets["s"]) != 0 {
		t.Fatalf("kept: %d topics, %d members", len(b.subs), len(b.sets["s"]))
	}
}
