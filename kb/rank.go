package kb

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// Query is what somebody looks for.
type Query struct {
	Text    string
	Typing  bool   // the last word may be unfinished
	Agent   bool   // internal articles too
	Mailbox string // "" = any
	Before  string // the visitor's previous turn: counts once, Text twice
	Limit   int    // 0 = 3
}

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

// Limits of a query.
const (
	maxQuery      = 2000 // bytes; the rest is not looked at
	maxQueryWords = 64
	defaultLimit  = 3
)

// term is one alternative of a query word.
type term struct {
	stem   string
	weight float64
	why    string
}

// group is a query word with its alternatives; the best one counts in each article.
type group struct {
	alts []term
	idf  float64 // the best alternative's
}

// Search ranks articles for a question. It is deterministic. Source: self-help.md §3.
func (x *Index) Search(q Query) Found {
	s := x.snapshot()
	v := s.public
	if q.Agent {
		v = s.agents
	}
	groups := v.groups(q)
	if len(groups) == 0 || len(v.ids) == 0 {
		return Found{}
	}
	lexical, grams, phrases := map[string]float64{}, map[string]float64{}, map[string]float64{}
	qGrams := gramsOf(cut(q.Text))
	var topLex, topGram float64
	for _, id := range v.ids {
		d := s.docs[id]
		if !d.in(q.Mailbox) {
			continue
		}
		lexical[id] = v.bm25f(d, groups)
		grams[id] = v.gramScore(d, qGrams)
		phrases[id] = v.bestPhrasing(d, groups)
		topLex, topGram = max(topLex, lexical[id]), max(topGram, grams[id])
	}
	var out []Result
	for _, id := range slices.Sorted(maps.Keys(lexical)) {
		score := share(lexical[id], topLex) + phrases[id] + gramShare*share(grams[id], topGram)
		if lexical[id] == 0 && phrases[id] == 0 && grams[id] < topGram/2 || score == 0 {
			continue
		}
		d := s.docs[id]
		score *= d.prior()
		out = append(out, Result{
			Article: id, Title: d.article.Version.Title, Summary: d.article.Version.Summary, Score: score, Why: v.why(d, groups),
		})
	}
	slices.SortFunc(out, byScore)
	found := Found{Results: out}
	if len(out) > 0 {
		found.Coverage = v.coverage(s.docs[out[0].Article], groups)
	}
	if limit := q.Limit; limit <= 0 {
		found.Results = out[:min(defaultLimit, len(out))]
	} else {
		found.Results = out[:min(limit, len(out))]
	}
	return found
}

func cut(s string) string {
	if len(s) > maxQuery {
		s = strings.ToValidUTF8(s[:maxQuery], "")
	}
	return s
}

func share(x, top float64) float64 {
	if top == 0 {
		return 0
	}
	return x / top
}

func (d *doc) in(mailbox string) bool {
	return mailbox == "" || len(d.article.Mailboxes) == 0 || slices.Contains(d.article.Mailboxes, mailbox)
}

// prior lets ratings count a little, .97 to 1.03, from 20 on (self-help.md §6).
func (d *doc) prior() float64 {
	n := float64(d.article.Solved + d.article.Unsolved)
	if n < 20 {
		return 1
	}
	const z = 1.96 // Wilson, 95 %
	p := float64(d.article.Solved) / n
	low := (p + z*z/(2*n) - z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))) / (1 + z*z/n)
	return 0.97 + 0.06*low
}

// groups makes the query's words into weighted alternatives. A word of the question counts twice, one of the
// turn before once.
func (v *view) groups(q Query) []group {
	list := words(cut(q.Text))
	list = list[:min(len(list), maxQueryWords)]
	var out []group
	if !q.Typing && !slices.ContainsFunc(list, func(w string) bool { return !isStop(w) }) {
		return nil // "how do I" asks nothing yet
	}
	for i, w := range list {
		last := i == len(list)-1 && q.Typing
		out = append(out, v.group(w, last))
	}
	if q.Before != "" {
		before := words(cut(q.Before))
		for _, w := range before[:min(len(before), maxQueryWords)] {
			g := v.group(w, false)
			g.idf /= 2
			out = append(out, g)
		}
	}
	return out
}

func (v *view) group(word string, last bool) group {
	g := group{}
	s := stem("en", word)
	if v.df[s] > 0 {
		g.alts = append(g.alts, term{s, 1, word})
	}
	if last {
		g.alts = append(g.alts, v.complete(word)...)
	}
	if len(g.alts) == 0 {
		g.alts = v.repair(word)
	}
	for _, a := range g.alts {
		g.idf = max(g.idf, v.idf(a.stem))
	}
	if len(g.alts) == 0 {
		g.idf = math.Log(1 + float64(len(v.ids)) + 0.5) // unknown: as rare as can be
	}
	if isStop(word) {
		g.idf *= stopWeight
	}
	return g
}

func (v *view) idf(stem string) float64 {
	n, df := float64(len(v.ids)), float64(v.df[stem])
	return math.Log(1 + (n-df+0.5)/(df+0.5))
}

// weight is BM25F's combined term frequency of a stem in an article.
func (v *view) weight(d *doc, stem string) float64 {
	tf, ok := d.tf[stem]
	if !ok {
		return 0
	}
	w := 0.0
	for f := range tf {
		if tf[f] > 0 {
			b := fieldB(f)
			w += fieldWeight(f) * tf[f] / (1 - b + b*d.length[f]/max(v.avg[f], 1))
		}
	}
	return w
}

func (v *view) bm25f(d *doc, groups []group) float64 {
	sum := 0.0
	for _, g := range groups {
		best := 0.0
		for _, a := range g.alts {
			w := v.weight(d, a.stem)
			best = max(best, a.weight*w*(k1+1)/(w+k1))
		}
		sum += g.idf * best
	}
	return sum
}

// coverage is what the best article scores against the most that the words could.
func (v *view) coverage(d *doc, groups []group) float64 {
	most := 0.0
	for _, g := range groups {
		most += g.idf * (k1 + 1)
	}
	return min(1, share(v.bm25f(d, groups), most))
}

func (v *view) gramScore(d *doc, query []string) float64 {
	sum := 0.0
	for _, g := range query {
		tf := d.grams[g]
		if tf == 0 {
			continue
		}
		n, df := float64(len(v.ids)), float64(v.gramDF[g])
		idf := math.Log(1 + (n-df+0.5)/(df+0.5))
		sum += idf * tf * (k1 + 1) / (tf + k1*(0.25+0.75*d.gramLen/max(v.gramAvg, 1)))
	}
	return sum
}

// bestPhrasing is the IDF-weighted cosine between the question and the phrasing that is most like it.
func (v *view) bestPhrasing(d *doc, groups []group) float64 {
	query := map[string]float64{}
	var norm float64
	for _, g := range groups {
		if len(g.alts) > 0 {
			query[g.alts[0].stem] = max(query[g.alts[0].stem], g.idf*g.alts[0].weight)
		}
		norm += g.idf * g.idf
	}
	best := 0.0
	for _, p := range d.phrasing {
		best = max(best, v.cosine(query, math.Sqrt(norm), p))
	}
	return best
}

func (v *view) cosine(query map[string]float64, qNorm float64, phrasing []string) float64 {
	var dot, norm float64
	seen := map[string]bool{}
	for _, t := range phrasing {
		if seen[t] {
			continue
		}
		seen[t] = true
		w := v.idf(t)
		if isStop(t) {
			w *= stopWeight
		}
		norm += w * w
		dot += w * query[t]
	}
	if norm == 0 || qNorm == 0 {
		return 0
	}
	return min(1, dot/(math.Sqrt(norm)*qNorm))
}

// why lists the words that met the article.
func (v *view) why(d *doc, groups []group) []string {
	out := []string{}
	for _, g := range groups {
		for _, a := range g.alts {
			if _, ok := d.tf[a.stem]; ok && !isStop(a.why) && !slices.Contains(out, a.why) {
				out = append(out, a.why)
				break
			}
		}
	}
	return out
}
