package kb

import (
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
	maxClose     = 80 // articles that are compared phrasing by phrasing, sentence by sentence
	maxExplained = 20 // results that say why
)

// candidate is an article on its way to a result.
type candidate struct {
	slot               uint32
	lexical, grams     float64 // shares of the most that the question could bring
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
	mostGrams := a.pieceScores(z, groups)
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	list := a.candidates(z, q.Mailbox, mostOf(groups)*(a.k1+1), mostGrams, max(limit, maxClose))
	a.nearness(list, q.Vector, x.vectors.Load())
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

// candidates are the n best by what was added up, of the articles that the reader may find, best first.
func (a asker) candidates(z *scratch, mailbox string, mostLexical, mostGrams float64, n int) []candidate {
	var top hit
	for _, slot := range z.touched {
		h := &z.hits[slot]
		if l := a.limits[slot]; l != 0 && !a.allows(l, slot, mailbox) {
			h.lexical, h.grams = 0, 0
			continue
		}
		top.lexical, top.grams = max(top.lexical, h.lexical), max(top.grams, h.grams)
	}
	perLexical := share(a.wLexical, float64(top.lexical)) + share(a.wCover, mostLexical)
	perGrams := share(a.wGrams, float64(top.grams)) + share(a.wGramCover, mostGrams)
	perMatched := share(a.wMatched*(a.k1+1), mostLexical)
	best := a.newBest(z, n)
	for _, slot := range z.touched {
		h := &z.hits[slot]
		// An article without a word in common must at least be alike in spelling.
		if h.lexical > 0 || h.grams > 0 && h.grams >= top.grams/2 {
			best.offer(slot, perLexical*float64(h.lexical)+perMatched*float64(h.matched)+perGrams*float64(h.grams))
		}
	}
	out := make([]candidate, 0, len(best.heap))
	for _, s := range best.sorted() {
		h := &z.hits[s.slot]
		out = append(out, candidate{slot: s.slot, score: s.score, lexical: share(float64(h.lexical), mostLexical), grams: share(float64(h.grams), mostGrams)})
	}
	return out
}

// allows reports whether the reader may find an article that is not for everybody.
func (a asker) allows(l limit, slot uint32, mailbox string) bool {
	return (a.inside || l&inside == 0) && (l&mailboxes == 0 || a.slots[slot].in(mailbox))
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
	for i := range list[:min(len(list), maxClose)] {
		c := &list[i]
		e := a.slots[c.slot]
		c.phrasing = q.nearest(e.stream[:e.bodyAt], q.weight)
		c.sentence = q.nearest(e.stream[e.bodyAt:], q.strict)
		c.score += a.wPhrasing*c.phrasing + a.wSentence*max(c.phrasing, c.sentence)
		c.score *= e.prior()
	}
	slices.SortFunc(list, func(x, y candidate) int {
		return a.order(scored{x.slot, x.score}, scored{y.slot, y.score})
	})
	return list[:min(limit, len(list))]
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
