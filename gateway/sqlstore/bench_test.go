package sqlstore

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// onEach runs a benchmark on each database.
func onEach(b *testing.B, run func(b *testing.B, s *Store)) {
	for name, open := range map[string]func(testing.TB) *Store{"sqlite": openSQLite, "postgres": openPostgres} {
		b.Run(name, func(b *testing.B) { run(b, open(b)) })
	}
}

// BenchmarkAppend measures durable appends by conversations with one in flight each, and what they cost this process.
func BenchmarkAppend(b *testing.B) {
	for _, talks := range []int{1, 20, 200} {
		b.Run(fmt.Sprint(talks), func(b *testing.B) {
			onEach(b, func(b *testing.B, s *Store) { benchmarkAppend(b, s, talks) })
		})
	}
}

// cpu is what the process has used so far.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// talksFor begins conversations.
func talksFor(b *testing.B, s *Store, talks int) time.Time {
	now, err := s.Now(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	_, _, err = s.SaveMailbox(b.Context(), gateway.Mailbox{ID: "mb_1", Slug: "help"}, gateway.System(), now)
	if err != nil {
		b.Fatal(err)
	}
	for i := range talks {
		in := gateway.Start{ID: gateway.ID(fmt.Sprint("cv_", i)), Visitor: gateway.ID(fmt.Sprint("vi_", i)), Mailbox: "mb_1"}
		if _, _, err := s.StartConversation(b.Context(), in, now); err != nil {
			b.Fatal(err)
		}
	}
	return now
}

// words are what the visitor of a conversation says.
func words(talk, n int, now time.Time) gateway.Append {
	cv, visitor, id := gateway.ID(fmt.Sprint("cv_", talk)), gateway.ID(fmt.Sprint("vi_", talk)), fmt.Sprint(n)
	return gateway.Append{
		Topic: string(cv), Conversation: cv, ClientID: id, ID: gateway.ID("ev_" + id),
		Actor: gateway.Actor{Role: gateway.RoleVisitor, ID: visitor}, MustVisitor: visitor, At: now, Counts: true,
		Payload: gateway.MessageCreated{Message: gateway.Message{ID: gateway.ID("ms_" + id), Text: "How do I change my plan?"}},
	}
}

func benchmarkAppend(b *testing.B, s *Store, talks int) {
	now := talksFor(b, s, talks)
	var next atomic.Int64
	var wg sync.WaitGroup
	before := cpu(b)
	b.ResetTimer()
	for i := range talks {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				_, err := s.Append(b.Context(), words(i, int(n), now))
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric((cpu(b)-before).Seconds()*1e6/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

// BenchmarkPaced measures how long durable appends take at 1,000 a second to 200 conversations, from the moment when each
// was due.
func BenchmarkPaced(b *testing.B) {
	onEach(b, func(b *testing.B, s *Store) {
		const talks, gap = 200, time.Millisecond
		now := talksFor(b, s, talks)
		took := make([]time.Duration, b.N)
		var wg sync.WaitGroup
		before := cpu(b)
		b.ResetTimer()
		begin := time.Now()
		for n := range b.N {
			due := begin.Add(time.Duration(n) * gap)
			time.Sleep(time.Until(due))
			wg.Go(func() {
				if _, err := s.Append(b.Context(), words(n%talks, n, now)); err != nil {
					b.Error(err)
				}
				took[n] = time.Since(due)
			})
		}
		wg.Wait()
		slices.Sort(took)
		b.ReportMetric((cpu(b)-before).Seconds()*1e6/float64(b.N), "cpu-µs/op")
		for _, p := range []int{50, 95, 99} {
			b.ReportMetric(took[b.N*p/100].Seconds()*1e3, fmt.Sprintf("p%d-ms", p))
		}
		b.ReportMetric(took[b.N-1].Seconds()*1e3, "max-ms")
	})
}
