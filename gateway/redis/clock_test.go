package redis

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// A node whose clock is a minute ahead neither loses the others nor outlives its own beat.
func TestPresenceGoesByOneClock(t *testing.T) {
	url := server.NewRedis(t).URL
	right := open(t, url, time.Now)
	fast := open(t, url, func() time.Time { return time.Now().Add(time.Minute) })
	if err := right.Beat(t.Context(), "on", "right", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := fast.Beat(t.Context(), "on", "fast", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*Bus{"right": right, "fast": fast} {
		if got, err := b.Members(t.Context(), "on"); err != nil || len(got) != 2 {
			t.Errorf("%s sees %v, %v; want both", name, got, err)
		}
	}
}

func TestClockKeepsTheLastDifference(t *testing.T) {
	own, asks, fail := time.UnixMilli(1_000_000), 0, false
	c := serverClock{now: func() time.Time { return own }, ask: func(context.Context) (time.Time, error) {
		asks++
		if fail {
			return time.Time{}, errors.New("down")
		}
		return own.Add(7 * time.Second), nil
	}}
	for range 3 {
		if got := c.millis(t.Context()); got != 1_007_000 {
			t.Fatalf("%d, want Redis' time", got)
		}
	}
	if asks != 1 {
		t.Errorf("asked %d times, want once a minute", asks)
	}
	own, fail = own.Add(2*time.Minute), true
	if got := c.millis(t.Context()); got != 1_127_000 {
		t.Errorf("%d while Redis is down, want the last difference", got)
	}
}

// While Redis hangs, callers that wait for each other do not each wait for a timeout.
func TestClockAsksASilentRedisRarely(t *testing.T) {
	own, asks, fail := time.UnixMilli(1_000_000), 0, true
	c := serverClock{now: func() time.Time { return own }, ask: func(context.Context) (time.Time, error) {
		asks++
		if fail {
			own = own.Add(3 * time.Second) // a timeout
			return time.Time{}, errors.New("down")
		}
		return own.Add(7 * time.Second), nil
	}}
	for range 50 {
		c.millis(t.Context())
	}
	if asks != 1 || own != time.UnixMilli(1_003_000) {
		t.Errorf("asked %d times, the last caller waited until %v", asks, own)
	}
	own, fail = own.Add(askAgain), false
	if got := c.millis(t.Context()); got != own.Add(7*time.Second).UnixMilli() || asks != 2 {
		t.Errorf("%d after %d questions, want Redis' time as soon as it is back", got, asks)
	}
}
