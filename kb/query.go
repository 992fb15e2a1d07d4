package kb

import (
	"math"
	"slices"
	"strings"
)

// Query is what somebody looks for.
type Query struct {
	Text    string
	Typing  bool      // the last word may be unfinished
	Agent   bool      // internal articles too
	Mailbox string    // "" = any
	Locale  string    // articles in it only; "" = any
	Before  string    // the visitor's previous turn: counts once, Text twice
	Limit   int       // 0 = 3
	Vector  []float32 // of Text, by the model that made the articles' vectors; nil = by words alone
}

// Limits of a query.
const (
	maxQuery      = 2000 // bytes; the rest is not looked at
	maxQueryWords = 64
	maxPieces     = 400
	defaultLimit  = 3
)

// reading is one way to read a word of the question.
type reading struct {
	term   uint32
	weight float64 // 1 = the word itself
	loose  bool    // another word of like meaning
	idf    float64 // what it can bring, with its weight; never more than the word itself, if that is known
	why    string  // "" = the word itself
	spelt  string  // the right spelling, of a repair
}

// group is a word of the question with its readings; the best one counts in each article.
type group struct {
	word     string
	spelt    string // as it was probably meant
	readings []reading
	idf      float64 // what the best reading can bring
	share    float64 // 1, or less for a word of the turn before
	stop     bool
	before   bool
	open     bool // the word may go on
}

// weight is what the word can bring at most, before saturation.
func (g *group) weight() float64 { return g.share * g.idf }

// asker reads a question against a snapshot, with the eyes of one kind of reader.
type asker struct {
	*snapshot
	*view
	*settings           // of finished questions, or of those that are being typed
	idf       []float64 // likewise
}

func (s *snapshot) asker(q Query) asker {
	v := s.public
	if q.Agent {
		v = s.agents
	}
	if q.Typing {
		return asker{s, v, &s.typing, v.typingIDF}
	}
	return asker{s, v, &s.settings, v.idf}
}

// groups makes the question's words into weighted readings; none if it asks nothing yet, like "how do I".
func (a asker) groups(q Query) []group {
	out := a.read(q.Text, q.Typing, 1)
	if !q.Typing && !slices.ContainsFunc(out, func(g group) bool { return !g.stop }) {
		return nil
	}
	if q.Before != "" {
		before := a.read(q.Before, false, a.before)
		for i := range before {
			before[i].before = true
		}
		out = append(out, before...)
	}
	return out
}

func (a asker) read(text string, typing bool, share float64) []group {
	list := words(cut(text))
	list = list[:min(len(list), maxQueryWords)]
	out := make([]group, len(list))
	for i, w := range list {
		out[i] = a.group(w, typing && i == len(list)-1)
		out[i].share = share
	}
	a.join(out)
	a.expressions(out)
	for i := range out {
		a.weigh(&out[i])
	}
	return out
}

func (a asker) group(word string, last bool) group {
	g := group{word: word, spelt: word}
	_, g.stop = a.stopClass(word)
	for _, t := range a.known(word) {
		g.readings = append(g.readings, reading{term: t, weight: 1})
	}
	if last {
		g.open = true
		g.add(a.completions(word)...)
		g.stop = g.stop && len(g.readings) < 2 // "do" may become "document"
	}
	if len(g.readings) == 0 {
		if g.add(a.repairs(word)...); len(g.readings) > 0 && g.readings[0].spelt != "" {
			g.spelt = g.readings[0].spelt
		}
	}
	if !g.stop {
		g.add(a.relatives(word)...)
		g.add(a.synonyms(word)...)
	}
	return g
}

// add takes readings whose terms are new to the group.
func (g *group) add(more ...reading) {
	for _, m := range more {
		if !slices.ContainsFunc(g.readings, func(x reading) bool { return x.term == m.term }) {
			g.readings = append(g.readings, m)
		}
	}
}

// weigh finds the best that a word can bring. One that no article has could be as rare as can be.
func (a asker) weigh(g *group) {
	if len(g.readings) == 0 {
		keep, _ := a.stopClass(g.word)
		g.idf = keep * math.Pow(rarity(a.n, 0), a.idfPower)
		return
	}
	most := math.Inf(1)
	for i := range g.readings {
		r := &g.readings[i]
		r.idf = r.weight * min(most, a.idf[r.term])
		g.idf = max(g.idf, r.idf)
		if r.why == "" {
			most = g.idf
		}
	}
}

// known gives the terms of a word that articles have, in each of their languages.
func (a asker) known(word string) []uint32 {
	var out []uint32
	for _, lang := range a.langs {
		t := a.terms.find([]byte(keyOf(lang, stem(lang, word))))
		if t != 0 && a.df[t] > 0 {
			out = append(out, t)
		}
	}
	return out
}

// join reads two words side by side also as one: "face book" as "facebook".
func (a asker) join(groups []group) {
	for i := 0; i+1 < len(groups); i++ {
		x, y := &groups[i], &groups[i+1]
		if len(x.word)+len(y.word) < 4 || x.stop && y.stop {
			continue
		}
		for _, t := range a.known(x.word + y.word) {
			r := reading{term: t, weight: 1, why: x.word + " " + y.word}
			x.add(r)
			y.add(r)
		}
	}
}

func cut(s string) string {
	if len(s) > maxQuery {
		s = strings.ToValidUTF8(s[:maxQuery], "")
	}
	return s
}
