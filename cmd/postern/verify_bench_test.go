package main

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// BenchmarkVerify prints what the gate takes beyond the login itself (proof-gate.md V2), p95 in ms, the test's own
// provider and browser included: from the press to the provider's address (redirect; with a pushed request), from the
// provider's answer to the confirm page (callback), and from a host's signed event to its answer (event).
func BenchmarkVerify(b *testing.B) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		b.Run(engine, func(b *testing.B) {
			times := map[string][]time.Duration{}
			ok := asTest(b.Name(), func(t *testing.T) {
				r := newRow(t, startFixture(t, engine, options{}))
				b.ResetTimer()
				for range b.N {
					r.timed(times)
				}
			})
			if !ok {
				b.Fatal("a change did not go through")
			}
			for name, list := range times {
				slices.Sort(list)
				b.ReportMetric(float64(list[len(list)*95/100].Microseconds())/1000, name+"-p95-ms")
			}
		})
	}
}

// asTest runs do as a test: what the fixtures are made for.
func asTest(name string, do func(t *testing.T)) bool {
	all := func(_, _ string) (bool, error) { return true, nil }
	return testing.RunTests(all, []testing.InternalTest{{Name: name, F: do}})
}

// timed takes one change each way up to matched, from addresses and browsers of their own.
func (r *row) timed(times map[string][]time.Duration) {
	r.Helper()
	r.ip = newAddress()
	note := func(name string, since time.Time) { times[name] = append(times[name], time.Since(since)) }
	k := r.talkIn(newBrowser(r.T), "ag1", "Please change my newsletter")
	draft := k.mia.ok("change.draft", map[string]any{"conversation": k.cv, "kind": "newsletter.change", "fields": map[string]string{"newsletter": "on"}})
	change := draft["change"].(map[string]any)["id"].(string)
	k.mia.ok("change.offer", map[string]any{"change": change})
	at := time.Now()
	s, status, out := r.redeem(change, r.open(k, change))
	note("redirect", at)
	if status != http.StatusOK {
		r.Fatalf("start: %d %v", status, out)
	}
	q := s.provider()
	at = time.Now()
	s.callback(q)
	note("callback", at)
	r.stays(change, verify.Matched)

	k = r.talkIn(newBrowser(r.T), "ag1", "Please stop my renewal")
	change, address := k.offer(r.T)
	body := r.site.event(r.T, address, verify.LoginConfirmed, nil)
	at = time.Now()
	status, out = r.site.post(r.T, r.site.secret, body)
	note("event", at)
	if status != http.StatusOK {
		r.Fatalf("event: %d %v", status, out)
	}
	r.stays(change, verify.Matched)
}
