package kb

import (
	"encoding/binary"
	"math"
)

// vector is the question as phrasings and sentences are compared with it.
type vector struct {
	*scratch
	idf  []float64
	pair float64
	norm float64 // its length
}

// vector gives the question's terms, and its pairs of neighbours, their weights.
func (a asker) vector(z *scratch, groups []group) vector {
	q := vector{scratch: z, idf: a.idf, pair: a.pair * a.pair}
	square := 0.0
	for i := range groups {
		g := &groups[i]
		for _, r := range g.readings {
			z.weigh(r, g.share)
		}
		square += g.weight() * g.weight()
		if i == 0 || g.before != groups[i-1].before {
			continue
		}
		square += q.pair * g.weight() * groups[i-1].weight()
		for _, x := range groups[i-1].readings {
			for _, y := range g.readings {
				z.pairs[pairOf(x.term, y.term)] = true
			}
		}
	}
	q.norm = math.Sqrt(square)
	return q
}

func (z *scratch) weigh(r reading, share float64) {
	if z.weight[r.term] == 0 {
		z.terms = append(z.terms, r.term)
	}
	z.weight[r.term] = max(z.weight[r.term], share*r.idf)
	if !r.loose {
		z.strict[r.term] = max(z.strict[r.term], share*r.idf)
	}
}

func pairOf(x, y uint32) uint64 { return uint64(x)<<32 | uint64(y) }

// nearest is the IDF-weighted cosine of the question with the part of a stream (a phrasing, a sentence) that is
// most like it, 0 to 1, and which part that is. Two words side by side count as one more.
func (q *vector) nearest(stream []byte, weight []float64) (best float64, at int) {
	if q.norm == 0 {
		return 0, 0
	}
	part := 0
	var dot, square, wLast float64
	var last uint32
	for i := 0; i < len(stream); {
		t, size := uint32(stream[i]), 1
		if t >= 0x80 {
			v, n := binary.Uvarint(stream[i:])
			t, size = uint32(v), n
		}
		i += size
		if t == 0 { // the part ends here
			if dot > 0 {
				if like := dot / (math.Sqrt(square) * q.norm); like > best {
					best, at = like, part
				}
			}
			dot, square, last = 0, 0, 0
			part++
			continue
		}
		w, asked := q.idf[t], weight[t]
		square += w * w
		dot += w * asked
		if last != 0 {
			square += q.pair * w * wLast
			if asked > 0 && weight[last] > 0 && q.pairs[pairOf(last, t)] {
				dot += q.pair * math.Sqrt(w*wLast*asked*weight[last])
			}
		}
		last, wLast = t, w
	}
	return min(1, best), at
}
