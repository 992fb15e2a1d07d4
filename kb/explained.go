package kb

import (
	"cmp"
	"math"
	"slices"
	"unicode/utf8"
)

// Explained is a ranking with its reasons: for each article the parts whose sum is the score.
type Explained struct {
	Coverage float64        `json:"coverage"` // of the best article, 0 to 1
	Fits     bool           `json:"fits"`     // false: a visitor is told that nothing fits
	Lower    float64        `json:"lower"`    // coverage under which nothing fits
	Upper    float64        `json:"upper"`    // coverage under which no answer is written
	Words    []WordRead     `json:"words"`
	Results  []ExplainedHit `json:"results"`
	Found    int            `json:"found"` // articles with anything in common with the question, best 80 counted
}

// WordRead is a word of the question and how it was read.
type WordRead struct {
	Word   string   `json:"word"`
	Stop   bool     `json:"stop,omitempty"`   // a word that asks nothing by itself
	Before bool     `json:"before,omitempty"` // of the visitor's turn before
	Weight float64  `json:"weight"`           // the most that it can bring
	As     []ReadAs `json:"as"`               // none = no article has it or anything like it
}

// ReadAs is one reading of a word: itself, a repair, a longer word, one of like meaning.
type ReadAs struct {
	Word   string  `json:"word"`
	Kind   string  `json:"kind"` // same, repair, like
	Weight float64 `json:"weight"`
}

// ExplainedHit is one article with the parts of its score.
type ExplainedHit struct {
	Article  string          `json:"article"`
	Title    string          `json:"title"`
	Score    float64         `json:"score"`
	Parts    []ExplainedPart `json:"parts"` // their sum is the score
	Words    []WordHit       `json:"words"` // what the words at hand brought
	Phrasing string          `json:"phrasing,omitempty"`
	Learned  bool            `json:"learned,omitempty"` // the phrasing is a question that visitors asked
}

// ExplainedPart is value × weight = adds, of one part of the score. Names: words, cover, matched, pieces, piece_cover,
// phrasing, sentence, meaning, ratings.
type ExplainedPart struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Weight float64 `json:"weight"`
	Adds   float64 `json:"adds"`
}

// WordHit says where an article has a word of the question, how often at most 255, and what that brought to the sum of
// words before it was set against the best article's.
type WordHit struct {
	Word   string  `json:"word"`
	As     string  `json:"as"`
	Title  int     `json:"title,omitempty"`
	Asked  int     `json:"asked,omitempty"` // in phrasings
	Hints  int     `json:"hints,omitempty"` // in summary and tags
	Body   int     `json:"body,omitempty"`
	Brings float64 `json:"brings"`
}

// Explain ranks as Search does, and says why. Source: self-help.md §7.
func (x *Index) Explain(q Query) Explained {
	out := Explained{Lower: Lower, Upper: Upper, Words: []WordRead{}, Results: []ExplainedHit{}}
	x.look(q, func(l look) {
		out.Coverage, out.Found = l.coverage(l.list, l.groups), len(l.list)
		out.Fits = len(l.list) > 0 && out.Coverage >= Lower
		for i := range l.groups {
			out.Words = append(out.Words, l.wordRead(&l.groups[i]))
		}
		for _, c := range l.list[:min(l.limit, maxExplained, len(l.list))] {
			out.Results = append(out.Results, l.explain(c))
		}
	})
	return out
}

func (l look) wordRead(g *group) WordRead {
	w := WordRead{Word: g.word, Stop: g.stop, Before: g.before, Weight: g.weight(), As: []ReadAs{}}
	for _, r := range g.readings {
		kind := "same"
		switch {
		case r.loose:
			kind = "like"
		case r.why != "":
			kind = "repair"
		}
		w.As = append(w.As, ReadAs{Word: cmp.Or(r.why, l.terms.text[r.term]), Kind: kind, Weight: r.weight})
	}
	return w
}

// explain takes a score apart. The parts are those of candidates, nearness and rank.
func (l look) explain(c candidate) ExplainedHit {
	e := l.slots[c.slot]
	h, k := l.z.hits[c.slot], l.scale
	hit := ExplainedHit{Article: e.article.ID, Title: e.article.Version.Title, Score: c.score}
	sum := 0.0
	add := func(name string, value, weight float64) {
		if value != 0 {
			hit.Parts = append(hit.Parts, ExplainedPart{name, value, weight, value * weight})
			sum += value * weight
		}
	}
	add("words", float64(h.lexical)*share(k.best, l.wLexical), l.wLexical)
	add("cover", float64(h.lexical)*share(k.cover, l.wCover), l.wCover)
	add("matched", float64(h.matched)*share(k.matched, l.wMatched), l.wMatched)
	add("pieces", float64(h.grams)*share(k.bestGrams, l.wGrams), l.wGrams)
	add("piece_cover", float64(h.grams)*share(k.coverGrams, l.wGramCover), l.wGramCover)
	add("meaning", c.vector, wVector)
	add("phrasing", c.phrasing, l.wPhrasing)
	add("sentence", max(c.phrasing, c.sentence), l.wSentence)
	if prior := e.prior(); prior != 1 {
		hit.Parts = append(hit.Parts, ExplainedPart{"ratings", prior, 1, sum*prior - sum})
	}
	slices.SortStableFunc(hit.Parts, func(x, y ExplainedPart) int { return cmp.Compare(math.Abs(y.Adds), math.Abs(x.Adds)) })
	hit.Words = l.wordHits(c.slot)
	if c.phrasing > 0 {
		hit.Phrasing, hit.Learned = e.article.phrasing(c.part)
	}
	return hit
}

// phrasing gives the title, a written or a learned phrasing by its place in the index.
func (a Article) phrasing(part int) (text string, learned bool) {
	switch written := len(a.Version.Phrasings); {
	case part == 0:
		return a.Version.Title, false
	case part <= written:
		return a.Version.Phrasings[part-1], false
	case part <= written+len(a.Learned):
		return a.Learned[part-written-1], true
	}
	return "", false
}

// wordHits gives for each word of the question the reading that brought most to an article.
func (l look) wordHits(slot uint32) []WordHit {
	out := []WordHit{}
	for i := range l.groups {
		g := &l.groups[i]
		var best WordHit
		for _, r := range g.readings {
			i := slices.IndexFunc(l.posting[r.term], func(p posting) bool { return p.slot == slot })
			if i < 0 {
				continue
			}
			p := l.posting[r.term][i]
			brings := l.brings(p, g.share, r)
			if brings > best.Brings {
				best = WordHit{
					Word: g.word, As: cmp.Or(r.why, g.word), Brings: brings, Title: int(p.tf[fieldTitle]),
					Asked: int(p.tf[fieldPhrasing]), Hints: int(p.tf[fieldHints]), Body: int(p.tf[fieldBody]),
				}
				if r.loose {
					best.As = cmp.Or(r.why, l.terms.text[r.term])
				}
			}
		}
		if best.Brings > 0 {
			out = append(out, best)
		}
	}
	return out
}

// brings is what addReading adds for one reading in one article.
func (a asker) brings(p posting, share float64, r reading) float64 {
	body := 1.0
	if r.loose {
		body = a.looseIn
	}
	tf := 0.0
	for f, n := range a.norm[p.slot] {
		part := float64(p.tf[f]) * float64(n)
		if f == fieldBody {
			part *= body
		}
		tf += part
	}
	return share * r.idf * (a.k1 + 1) * tf / (tf + a.k1)
}

// ContentWords is how many words of a text ask something by themselves, each counted once.
func ContentWords(text string) int {
	var s settings
	seen := map[string]bool{}
	for _, w := range words(cut(text)) {
		if _, stop := s.stopClass(w); !stop && utf8.RuneCountInString(w) > 1 {
			seen[w] = true
		}
	}
	return len(seen)
}
