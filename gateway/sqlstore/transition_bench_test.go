package sqlstore

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// BenchmarkTransition measures steps of changes, each with its line in the log, in 32 conversations at once (V6: at
// least 200 a second).
func BenchmarkTransition(b *testing.B) {
	onEach(b, benchmarkTransition)
}

func benchmarkTransition(b *testing.B, s *Store) {
	now, err := s.Now(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := s.SaveMailbox(b.Context(), gateway.Mailbox{ID: "mb_1", Slug: "help"}, gateway.System(), now); err != nil {
		b.Fatal(err)
	}
	const talks = 32
	for i := range talks {
		in := gateway.Start{ID: gateway.ID(fmt.Sprint("cv_", i)), Visitor: gateway.ID(fmt.Sprint("vi_", i)), Mailbox: "mb_1"}
		if _, _, err := s.StartConversation(b.Context(), in, now); err != nil {
			b.Fatal(err)
		}
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for i := range talks {
		wg.Go(func() {
			for n := next.Add(3) - 2; n <= int64(b.N); n = next.Add(3) - 2 {
				if err := walkChange(b, s.Ledger(), fmt.Sprint("cv_", i), n, min(3, int64(b.N)-n+1)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transitions/s")
}

// walkChange drafts, offers and withdraws a change: as many of the three steps as asked for.
func walkChange(b *testing.B, l *Ledger, talk string, n, steps int64) error {
	now, err := l.Now(b.Context())
	if err != nil {
		return err
	}
	row := verify.Row{
		ID: fmt.Sprintf("ch_%020d", n), Conversation: talk, Host: "shop", Chg: "c", Policy: "p", Seal: "s", State: verify.Draft, Version: 1,
		Change:    verify.Change{V: "1", Kind: "plan.change", Base: "*", Fields: map[string]string{"plan": "plus"}},
		CreatedAt: ms(now), ChangedAt: ms(now), ExpiresAt: ms(now) + 900_000,
	}
	if err := l.CreateDraft(b.Context(), verify.Step{Row: row, At: now}); err != nil {
		return err
	}
	for _, to := range []verify.State{verify.Offered, verify.Withdrawn}[:steps-1] {
		from := row.State
		row.State = to
		row.Version++
		if err := l.Advance(b.Context(), verify.Step{Row: row, From: from, FromVersion: row.Version - 1, At: now}); err != nil {
			return err
		}
	}
	return nil
}
