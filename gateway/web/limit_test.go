package web

import (
	"net/netip"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := newLimiter[string](rate{PerSecond: 2, Burst: 3}, 2)
	for i := range 3 {
		if ok, _ := l.take("a", noon); !ok {
			t.Fatalf("take %d of the burst refused", i)
		}
	}
	ok, after := l.take("a", noon)
	if ok || after != 500*time.Millisecond {
		t.Fatalf("take beyond the burst = %v after %v, want refused for 500ms", ok, after)
	}
	if ok, _ := l.take("a", noon.Add(-time.Hour)); ok {
		t.Error("a clock that steps back gives tokens")
	}
	if ok, _ := l.take("a", noon.Add(after)); !ok {
		t.Error("refused after the time it told")
	}
	if ok, _ := l.take("b", noon); !ok {
		t.Error("another key pays for the first")
	}
	if ok, _ := l.take("c", noon); ok || len(l.buckets) != 2 {
		t.Errorf("a full limiter lets a new key in, %d buckets", len(l.buckets))
	}
	if ok, _ := l.take("c", noon.Add(time.Minute)); !ok || len(l.buckets) != 1 {
		t.Errorf("rested keys are not forgotten, %d buckets", len(l.buckets))
	}
}

func TestAddrPrefix(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.9": "203.0.113.9/32", "::ffff:203.0.113.9": "203.0.113.9/32", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
	} {
		if got := addrPrefix(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("addrPrefix(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestTally(t *testing.T) {
	n := newTally[string](2)
	for i, want := range []bool{true, true, false} {
		if n.enter("a") != want {
			t.Fatalf("entry %d = %v, want %v", i, !want, want)
		}
	}
	n.leave("a")
	if !n.enter("a") {
		t.Error("a place given back is not free")
	}
	n.leave("a")
	n.leave("a")
	if len(n.n) != 0 {
		t.Error("a key without connections is kept")
	}
}
