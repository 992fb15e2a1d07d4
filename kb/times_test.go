package kb_test

import (
	"slices"
	"testing"
	"time"
)

// times collects durations for percentiles that testing.B does not give.
type times struct {
	b   *testing.B
	all []time.Duration
}

func newTimes(b *testing.B) *times {
	b.ResetTimer()
	return &times{b: b}
}

func (t *times) of(f func()) {
	start := time.Now()
	f()
	t.all = append(t.all, time.Since(start))
}

func (t *times) report() {
	t.b.StopTimer()
	slices.Sort(t.all)
	t.b.ReportMetric(t.all[len(t.all)/2].Seconds()*1000, "p50-ms")
	t.b.ReportMetric(t.all[(len(t.all)*99-1)/100].Seconds()*1000, "p99-ms")
}
