package kb

import (
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

// Limits of a query.
const (
	maxQuery      = 2000 // bytes; the rest is not looked at
	maxQueryWords = 64
	defaultLimit  = 3
)

// alternative is one way to read a word of the question.
type alternative struct {
	term   uint32
	weight float64 // 1 = the word itself
	loose  bool    // not the word, only a meaning like it
	idf    float64 // what it can bring, weight included; at most what the word itself brings, if that is known
	why    string  // "" = the word itself
}

// group is a word of the question with its readings; the best one counts in each article.
type group struct {
	word   string
	alts   []alternative
	idf    float64 // the best that it can bring, before saturation
	share  float64 // 1, or less for a word of the turn before
	stop   bool
	before bool
}

// asker reads a question against a snapshot.
type asker struct {
	*snapshot
	*view
}

// groups makes the question's words into weighted readings.
func (a asker) groups(q Query) []group {
	out := a.read(q.Text, q.Typing, 1)
	if !q.Typing && !slices.ContainsFunc(out, func(g group) bool { return !g.stop }) {
		return nil // "how do I" asks nothing yet
	}
	if q.Before != "" {
		before := a.read(q.Before, false, a.settings.before)
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
	out := make([]group, 0, len(list))
	for i, w := range list {
		next := ""
		if i+1 < len(list) {
			next = list[i+1]
		}
		out = append(out, a.group(w, next, typing && i == len(list)-1, share))
	}
	a.join(out)
	a.expressions(out)
	return out
}

func (a asker) group(word, next string, last bool, share float64) group {
	g := group{word: word, share: share, stop: a.stopClass(word) < 1}
	for _, t := range a.known(word) {
		g.alts = append(g.alts, alternative{term: t, weight: 1})
	}
	if last {
		g.add(a.complete(word, a.settings.complete)...)
	}
	if len(g.alts) == 0 {
		g.add(a.repair(word)...)
	}
	if a.settings.kin > 0 && !g.stop {
		g.add(a.kinOf(word)...)
	}
	if a.settings.synonym > 0 && !g.stop {
		g.add(a.synonyms(word)...)
	}
	a.weigh(&g)
	return g
}

// weigh finds the best that a word can bring.
func (a asker) weigh(g *group) {
	most := math.Inf(1)
	for i, t := range g.alts {
		g.alts[i].idf = t.weight * min(most, a.view.idf[t.term])
		g.idf = max(g.idf, g.alts[i].idf)
		if t.why == "" {
			most = g.idf
		}
	}
	if len(g.alts) == 0 {
		g.idf = a.unknown() * a.stopClass(g.word)
	}
}

// add takes readings whose terms are new to the group.
func (g *group) add(more ...alternative) {
	for _, m := range more {
		if !slices.ContainsFunc(g.alts, func(x alternative) bool { return x.term == m.term }) {
			g.alts = append(g.alts, m)
		}
	}
}

// known gives the terms of a word that articles have, in each of their languages.
func (a asker) known(word string) []uint32 {
	var out []uint32
	for _, lang := range a.langs {
		t := a.terms.find([]byte(termKey(lang, stem(lang, word))))
		if t != 0 && a.df[t] > 0 {
			out = append(out, t)
		}
	}
	return out
}

// join reads two words side by side also as one, "face book" as "facebook".
func (a asker) join(groups []group) {
	for i := 0; i+1 < len(groups); i++ {
		x, y := &groups[i], &groups[i+1]
		if len(x.word)+len(y.word) < 4 || x.stop && y.stop {
			continue
		}
		for _, t := range a.known(x.word + y.word) {
			alt := alternative{term: t, weight: 1, why: x.word + " " + y.word}
			x.add(alt)
			y.add(alt)
			a.weigh(x)
			a.weigh(y)
		}
	}
}

func cut(s string) string {
	if len(s) > maxQuery {
		s = strings.ToValidUTF8(s[:maxQuery], "")
	}
	return s
}

// kinOf reads a word as others of its root: "payment" as "pay".
func (a asker) kinOf(word string) []alternative {
	if _, ok := a.langUse["en"]; !ok {
		return nil
	}
	var out []alternative
	r := a.roots.find([]byte(root(stem("en", word))))
	if r == 0 {
		return nil
	}
	for _, t := range a.family[r] {
		if a.df[t] > 0 {
			out = append(out, alternative{term: t, loose: true, weight: a.settings.kin, why: word + " ~ " + a.terms.text[t]})
		}
	}
	slices.SortFunc(out, func(x, y alternative) int { return strings.Compare(x.why, y.why) })
	return out
}
