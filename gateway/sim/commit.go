package sim

import (
	"math/rand/v2"
	"slices"
)

// simulated is how many messages one simulation sends.
const simulated = 40_000

// Grouped is how group commit behaves at a rate.
type Grouped struct {
	P50, P99 float64 // ms, from a message's arrival to its commit
	Batch    float64 // messages in one transaction, mean
	Behind   bool    // more comes than is stored
}

// Committing simulates one committer: messages arrive by chance at rate a second (a Poisson stream); whenever it is
// free it takes all that wait, at most BatchMax, and needs CommitMS and RowUS for each. There is no timer. The same
// seed gives the same figures. Source: architecture.md §11, "Group commit".
func Committing(f Figures, rate float64, seed uint64) Grouped {
	if rate <= 0 {
		return Grouped{P50: f.CommitMS, P99: f.CommitMS, Batch: 1}
	}
	rnd := rand.New(rand.NewPCG(seed, 1))
	arrivals := make([]float64, simulated)
	at := 0.0
	for i := range arrivals {
		at += rnd.ExpFloat64() / rate * 1000
		arrivals[i] = at
	}
	took := make([]float64, 0, simulated)
	batches, free := 0, 0.0
	for next := 0; next < simulated; batches++ {
		start := max(free, arrivals[next])
		n := 0
		for next+n < simulated && n < f.BatchMax && arrivals[next+n] <= start {
			n++
		}
		free = start + f.CommitMS + float64(n)*f.RowUS/1000
		for _, a := range arrivals[next : next+n] {
			took = append(took, free-a)
		}
		next += n
	}
	full := float64(f.BatchMax) / (f.CommitMS + float64(f.BatchMax)*f.RowUS/1000) * 1000 // messages/s in full batches
	slices.Sort(took)
	return Grouped{P50: took[simulated/2], P99: took[simulated*99/100], Batch: float64(simulated) / float64(batches), Behind: rate > full}
}
