package kb

import (
	"encoding/binary"
	"math"
)

// scratch is what one search writes to. It is cleaned before it goes back to the pool.
type scratch struct {
	score   []float64 // by slot
	best    []float64 // by slot: the group at hand
	grams   []float64
	match   []float64
	touched []uint32 // slots with a score
	inGroup []uint32
	weight  []float64 // by term: what the question gives it
	strict  []float64 // the same without readings that only mean the like
	terms   []uint32  // terms with a weight
	pairs   map[uint64]bool
}

func (x *Index) borrow(s *snapshot) *scratch {
	z, ok := x.scratch.Get().(*scratch)
	if !ok {
		z = &scratch{pairs: map[uint64]bool{}}
	}
	z.score, z.best, z.grams = grown(z.score, len(s.slots)), grown(z.best, len(s.slots)), grown(z.grams, len(s.slots))
	z.match = grown(z.match, len(s.slots))
	z.weight, z.strict = grown(z.weight, s.terms.len()), grown(z.strict, s.terms.len())
	return z
}

func grown(list []float64, n int) []float64 {
	if len(list) < n {
		return make([]float64, n+n/8)
	}
	return list
}

func (x *Index) giveBack(z *scratch) {
	for _, s := range z.touched {
		z.score[s], z.grams[s], z.match[s] = 0, 0, 0
	}
	for _, t := range z.terms {
		z.weight[t], z.strict[t] = 0, 0
	}
	clear(z.pairs)
	z.touched, z.terms = z.touched[:0], z.terms[:0]
	x.scratch.Put(z)
}

// ask is the question as phrasings and sentences are compared with it.
type ask struct {
	*scratch
	idf     []float64
	pair    float64
	norm    float64 // length of the question's vector
	sat     float64
	lenNorm float64
}

// prepare gives terms and pairs of neighbours their weights.
func (a asker) prepare(z *scratch, groups []group) ask {
	q := ask{scratch: z, idf: a.view.idf, pair: a.settings.pair, lenNorm: a.settings.lenNorm}
	square := 0.0
	for i, g := range groups {
		for _, x := range g.alts {
			if z.weight[x.term] == 0 {
				z.terms = append(z.terms, x.term)
			}
			z.weight[x.term] = max(z.weight[x.term], g.share*x.idf)
			if !x.loose {
				z.strict[x.term] = max(z.strict[x.term], g.share*x.idf)
			}
		}
		square += g.share * g.idf * g.share * g.idf
		if i > 0 && !g.before == !groups[i-1].before {
			square += q.between(g.share*g.idf, g.share*groups[i-1].idf)
			for _, x := range groups[i-1].alts {
				for _, y := range g.alts {
					z.pairs[uint64(x.term)<<32|uint64(y.term)] = true
				}
			}
		}
	}
	q.norm = math.Sqrt(square)
	return q
}

// between is the square of the weight of two neighbours.
func (q *ask) between(x, y float64) float64 { return q.pair * q.pair * x * y }

// cosines compares the question with each part of a stream (a phrasing, a sentence) and gives the best likeness
// and the sum of the parts' likenesses, each to the fourth: many good ones count a little more than one.
func (q *ask) cosines(stream []byte, weight []float64) (best, pool, contain float64) {
	var dot, square, sq1, in1 float64
	var last uint32
	parts := 0
	for i := 0; i < len(stream); {
		n, size := uint32(stream[i]), 1
		if n >= 0x80 {
			v, s := binary.Uvarint(stream[i:])
			n, size = uint32(v), s
		}
		i += size
		if n != 0 {
			w, asked := q.idf[n], weight[n]
			square += w * w
			dot += w * asked
			sq1 += w * w
			in1 += w * min(w, asked)
			if last != 0 && q.pair > 0 {
				b := q.between(w, q.idf[last])
				square += b
				if asked > 0 && weight[last] > 0 && q.pairs[uint64(last)<<32|uint64(n)] {
					dot += q.pair * q.pair * math.Sqrt(w*q.idf[last]*asked*weight[last])
				}
			}
			last = n
			continue
		}
		if dot > 0 && q.norm > 0 {
			c := min(1, dot/(math.Sqrt(square)*q.norm))
			best = max(best, c)
			contain = max(contain, in1/(sq1+q.lenNorm))
			pool += c * c * c * c
			parts++
		}
		dot, square, last, sq1, in1 = 0, 0, 0, 0, 0
	}
	return best, pool, contain
}
