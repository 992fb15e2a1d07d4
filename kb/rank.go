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

// maxClose is how many articles are compared phrasing by phrasing.
const maxClose = 250

// candidate is an article on its way to a result.
type candidate struct {
	slot                              uint32
	lexical                           float64
	grams                             float64
	score                             float64
	phrasing, pool, sentence, matched float64
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
	mostGrams := a.gramScores(z, q.Text)
	list := a.candidates(z, q.Mailbox, mostGrams)
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	list = a.rank(z, groups, list, limit)
	found := Found{Results: make([]Result, 0, len(list))}
	for _, c := range list {
		v := s.slots[c.slot].article.Version
		found.Results = append(found.Results, Result{Article: s.slots[c.slot].article.ID, Title: v.Title, Summary: v.Summary, Score: c.score})
	}
	for i := range found.Results[:min(len(list), maxExplained)] {
		found.Results[i].Why = a.why(list[i].slot, groups)
	}
	if len(list) > 0 {
		found.Coverage = a.coverage(list[0], groups)
	}
	return found
}

// lexical adds up BM25F. Words with matter come first; the others only tell apart what these found.
func (a asker) lexical(z *scratch, groups []group) {
	matter := slices.ContainsFunc(groups, func(g group) bool { return !g.stop && len(g.alts) > 0 })
	for _, stop := range []bool{false, true} {
		for i := range groups {
			if g := &groups[i]; g.stop == stop {
				a.addGroup(z, g, stop && matter)
			}
		}
	}
}

func (a asker) addGroup(z *scratch, g *group, foundOnly bool) {
	z.inGroup = z.inGroup[:0]
	for _, alt := range g.alts {
		most := g.share * alt.idf * (a.k1 + 1)
		for _, p := range a.posting[alt.term] {
			if foundOnly && z.score[p.slot] == 0 {
				continue
			}
			n := &a.norm[p.slot]
			w := 0.0
			for f, tf := range p.tf {
				if tf > 0 && (f != fieldBody || !alt.loose) {
					w += float64(tf) * float64(n[f])
				}
			}
			if alt.loose && p.tf[fieldBody] > 0 {
				w += a.synBody * float64(p.tf[fieldBody]) * float64(n[fieldBody])
			}
			w = most * w / (w + a.k1)
			if z.best[p.slot] == 0 {
				z.inGroup = append(z.inGroup, p.slot)
			}
			z.best[p.slot] = max(z.best[p.slot], w)
		}
	}
	for _, slot := range z.inGroup {
		if z.score[slot] == 0 {
			z.touched = append(z.touched, slot)
		}
		z.score[slot] += z.best[slot]
		z.match[slot] += z.best[slot] / (z.best[slot] + g.share*g.idf*0.25) * g.share * g.idf
		z.best[slot] = 0
	}
}

// gramScores adds up BM25 of pieces of four letters.
func (a asker) gramScores(z *scratch, text string) (most float64) {
	var seen []uint32
	c := cutter{}
	c.each(cut(text), func(w []byte, _ bool) {
		eachGram(w, func(p []byte) {
			g := a.grams.find(p)
			if g != 0 && a.gramDF[g] > 0 && len(seen) < 400 {
				seen = append(seen, g)
			}
		})
	})
	for _, g := range seen {
		weight := idf(a.n, a.gramDF[g])
		most += weight * (a.gramK + 1)
		for _, p := range a.gramAt[g] {
			slot, tf := uint32(p>>8), float64(p&0xff)
			if z.grams[slot] == 0 && z.score[slot] == 0 {
				z.touched = append(z.touched, slot)
			}
			z.grams[slot] += weight * tf * (a.gramK + 1) / (tf + float64(a.gramLen[slot]))
		}
	}
	return most
}

// candidates are the articles that the reader may find, with what was added up.
func (a asker) candidates(z *scratch, mailbox string, mostGrams float64) []candidate {
	out := make([]candidate, 0, min(len(z.touched), 4096))
	var top candidate
	for _, slot := range z.touched {
		e := a.slots[slot]
		if !a.sees(e.article) || !e.in(mailbox) {
			continue
		}
		c := candidate{slot: slot, lexical: z.score[slot], grams: z.grams[slot]}
		top.lexical, top.grams = max(top.lexical, c.lexical), max(top.grams, c.grams)
		out = append(out, c)
	}
	// An article without a word in common must at least be alike in spelling.
	out = slices.DeleteFunc(out, func(c candidate) bool { return c.lexical == 0 && c.grams < top.grams/2 })
	for i := range out {
		c := &out[i]
		c.score = a.wLexical*share(c.lexical, top.lexical) + a.wGrams*share(c.grams, top.grams) + a.wGramCover*share(c.grams, mostGrams)
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
func (a asker) rank(z *scratch, groups []group, list []candidate, limit int) []candidate {
	list = a.first(list, max(limit, maxClose))
	q := a.prepare(z, groups)
	most := 0.0
	for _, g := range groups {
		most += g.share * g.idf * (a.k1 + 1)
	}
	for i := range list[:min(len(list), maxClose)] {
		c := &list[i]
		e := a.slots[c.slot]
		var contain float64
		c.phrasing, c.pool, contain = q.cosines(e.stream[:e.bodyAt], z.weight)
		c.score += a.wPhrasing*c.phrasing + a.wExact*math.Pow(c.phrasing, 4) + a.wPool*math.Sqrt(math.Sqrt(c.pool))
		if a.wSentence > 0 {
			c.sentence, _, _ = q.cosines(e.stream[e.bodyAt:], z.strict)
			c.score += a.wSentence * max(c.sentence, c.phrasing)
		}
		c.score += a.wContain*contain + a.wMatched*share(z.match[c.slot]*(a.k1+1), most)
		c.score += a.wCover * share(c.lexical, most)
		c.score *= e.prior()
	}
	return a.first(list, limit)
}

// first gives the n best of list in order, equal ones by id.
func (a asker) first(list []candidate, n int) []candidate {
	order := func(x, y candidate) int {
		if c := cmp.Compare(y.score, x.score); c != 0 {
			return c
		}
		return cmp.Compare(a.slots[x.slot].article.ID, a.slots[y.slot].article.ID)
	}
	if len(list) > 4*n {
		list = bestOf(list, n, order)
	}
	slices.SortFunc(list, order)
	return list[:min(n, len(list))]
}

// bestOf gives the n first of list by order, in no order: a heap of n, its last one on top.
func bestOf(list []candidate, n int, order func(x, y candidate) int) []candidate {
	heap := slices.Clone(list[:n])
	slices.SortFunc(heap, func(x, y candidate) int { return order(y, x) }) // a heap, too
	for _, c := range list[n:] {
		if order(c, heap[0]) >= 0 {
			continue
		}
		i := 0
		for {
			child := 2*i + 1
			if child >= n {
				break
			}
			if child+1 < n && order(heap[child+1], heap[child]) > 0 {
				child++
			}
			if order(heap[child], c) <= 0 {
				break
			}
			heap[i] = heap[child]
			i = child
		}
		heap[i] = c
	}
	return heap
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

// coverage is what the best article scores against the most that the words could.
func (a asker) coverage(c candidate, groups []group) float64 {
	most := 0.0
	for _, g := range groups {
		most += g.share * g.idf * (a.k1 + 1)
	}
	return min(1, share(c.lexical, most))
}

const maxExplained = 20

// why lists the words that met the article.
func (a asker) why(slot uint32, groups []group) []string {
	out := []string{}
	for _, g := range groups {
		for _, x := range g.alts {
			has := slices.ContainsFunc(a.posting[x.term], func(p posting) bool { return p.slot == slot })
			if has && !g.stop && !slices.Contains(out, cmp.Or(x.why, g.word)) {
				out = append(out, cmp.Or(x.why, g.word))
				break
			}
		}
	}
	return out
}
