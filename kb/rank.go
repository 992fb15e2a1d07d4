package kb

import (
	"cmp"
	"math"
	"slices"
)

// Result is one article found.
type Result struct {
	Article string   `json:"article"`
	Title   string   `json:"title"`
	Summary string   `json:"summary"`
	Score   float64  `json:"score"`
	Why     []string `json:"why"` // words, repairs and phrasings that matched
}

// Found is an answer: the results and how much of the question the best one covers, 0…1.
type Found struct {
	Results  []Result `json:"results"`
	Coverage float64  `json:"coverage"`
}

const (
	maxClose     = 200 // articles that are compared phrasing by phrasing, sentence by sentence
	maxExplained = 20  // results that say why
)

// candidate is an article on its way to a result.
type candidate struct {
	slot               uint32
	lexical, grams     float64 // shares of the most that the question could bring
	matched            float64 // the same
	phrasing, sentence float64
	score              float64
}

// Search ranks articles for a question. It is deterministic. Source: self-help.md §3.
func (x *Index) Search(q Query) Found {
	s := x.snapshot()
	a := asker{s, s.public}
	if q.Agent {
		a.view = s.agents
	}
	groups := a.groups(q)
	if len(groups) == 0 || a.n == 0 {
		return Found{}
	}
	z := x.borrow(s)
	defer x.giveBack(z)
	a.lexical(z, groups)
	list := a.candidates(z, q.Mailbox, mostOf(groups)*(a.k1+1), a.pieceScores(z, q.Text))
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	list = a.rank(a.vector(z, groups), list, max(2, limit))
	found := Found{Coverage: a.coverage(list, groups)}
	for i, c := range list[:min(limit, len(list))] {
		v := s.slots[c.slot].article.Version
		r := Result{Article: s.slots[c.slot].article.ID, Title: v.Title, Summary: v.Summary, Score: c.score}
		if i < maxExplained {
			r.Why = a.why(c.slot, groups)
		}
		found.Results = append(found.Results, r)
	}
	return found
}

// mostOf is the most that the words could bring.
func mostOf(groups []group) float64 {
	sum := 0.0
	for i := range groups {
		sum += groups[i].weight()
	}
	return sum
}

// candidates are the articles that the reader may find and that were hit.
func (a asker) candidates(z *scratch, mailbox string, mostLexical, mostGrams float64) []candidate {
	out := make([]candidate, 0, min(len(z.touched), 4096))
	var top candidate
	for _, slot := range z.touched {
		if e := a.slots[slot]; !a.sees(e.article) || !e.in(mailbox) {
			continue
		}
		h := &z.hits[slot]
		c := candidate{
			slot: slot, lexical: share(h.lexical, mostLexical), grams: share(h.grams, mostGrams),
			matched: share(h.matched*(a.k1+1), mostLexical),
		}
		top.lexical, top.grams = max(top.lexical, c.lexical), max(top.grams, c.grams)
		out = append(out, c)
	}
	// An article without a word in common must at least be alike in spelling.
	out = slices.DeleteFunc(out, func(c candidate) bool { return c.lexical == 0 && c.grams < top.grams/2 })
	for i := range out {
		c := &out[i]
		c.score = a.wLexical*share(c.lexical, top.lexical) + a.wCover*c.lexical + a.wMatched*c.matched +
			a.wGrams*share(c.grams, top.grams) + a.wGramCover*c.grams
	}
	return out
}

func share(x, top float64) float64 {
	if top == 0 {
		return 0
	}
	return x / top
}

func (e *entry) in(mailbox string) bool {
	return mailbox == "" || len(e.article.Mailboxes) == 0 || slices.Contains(e.article.Mailboxes, mailbox)
}

// rank looks at the best candidates closely and gives the first limit of them, best first.
func (a asker) rank(q vector, list []candidate, limit int) []candidate {
	list = a.first(list, max(limit, maxClose))
	for i := range list[:min(len(list), maxClose)] {
		c := &list[i]
		e := a.slots[c.slot]
		c.phrasing = q.nearest(e.stream[:e.bodyAt], q.weight)
		c.sentence = q.nearest(e.stream[e.bodyAt:], q.strict)
		c.score += a.wPhrasing*c.phrasing + a.wSentence*max(c.phrasing, c.sentence)
		c.score *= e.prior()
	}
	return a.first(list, limit)
}

// first gives the n best of list in order, equal ones by id.
func (a asker) first(list []candidate, n int) []candidate {
	order := func(x, y candidate) int {
		if x.score != y.score {
			return cmp.Compare(y.score, x.score)
		}
		return cmp.Compare(a.slots[x.slot].article.ID, a.slots[y.slot].article.ID)
	}
	if len(list) > 2*n {
		list = bestOf(list, n, order)
	}
	slices.SortFunc(list, order)
	return list[:min(n, len(list))]
}

// bestOf gives the n first of list by order, in no order: a heap of n, its last one on top.
func bestOf[T any](list []T, n int, order func(x, y T) int) []T {
	heap := slices.Clone(list[:n])
	slices.SortFunc(heap, func(x, y T) int { return order(y, x) })
	for _, c := range list[n:] {
		if order(c, heap[0]) < 0 {
			sink(heap, c, order)
		}
	}
	return heap
}

// sink puts c into a heap in place of its top.
func sink[T any](heap []T, c T, order func(x, y T) int) {
	i := 0
	for child := 1; child < len(heap); child = 2*i + 1 {
		if child+1 < len(heap) && order(heap[child+1], heap[child]) > 0 {
			child++
		}
		if order(heap[child], c) <= 0 {
			break
		}
		heap[i], i = heap[child], child
	}
	heap[i] = c
}

// prior lets ratings count a little, .97 to 1.03, from 20 on (self-help.md §6).
func (e *entry) prior() float64 {
	n := float64(e.article.Solved + e.article.Unsolved)
	if n < 20 {
		return 1
	}
	const z = 1.96 // Wilson, 95 %
	p := float64(e.article.Solved) / n
	low := (p + z*z/(2*n) - z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))) / (1 + z*z/n)
	return 0.97 + 0.06*low
}
