package kb

import "math"

// wVector is what full likeness of meaning adds to a score. It is at most 1, and it never makes a candidate: an article
// without a word or a spelling in common with the question stays unfound (self-help.md §3.7).
const wVector = 0.5

// vectors are the articles' vectors of length 1, by article id.
type vectors map[string][]float32

// SetVectors replaces the vectors of all articles. Those of another length than the question's count nothing.
func (x *Index) SetVectors(of map[string][]float32) {
	all := make(vectors, len(of))
	for id, v := range of {
		if u := unit(v); u != nil {
			all[id] = u
		}
	}
	x.vectors.Store(&all)
}

// unit gives a vector of length 1, or nil for one that has no direction.
func unit(v []float32) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 || math.IsInf(sum, 0) || math.IsNaN(sum) {
		return nil
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / math.Sqrt(sum))
	}
	return out
}

// nearness adds what vectors say to the candidates; without a vector of the question it changes nothing.
func (a asker) nearness(list []candidate, q []float32, all *vectors) {
	u := unit(q)
	if u == nil || all == nil {
		return
	}
	for i := range list {
		v := (*all)[a.slots[list[i].slot].article.ID]
		if len(v) != len(u) {
			continue
		}
		dot := 0.0
		for j, x := range u {
			dot += float64(x) * float64(v[j])
		}
		list[i].vector = max(0, dot)
		list[i].score += wVector * list[i].vector
	}
}
