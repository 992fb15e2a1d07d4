package kb

import (
	"cmp"
	"slices"
)

// scored is an article with what was added up for it.
type scored struct {
	slot  uint32
	score float64
}

// best keeps the n best of what it is offered: a heap with the last of them on top.
type best struct {
	asker
	n    int
	heap []scored
}

func (a asker) newBest(z *scratch, n int) *best {
	z.best = slices.Grow(z.best[:0], n)
	return &best{asker: a, n: n, heap: z.best}
}

// order is best first, equal ones by article id.
func (a asker) order(x, y scored) int {
	if x.score != y.score {
		return cmp.Compare(y.score, x.score)
	}
	return cmp.Compare(a.slots[x.slot].article.ID, a.slots[y.slot].article.ID)
}

func (b *best) offer(slot uint32, score float64) {
	s := scored{slot, score}
	switch {
	case len(b.heap) < b.n:
		b.heap = append(b.heap, s)
		if len(b.heap) == b.n { // sorted backwards is a heap, too
			slices.SortFunc(b.heap, func(x, y scored) int { return b.order(y, x) })
		}
	case score >= b.heap[0].score && b.order(s, b.heap[0]) < 0:
		b.sink(s)
	}
}

// sink puts s into the heap in place of its top.
func (b *best) sink(s scored) {
	i := 0
	for child := 1; child < len(b.heap); child = 2*i + 1 {
		if child+1 < len(b.heap) && b.order(b.heap[child+1], b.heap[child]) > 0 {
			child++
		}
		if b.order(b.heap[child], s) <= 0 {
			break
		}
		b.heap[i], i = b.heap[child], child
	}
	b.heap[i] = s
}

// sorted ends the collecting.
func (b *best) sorted() []scored {
	slices.SortFunc(b.heap, b.order)
	return b.heap
}
