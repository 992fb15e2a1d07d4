package bench

import (
	"slices"
	"sync"
	"time"
)

// Times gathers durations; safe for many goroutines.
type Times struct {
	mu  sync.Mutex
	all []time.Duration
}

// Add notes one.
func (t *Times) Add(d time.Duration) {
	t.mu.Lock()
	t.all = append(t.all, d)
	t.mu.Unlock()
}

// Count says how many there are.
func (t *Times) Count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all)
}

// Reset forgets what was gathered, e.g. while the gateway was warming up.
func (t *Times) Reset() {
	t.mu.Lock()
	t.all = t.all[:0]
	t.mu.Unlock()
}

// Quantiles is a summary in milliseconds.
type Quantiles struct {
	P50  float64 `json:"p50_ms"`
	P99  float64 `json:"p99_ms"`
	P999 float64 `json:"p999_ms"`
	Max  float64 `json:"max_ms"`
	N    int     `json:"n"`
}

// Quantiles summarises by the nearest rank; all zero when nothing was gathered.
func (t *Times) Quantiles() Quantiles {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.all)
	n := len(t.all)
	if n == 0 {
		return Quantiles{}
	}
	at := func(q float64) float64 { return millis(t.all[min(n-1, int(q*float64(n)))]) }
	return Quantiles{P50: at(.5), P99: at(.99), P999: at(.999), Max: millis(t.all[n-1]), N: n}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
