package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
)

// Facts is a set of account facts as keyed hashes, so that the guard can compare without holding a value. The key is
// one conversation's and lives in memory only: the same value hashes differently elsewhere.
//
// Only what nobody guesses is in it: a value of fewer than six letters and digits (last digits, a postcode, a birth
// date's parts) is left out, since telling right from wrong there would make the guard an oracle (proof-gate.md §2,
// T25). The patterns hold those, right or wrong.
type Facts struct {
	key   []byte
	sums  map[[sha256.Size]byte]bool
	first map[byte]bool // first bytes of the facts' first words: spares most hashes
	sizes []int         // numbers of words that facts have
	side  bool          // supplied by a host: FactHash
}

// minFact is how many letters and digits a fact has at least.
const minFact = 6

// NewFacts makes a set of the values. Source of values: an open read window, or the host in side-access mode.
func (g *LeakGuard) NewFacts(key []byte, values ...string) *Facts {
	f := &Facts{key: key, sums: map[[sha256.Size]byte]bool{}, first: map[byte]bool{}}
	for _, v := range values {
		t := g.read(v)
		words := wordsOf(t.toks)
		f.put(words)
		if _, digits := normOf(t.toks); len(digits) >= 8 {
			f.put([]string{digits})
		}
		for _, address := range g.scan(t, Outgoing{}).addresses() {
			f.put([]string{address})
		}
		for n := 2; n < len(words); n++ { // "1742 Maple Hollow" of the whole line
			if words[0][0] <= '9' && n >= 3 {
				f.put(words[:n])
			}
		}
	}
	return f
}

func (f *Facts) put(words []string) {
	if len(strings.Join(words, "")) < minFact {
		return
	}
	f.sums[f.sum(words)] = true
	f.first[words[0][0]] = true
	for _, n := range f.sizes {
		if n == len(words) {
			return
		}
	}
	f.sizes = append(f.sizes, len(words))
}

func (f *Facts) sum(words []string) (out [sha256.Size]byte) {
	m := hmac.New(sha256.New, f.key)
	for _, w := range words {
		m.Write([]byte(w))
		m.Write([]byte{0})
	}
	m.Sum(out[:0])
	return out
}

// has reports whether the words are a fact.
func (f *Facts) has(words []string) bool {
	return f != nil && len(words) > 0 && words[0] != "" && f.first[words[0][0]] && f.sums[f.sum(words)]
}

func wordsOf(toks []leakTok) []string {
	var out []string
	for i := range toks {
		if toks[i].word() || toks[i].number() {
			out = append(out, toks[i].s)
		}
	}
	return out
}

// facts looks for loaded facts of a claimed identity. A hit is a hold like any pattern's.
func (s *leakScan) facts(out Outgoing) {
	f := out.Loaded
	switch {
	case f == nil:
		return
	case f.side:
		s.sideFacts(f)
		return
	}
	at, words := s.wordPlaces(), wordsOf(s.t.toks)
	for i := range words {
		for _, n := range f.sizes {
			if i+n <= len(words) && f.has(words[i:i+n]) && !s.covered(at[i], at[i+n-1]) {
				s.add(LeakFact, at[i], at[i+n-1])
			}
		}
	}
}

// covered reports whether a pattern has found the place already: then the answer must be the pattern's alone, or the
// kinds would tell a right value from a wrong one.
func (s *leakScan) covered(a, b int) bool {
	at, end := s.tok(a).at, s.tok(b).end
	for _, h := range s.hits {
		if h.at < end && at < h.end {
			return true
		}
	}
	return false
}

// leakKnown is what may be said: what the visitor typed, what stands in public, what a login proved.
type leakKnown struct {
	texts  []string // words joined by blanks, a blank at each end
	digits []string // runs of digits
	exact  map[string]bool
	facts  *Facts
}

// known reads what may be said. It costs as much as the texts are long and runs only when something was found.
func (g *LeakGuard) known(out Outgoing) leakKnown {
	k := leakKnown{exact: map[string]bool{}, facts: out.Proven}
	for _, list := range [...][]string{out.Typed, out.Public} {
		for _, text := range list {
			k.read(g, text)
		}
	}
	return k
}

func (k *leakKnown) read(g *LeakGuard, text string) {
	t := g.read(text)
	norm, _ := normOf(t.toks)
	k.texts = append(k.texts, " "+norm+" ")
	s := g.scan(t, Outgoing{})
	for i := 0; i < s.len(); i++ {
		if !s.tok(i).number() {
			continue
		}
		p := s.span(i)
		k.digits = append(k.digits, p.digits)
		for _, n := range p.groups {
			k.digits = append(k.digits, s.tok(n).s)
		}
		i = p.last()
	}
	for _, address := range s.addresses() {
		k.exact[address] = true
	}
	for _, l := range g.linksIn(text) {
		k.exact[strings.ToLower(l.host)] = true
	}
}

// print adds the published articles in which the pieces found stand as they are.
func (k *leakKnown) print(g *LeakGuard, found []leakHit, articles func(string) []string) {
	for _, h := range found {
		if articles == nil || h.piece == "" || k.typed(h) {
			continue
		}
		for _, text := range articles(h.piece) {
			k.read(g, text)
		}
	}
}

// proven reports whether an open window covers the hit: the fact itself, or the last digits of one.
func (k leakKnown) proven(h leakHit) bool {
	return k.facts.has(strings.Fields(h.norm)) || k.facts.has([]string{h.norm}) || len(h.digits) >= 8 && k.facts.has([]string{h.digits})
}

// typed reports whether the visitor typed it himself or it stands in public.
func (k leakKnown) typed(h leakHit) bool {
	if h.kind == LeakLink { // a false address is not made true by whoever asks about it
		return false
	}
	if k.exact[h.norm] {
		return true
	}
	if h.kind == LeakEmail {
		for e := range k.exact {
			if sameMasked(h.norm, e) {
				return true
			}
		}
		return false
	}
	for _, t := range k.texts {
		if h.norm != "" && strings.Contains(t, " "+h.norm+" ") {
			return true
		}
	}
	return len(h.digits) > 2 && h.kind != LeakBirth && strings.ReplaceAll(h.norm, " ", "") == h.digits && k.hasDigits(h.digits)
}

// hasDigits compares runs of digits: equal, the end of a typed one, or with a country's code before it.
func (k leakKnown) hasDigits(d string) bool {
	short := strings.TrimLeft(d, "0")
	for _, t := range k.digits {
		if t == d || len(d) >= 4 && strings.HasSuffix(t, d) || len(t) >= 7 && strings.HasSuffix(d, strings.TrimLeft(t, "0")) ||
			len(short) >= 7 && strings.HasSuffix(t, short) {
			return true
		}
	}
	return false
}
