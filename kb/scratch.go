package kb

// scratch is what one search writes to. It is cleaned before it goes back to the pool.
type scratch struct {
	hits    []hit    // by slot
	touched []uint32 // slots with a hit
	best    []scored
	group   []uint32 // slots that the word at hand is in
	weight  []float64
	strict  []float64 // by term: what the question gives it, without and with words of like meaning
	terms   []uint32  // terms with a weight
	pairs   map[uint64]bool
}

// hit is what an article has got so far. It is small, because a search of 100,000 articles touches most of them.
type hit struct{ lexical, matched, grams, best float32 }

// touch notes that an article is about to get its first score.
func (z *scratch) touch(slot uint32) {
	if h := &z.hits[slot]; h.lexical == 0 && h.grams == 0 {
		z.touched = append(z.touched, slot)
	}
}

func (x *Index) borrow(s *snapshot) *scratch {
	z, ok := x.scratch.Get().(*scratch)
	if !ok {
		z = &scratch{pairs: map[uint64]bool{}}
	}
	z.hits = grown(z.hits, len(s.slots))
	z.weight, z.strict = grown(z.weight, s.terms.len()), grown(z.strict, s.terms.len())
	return z
}

func grown[T any](list []T, n int) []T {
	if len(list) < n {
		return make([]T, n+n/8)
	}
	return list
}

func (x *Index) giveBack(z *scratch) {
	for _, s := range z.touched {
		z.hits[s] = hit{}
	}
	for _, t := range z.terms {
		z.weight[t], z.strict[t] = 0, 0
	}
	clear(z.pairs)
	z.touched, z.terms = z.touched[:0], z.terms[:0]
	x.scratch.Put(z)
}
