package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

func ringKey(t *testing.T, from time.Time) verify.RingKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return verify.RingKey{Key: k, From: from}
}

// A key signs for 90 days; its successor is published 24 h before it signs, and it is dropped 15 min after.
func TestKeyRing(t *testing.T) {
	start := time.Unix(1_795_000_000, 0)
	if from, due := (verify.KeyRing{}).Due(start.Add(time.Millisecond)); !due || !from.Equal(start) {
		t.Errorf("the first key: %v, %v", from, due)
	}
	one := verify.KeyRing{ringKey(t, start)}
	change := start.Add(verify.KeyLife)
	for _, c := range []struct {
		at   time.Duration // from the change of keys
		from time.Duration // of what has to be made, from the change; -1 = nothing
	}{
		{-verify.KeyLife, -1}, {-verify.KeyAhead - time.Second, -1}, {-verify.KeyAhead, 0}, {-time.Hour, verify.KeyAhead - time.Hour}, {48 * time.Hour, 72 * time.Hour},
	} {
		from, due := one.Due(change.Add(c.at))
		if due != (c.from != -1) || due && !from.Equal(change.Add(c.from)) {
			t.Errorf("%v from the change: %v %v, want it from %v", c.at, from.Sub(change), due, c.from)
		}
	}
	two := append(verify.KeyRing{}, one[0], ringKey(t, change))
	for _, c := range []struct {
		at         time.Duration
		current    int
		published  int
		dropped    int
		successors bool
	}{
		{-time.Hour, 0, 2, 0, false},
		{-time.Nanosecond, 0, 2, 0, false},
		{0, 1, 2, 0, false},
		{verify.KeyGrace - time.Nanosecond, 1, 2, 0, false},
		{verify.KeyGrace, 1, 1, 1, false},
		{verify.KeyLife - verify.KeyAhead, 1, 1, 1, true},
	} {
		now := change.Add(c.at)
		k, ok := two.Current(now)
		set, err := two.Published(now)
		if err != nil {
			t.Fatal(err)
		}
		_, due := two.Due(now)
		if !ok || k.Key != two[c.current].Key || len(set) != c.published || len(two.Dropped(now)) != c.dropped || due != c.successors {
			t.Errorf("%v: current %v, %d published, %d dropped, due %v; want %+v", c.at, k.From, len(set), len(two.Dropped(now)), due, c)
		}
	}
	if _, ok := one.Current(start.Add(-time.Second)); ok {
		t.Error("a key signs before its time")
	}
}
