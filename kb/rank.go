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
	vector             float64 // likeness of meaning
	score              float64
	part               int // the phrasing that is most like the question: 0 = the title
}

// Search ranks articles for a question. It is deterministic. Source: self-help.md §3.
func (x *Index) Search(q Query) (found Found) {
	x.look(q, func(l look) {
		found.Coverage = l.coverage(l.list, l.groups)
		for i, c := range l.list[:min(l.limit, len(l.list))] {
			v := l.slots[c.slot].article.Version
			r := Result{Article: l.slots[c.slot].article.ID, Title: v.Title, Summary: v.Summary, Score: c.score}
			if i < maxExplained {
				r.Why = l.why(c.slot, l.groups)
			}
			found.Results = append(found.Results, r)
		}
	})
	return found
}

// look is one finished ranking, valid as long as its scratch is.
type look struct {
	asker
	z      *scratch
	groups []group
	scale  scale
	list   []candidate // best first
	q      vector
	limit  int // how many of the list were asked for
}

// look ranks, and shows the ranking to then; a question that asks nothing shows nothing.
func (x *Index) look(q Query, then func(look)) {
	s := x.snapshot()
	a := s.asker(q)
	l := look{asker: a, groups: a.groups(q), limit: q.Limit}
	if len(l.groups) == 0 || a.n == 0 {
		return
	}
	if l.limit <= 0 {
		l.limit = defaultLimit
	}
	l.z = x.borrow(s)
	defer x.giveBack(l.z)
	a.lexical(l.z, l.groups)
	mostGrams := a.pieceScores(l.z, l.groups)
	l.scale = a.scaleOf(l.z, q, mostOf(l.groups)*(a.k1+1), mostGrams)
	l.list = a.candidates(l.z, l.scale, max(l.limit, maxClose))
	a.nearness(l.list, q.Vector, x.vectors.Load())
	l.q = a.vector(l.z, l.groups)
	l.list = a.rank(l.q, l.list, max(2, l.limit))
	then(l)
}

// mostOf is the most that the words could bring.
func mostOf(groups []group) float64 {
	sum := 0.0
	for i := range groups {
		sum += groups[i].weight()
	}
	return sum
}

// scale says what one point of what was added up brings to a score.
type scale struct {
	best, cover            float64 // of BM25F: against the best article's, against the most that the question could bring
	matched                float64
	bestGrams, coverGrams  float64
	topGrams               float32
	mostLexical, mostGrams float64
}

// scaleOf finds the best of what was added up, and takes away what the reader may not find.
func (a asker) scaleOf(z *scratch, q Query, mostLexical, mostGrams float64) scale {
	var top hit
	for _, slot := range z.touched {
		h := &z.hits[slot]
		if l := a.limits[slot]; l != 0 && !a.allows(l, slot, q.Mailbox) || q.Locale != "" && a.slots[slot].article.Locale != q.Locale {
			h.lexical, h.grams = 0, 0
			continue
		}
		top.lexical, top.grams = max(top.lexical, h.lexical), max(top.grams, h.grams)
	}
	return scale{
		best: share(a.wLexical, float64(top.lexical)), cover: share(a.wCover, mostLexical),
		matched:   share(a.wMatched*(a.k1+1), mostLexical),
		bestGrams: share(a.wGrams, float64(top.grams)), coverGrams: share(a.wGramCover, mostGrams),
		topGrams: top.grams, mostLexical: mostLexical, mostGrams: mostGrams,
	}
}

// candidates are the n best by what was added up, of the articles that the reader may find, best first.
func (a asker) candidates(z *scratch, k scale, n int) []candidate {
	perLexical, perGrams := k.best+k.cover, k.bestGrams+k.coverGrams
	best := a.newBest(z, n)
	for _, slot := range z.touched {
		h := &z.hits[slot]
		// An article without a word in common must at least be alike in spelling.
		if h.lexical > 0 || h.grams > 0 && h.grams >= k.topGrams/2 {
			best.offer(slot, perLexical*float64(h.lexical)+k.matched*float64(h.matched)+perGrams*float64(h.grams))
		}
	}
	out := make([]candidate, 0, len(best.heap))
	for _, s := range best.sorted() {
		h := &z.hits[s.slot]
		out = append(out, candidate{slot: s.slot, score: s.score, lexical: share(float64(h.lexical), k.mostLexical), grams: share(float64(h.grams), k.mostGrams)})
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
		c.phrasing, c.part = q.nearest(e.stream[:e.bodyAt], q.weight)
		c.sentence, _ = q.nearest(e.stream[e.bodyAt:], q.strict)
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
