package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest/history"
)

// After a fault it may still be felt for soakSettle: sweeps come every two seconds. Then all must be well for soakCalm
// before the next one.
const (
	soakSettle = 2500 * time.Millisecond
	soakCalm   = 1200 * time.Millisecond
)

// fault breaks something, waits, and mends it.
type fault struct {
	kind string
	do   func(s *soak, rng *rand.Rand)
}

func between(rng *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(rng.Int64N(int64(to-from)))
}

func faults() []fault {
	return []fault{
		{"node kill", func(s *soak, rng *rand.Rand) {
			n := s.nodes[rng.IntN(len(s.nodes))]
			n.kill(s.T)
			s.wait(between(rng, 200*time.Millisecond, 1500*time.Millisecond))
			n.start(s.T)
		}},
		{"node restart", func(s *soak, rng *rand.Rand) {
			n := s.nodes[rng.IntN(len(s.nodes))]
			if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				s.Fatal(err)
			}
			<-n.ended
			n.start(s.T)
		}},
		{"redis kill", func(s *soak, rng *rand.Rand) {
			s.redis.Kill(s.T)
			s.wait(between(rng, 500*time.Millisecond, 3*time.Second))
			s.redis.Start(s.T)
		}},
		{"redis hole", func(s *soak, rng *rand.Rand) {
			s.relay.swallow(true)
			s.wait(between(rng, time.Second, 4*time.Second))
			s.relay.swallow(false)
		}},
		{"redis flush", func(s *soak, rng *rand.Rand) {
			for range 1 + rng.IntN(3) {
				s.flush()
				s.wait(between(rng, 50*time.Millisecond, 300*time.Millisecond))
			}
		}},
		{"postgres kill", func(s *soak, rng *rand.Rand) {
			down := history.Span{From: time.Now()}
			s.postgres.Kill(s.T)
			s.wait(between(rng, 100*time.Millisecond, time.Second))
			s.postgres.Start(s.T)
			down.To = time.Now()
			s.down = append(s.down, down)
		}},
		{"slow client", func(s *soak, rng *rand.Rand) {
			for _, k := range s.some(rng, 5) {
				k.slow(50*time.Millisecond, between(rng, 2*time.Second, 4*time.Second))
			}
			s.wait(2 * time.Second)
		}},
		{"stalled client", func(s *soak, rng *rand.Rand) {
			v := s.visitors[rng.IntN(len(s.visitors))]
			last := between(rng, 3*time.Second, 5*time.Second)
			v.other.slow(0, last) // his second tab does not read, while he writes more than the system's buffers hold
			for _, k := range s.some(rng, 3) {
				k.slow(0, last)
			}
			v.loud.Store(s.plan.loud)
			s.wait(last)
			v.loud.Store(0)
			v.hurry.Store(true)
		}},
		{"reconnect and resend", func(s *soak, rng *rand.Rand) {
			for range 3 {
				for _, v := range s.visitors {
					if rng.IntN(4) == 0 {
						v.again.Store(true)
						v.cut(between(rng, 0, 300*time.Millisecond))
					}
				}
				s.wait(between(rng, 200*time.Millisecond, 600*time.Millisecond))
			}
		}},
		{"agent drops in an offer", func(s *soak, rng *rand.Rand) {
			before := s.droppedOffers()
			for _, a := range s.agents {
				if rng.IntN(2) == 0 || a == s.agents[0] {
					a.drop.Store(true)
				}
			}
			for begun := time.Now(); s.droppedOffers() == before; s.wait(50 * time.Millisecond) {
				s.visitors[rng.IntN(len(s.visitors))].hurry.Store(true)
				if time.Since(begun) > 6*patience {
					s.Fatal("nothing is offered any more")
				}
			}
			s.wait(time.Second)
			for _, a := range s.agents {
				a.drop.Store(false)
			}
		}},
	}
}

// some gives a few readers of the second row.
func (s *soak) some(rng *rand.Rand, n int) (list []*seat) {
	for _, i := range rng.Perm(len(s.readers))[:min(n, len(s.readers))] {
		list = append(list, s.readers[i])
	}
	return list
}

func (s *soak) droppedOffers() (n int64) {
	for _, a := range s.agents {
		n += a.dropped.Load()
	}
	return n
}

func (s *soak) wait(d time.Duration) {
	if err := pause(s.ctx, d); err != nil {
		s.Fatal("the run was ended: ", err)
	}
}

// flush makes Redis forget everything.
func (s *soak) flush() {
	c, err := net.DialTimeout("tcp", s.redis.Addr, patience)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	b := make([]byte, 100)
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err = c.Write([]byte("FLUSHALL\r\n")); err == nil {
		var n int
		n, err = c.Read(b)
		b = b[:n]
	}
	if err != nil || !strings.HasPrefix(string(b), "+OK") {
		s.Fatalf("FLUSHALL: %q, %v", b, err)
	}
}

// breaks goes through the faults, each kind as often as the others, in an order drawn from the seed.
func (s *soak) breaks() {
	rng, kinds := s.random("faults"), faults()
	if only := os.Getenv("SOAK_ONLY"); only != "" { // to look into one kind
		kinds = slices.DeleteFunc(kinds, func(f fault) bool { return !strings.Contains(only, f.kind) })
	}
	var order []int
	for n := 0; n < s.plan.faults || s.acked.Load() < int64(s.plan.messages); n++ {
		if len(order) == 0 {
			order = rng.Perm(len(kinds))
		}
		s.wait(soakCalm)
		if n >= s.plan.faults {
			continue // only messages are missing
		}
		f := kinds[order[0]]
		order = order[1:]
		from, at := time.Now(), s.acked.Load()
		f.do(s, rng)
		took := time.Since(from)
		s.wait(soakSettle)
		s.troubles = append(s.troubles, history.Trouble{Kind: f.kind, Span: history.Span{From: from, To: time.Now()}})
		s.Logf("%3d %-24s %5.1f s, %d messages meanwhile, %d in all", n+1, f.kind, took.Seconds(), s.acked.Load()-at, s.acked.Load())
		s.alive()
	}
}

// alive fails the run when a gateway has ended by itself.
func (s *soak) alive() {
	for _, n := range s.nodes {
		select {
		case <-n.ended:
			s.Fatalf("a gateway has ended: %s", s.lastWords())
		default:
		}
	}
}

// lastWords is the end of what the gateways have logged.
func (s *soak) lastWords() string {
	text := s.f.log.String()
	return text[max(0, len(text)-2000):]
}

// complaints counts the warnings and errors that the gateways have logged, without what differs.
func (s *soak) complaints() []string {
	count := map[string]int{}
	for line := range strings.Lines(s.f.log.String()) {
		if level, msg := logged(line, "level"), logged(line, "msg"); level == "WARN" || level == "ERROR" {
			count[fmt.Sprintf("%s %s %s %.60s", level, msg, logged(line, "code"), logged(line, "err"))]++
		}
	}
	var out []string
	for text, n := range count {
		out = append(out, fmt.Sprintf("%6d × %s", n, text))
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}

func logged(line, field string) string {
	_, rest, _ := strings.Cut(line, `"`+field+`":"`)
	v, _, _ := strings.Cut(rest, `"`)
	return v
}
