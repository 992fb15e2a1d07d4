package sim

import (
	"math"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// ErlangC is the mean wait in seconds of agents who each serve one at a time, for service seconds, load between 0 and
// 1 of all of them: C/(cµ−λ), where C is the chance that all are taken. Source: A. K. Erlang 1917; the recursion over B
// needs no factorials.
func ErlangC(agents int, load, service float64) float64 {
	traffic := load * float64(agents)
	b := 1.0 // chance that all are taken if nobody waits
	for c := 1; c <= agents; c++ {
		b = traffic * b / (float64(c) + traffic*b)
	}
	waits := b / (1 - load*(1-b))
	return waits * service / (float64(agents) * (1 - load))
}

// Case is the simulator beside the theory.
type Case struct {
	Agents int     `json:"agents"`
	Load   float64 `json:"load"`
	Theory float64 `json:"theory_s"`
	Mean   float64 `json:"mean_s"` // over Seeds
	Half   float64 `json:"half_s"` // the 99 % interval is Mean ± Half
	Inside bool    `json:"inside"`
	Narrow bool    `json:"narrow"` // Half is at most a fifth of Theory
	Chats  int     `json:"chats"`  // of each simulation
}

// Seeds is how many simulations a case has; studentT makes the 99 % interval of their mean (two-sided, 19 degrees of
// freedom).
const (
	Seeds    = 20
	studentT = 2.8609
)

// Cases are those of mail-and-routing.md 2.7, R2. Each has so many chats that the interval is narrow: the higher the
// load, the longer chats wait for each other.
func Cases() []Case {
	return []Case{
		{Agents: 1, Load: .8, Chats: 20_000},
		{Agents: 5, Load: .8, Chats: 30_000},
		{Agents: 20, Load: .9, Chats: 60_000},
		{Agents: 100, Load: .95, Chats: 90_000},
		{Agents: 500, Load: .98, Chats: 240_000},
	}
}

// Simulate runs what Erlang C describes: agents who accept at once, visitors who wait for ever. Seeds are seed, seed+1 …
// seed+19.
func (c *Case) Simulate(seed uint64) {
	d := Desk{
		Agents: c.Agents, Seats: 1, Load: c.Load, Talk: 480 * time.Second, Ring: gateway.DefaultRing, Warm: c.Chats / 5, Chats: c.Chats,
	}
	means := make([]float64, Seeds)
	Beside(Seeds, func(i int) { means[i] = d.Run(seed + uint64(i)).Mean })
	var sum, squares float64
	for _, m := range means {
		sum += m
	}
	c.Mean = sum / Seeds
	for _, m := range means {
		squares += (m - c.Mean) * (m - c.Mean)
	}
	c.Half = studentT * math.Sqrt(squares/(Seeds-1)/Seeds)
	c.Theory = ErlangC(c.Agents, c.Load, d.Talk.Seconds())
	c.Inside = math.Abs(c.Mean-c.Theory) <= c.Half
	c.Narrow = c.Half <= c.Theory/5
}

// Beside runs n pieces of work on all processors. Which runs first changes nothing: each has its own seed.
func Beside(n int, do func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}
