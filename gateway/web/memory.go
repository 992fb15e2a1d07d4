package web

import (
	"runtime/metrics"
	"sync"
	"time"
)

// memoryEvery is how long one look at the process's memory counts.
const memoryEvery = 100 * time.Millisecond

// memory is the wall against a flood that costs memory: above the ceiling nobody new comes in, whoever is here goes on.
type memory struct {
	ceiling uint64 // bytes in use at which newcomers are refused; 0 = none
	now     func() time.Time

	mu   sync.Mutex
	at   time.Time
	full bool
}

// newMemory makes the wall of a process that may use so many bytes: a quarter is left for those who are connected.
func newMemory(limit int64, now func() time.Time) *memory {
	return &memory{ceiling: uint64(max(0, limit)) / 4 * 3, now: now}
}

// Full reports whether newcomers are to be refused.
func (m *memory) Full() bool {
	if m == nil || m.ceiling == 0 {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.now(); now.Sub(m.at) >= memoryEvery || now.Before(m.at) {
		m.at, m.full = now, memoryInUse() >= m.ceiling
	}
	return m.full
}

// memoryInUse is what the collector found alive when it last looked, and the stacks, in bytes. What is garbage does not
// count: near its limit (Go's memory limit, which 'postern serve' sets) the collector looks all the time.
func memoryInUse() (n uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	for _, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			n += s.Value.Uint64()
		}
	}
	return n
}
