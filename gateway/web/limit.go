package web

import (
	"net/netip"
	"sync"
	"time"
)

// rate is how much a key may do: Burst at once, then PerSecond.
type rate struct {
	PerSecond float64
	Burst     float64
}

// bucket is what a key, or one connection, may still do.
type bucket struct {
	tokens float64
	at     time.Time
}

// spend takes n tokens, or none and false. A new bucket is full. A clock that stepped back adds nothing.
func (b *bucket) spend(r rate, n float64, now time.Time) bool {
	if b.at.IsZero() {
		*b = bucket{tokens: r.Burst, at: now}
	}
	b.refill(r, now)
	if b.tokens < n {
		return false
	}
	b.tokens -= n
	return true
}

func (b *bucket) refill(r rate, now time.Time) {
	if d := now.Sub(b.at); d > 0 {
		b.tokens = min(r.Burst, b.tokens+d.Seconds()*r.PerSecond)
		b.at = now
	}
}

// limiter holds one token bucket per key, at most max of them. A key that could do its whole burst again is
// forgotten. When max keys are busy, new ones are refused: it fails closed.
type limiter[K comparable] struct {
	rate rate
	max  int

	mu      sync.Mutex
	buckets map[K]bucket
	sweptAt time.Time
}

func newLimiter[K comparable](r rate, most int) *limiter[K] {
	return &limiter[K]{rate: r, max: most, buckets: map[K]bucket{}}
}

// take spends a token. If there is none it says after how long there will be one, and spends nothing.
func (l *limiter[K]) take(key K, now time.Time) (ok bool, after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets[key]
	if !known && !l.room(now) {
		return false, time.Second
	}
	if !b.spend(l.rate, 1, now) {
		return false, time.Duration((1 - b.tokens) / l.rate.PerSecond * float64(time.Second))
	}
	l.buckets[key] = b
	return true, 0
}

// room makes space for a key, looking through all of them at most once a second. mu is held.
func (l *limiter[K]) room(now time.Time) bool {
	if len(l.buckets) < l.max {
		return true
	}
	if d := now.Sub(l.sweptAt); d >= 0 && d < time.Second {
		return false
	}
	l.sweptAt = now
	for k, b := range l.buckets {
		if b.refill(l.rate, now); b.tokens >= l.rate.Burst {
			delete(l.buckets, k)
		}
	}
	return len(l.buckets) < l.max
}

// addrPrefix is what stands for one client in limits: an IPv4 address, or the /64 of an IPv6 one, within
// which a client may choose freely. Source: RFC 4291 §2.5.1.
func addrPrefix(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(a, bits).Masked()
}

// tally counts open connections per key; it holds no key that has none.
type tally[K comparable] struct {
	max int

	mu sync.Mutex
	n  map[K]int
}

func newTally[K comparable](most int) *tally[K] { return &tally[K]{max: most, n: map[K]int{}} }

// enter takes a place of the key; false if all are taken. Each enter that succeeds needs one leave.
func (t *tally[K]) enter(key K) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n[key] >= t.max {
		return false
	}
	t.n[key]++
	return true
}

// leave gives a place back.
func (t *tally[K]) leave(key K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n[key]--; t.n[key] <= 0 {
		delete(t.n, key)
	}
}
