package gateway

import (
	"slices"
	"strconv"
	"strings"
)

// leakHit is one thing found.
type leakHit struct {
	kind    LeakKind
	action  LeakAction
	norm    string // its words and numbers, joined by blanks; of an e-mail address or a host the thing itself
	digits  string // its digits
	at, end int    // bytes of Outgoing.Text
	inText  bool   // at and end hold
	piece   string // as it stands in the text
}

// leakScan looks through one text.
type leakScan struct {
	g     *LeakGuard
	t     leakText
	out   Outgoing
	sites []leakSite // set by links
	hits  []leakHit
}

func (g *LeakGuard) scan(t leakText, out Outgoing) *leakScan { return &leakScan{g: g, t: t, out: out} }

// add notes the tokens a…b as found, if they reach into the text that is to be sent.
func (s *leakScan) add(kind LeakKind, a, b int) {
	if b < s.t.from {
		return
	}
	h := leakHit{kind: kind, action: LeakHold, at: s.t.toks[a].at, end: s.t.toks[b].end, inText: s.t.from == 0}
	h.piece = s.t.src[h.at:h.end]
	h.norm, h.digits = normOf(s.t.toks[a : b+1])
	s.hits = append(s.hits, h)
}

// addAs is add for something that has a form of its own: an address, a host.
func (s *leakScan) addAs(kind LeakKind, norm string, a, b int) {
	before := len(s.hits)
	s.add(kind, a, b)
	if len(s.hits) > before {
		s.hits[before].norm, s.hits[before].digits = norm, ""
	}
}

// normOf joins words and numbers by blanks, and the digits without.
func normOf(toks []leakTok) (norm, digits string) {
	var n, d strings.Builder
	for i := range toks {
		x := &toks[i]
		if !x.word() && !x.number() {
			continue
		}
		if n.Len() > 0 {
			n.WriteByte(' ')
		}
		n.WriteString(x.s)
		if x.number() {
			d.WriteString(x.s)
		}
	}
	return n.String(), d.String()
}

func (s *leakScan) len() int { return len(s.t.toks) }

// tok gives a token, or an empty one beyond the ends.
func (s *leakScan) tok(i int) *leakTok {
	if i < 0 || i >= len(s.t.toks) {
		return &leakTok{gap: true}
	}
	return &s.t.toks[i]
}

// nearest walks back from token i over at most n words and numbers of the same sentence and gives the first token
// with one of the senses, or -1.
func (s *leakScan) nearest(i, n int, want leakSense) int {
	for k := i - 1; k >= 0 && n > 0; k-- {
		x := s.tok(k)
		if s.sentenceEnds(k) {
			return -1
		}
		if x.word() || x.number() {
			n--
		}
		if x.sense.has(want) {
			return k
		}
	}
	return -1
}

// sentenceEnds reports whether token k is the sign that ends a sentence, not an abbreviation's dot.
func (s *leakScan) sentenceEnds(k int) bool {
	switch s.tok(k).kind {
	case '!', '?':
		return s.tok(k + 1).gap
	case '.':
		return s.tok(k+1).gap && k > 0 && s.tok(k-1).word() && len(s.tok(k-1).s) > 4
	}
	return false
}

// says reports whether the nearest word before i that has one of both senses has want.
func (s *leakScan) says(i, n int, want, stop leakSense) bool {
	k := s.nearest(i, n, want|stop)
	return k >= 0 && s.tok(k).sense.has(want) && !s.tok(k).sense.has(stop&^want)
}

// follows reports whether one of the n tokens after i has the sense, within the sentence.
func (s *leakScan) follows(i, n int, want leakSense) bool {
	for k := i + 1; k < s.len() && n > 0; k++ {
		if s.sentenceEnds(k) {
			return false
		}
		if s.tok(k).sense.has(want) {
			return true
		}
		if s.tok(k).word() {
			n--
		}
	}
	return false
}

// next gives the next word or number after i, over at most two soft signs, or -1.
func (s *leakScan) next(i int) int {
	for k := i + 1; k < s.len() && k <= i+3; k++ {
		if x := s.tok(k); x.word() || x.number() {
			return k
		} else if strings.IndexByte("-_.,'#/", x.kind) < 0 {
			return -1
		}
	}
	return -1
}

// split looks at the text together with the last messages: what is spread over several. It reads three rows: the
// messages as they follow each other, the short ones without their small words, and the numbers of those.
func (g *LeakGuard) split(now leakText, out Outgoing) []leakHit {
	if len(out.Before) == 0 || len(now.toks) == 0 {
		return nil
	}
	var tails, bare, numbers strings.Builder
	for _, m := range out.Before[max(0, len(out.Before)-LeakWindow):] {
		m = m[leakCut(m, max(0, len(m)-leakTail)):]
		tails.WriteString(m)
		tails.WriteByte('\n')
		if t := g.read(m); len(t.toks) <= shortMessage {
			t.write(&bare, func(x *leakTok) bool { return !x.word() || x.sense&(senseSmall|senseAnd) == 0 })
			t.write(&numbers, longNumber)
		}
	}
	hits := g.together(tails.String(), out.Text[:leakCut(out.Text, min(len(out.Text), leakTail))], out)
	if len(now.toks) > shortMessage+2 {
		return hits
	}
	hits = append(hits, g.together(bare.String(), out.Text, out)...)
	var last strings.Builder
	now.write(&last, longNumber)
	if counting(numbers.String() + last.String()) {
		return hits
	}
	return append(hits, g.together(numbers.String(), last.String(), out)...)
}

// longNumber takes the numbers that a card or a telephone number is cut into.
func longNumber(x *leakTok) bool { return x.number() && len(x.s) > 2 }

// counting reports whether three numbers and more go up in equal steps, as those of a list do.
func counting(numbers string) bool {
	list := strings.Fields(numbers)
	if len(list) < 3 {
		return false
	}
	var before, step int
	for i, f := range list {
		n, err := strconv.Atoi(f)
		if err != nil || i > 0 && n <= before || i > 1 && n-before != step {
			return false
		}
		before, step = n, n-before
	}
	return true
}

// shortMessage is how many words, numbers and signs a message has at most that may be a part of something split up.
const shortMessage = 6

// write adds the tokens that keep takes, as they were written.
func (t *leakText) write(b *strings.Builder, keep func(*leakTok) bool) {
	for i := range t.toks {
		if keep(&t.toks[i]) {
			b.WriteString(t.raw(i))
			b.WriteByte(' ')
		}
	}
}

// together looks for what begins in before and ends in head.
func (g *LeakGuard) together(before, head string, out Outgoing) []leakHit {
	if before == "" || head == "" {
		return nil
	}
	t := g.read(before + head)
	t.from = slices.IndexFunc(t.toks, func(x leakTok) bool { return x.end > len(before) })
	if t.from < 1 {
		return nil
	}
	s := g.scan(t, out)
	s.emails()
	s.secretWords()
	s.numbers()
	s.places()
	s.births()
	s.facts(out)
	return s.hits
}

// leakCut moves i back to the start of a character.
func leakCut(s string, i int) int {
	for i > 0 && i < len(s) && s[i]&0xC0 == 0x80 {
		i--
	}
	return i
}

// leakMask stands where something was masked.
const leakMask = "••••"

// maskDigits replaces the hits by dots; of a card number the last four digits stay.
func maskDigits(text string, hits []leakHit) string {
	b := []byte(text)
	slices.SortFunc(hits, func(x, y leakHit) int { return y.at - x.at })
	for _, h := range hits {
		if !h.inText || h.at < 0 || h.end > len(b) || h.at >= h.end {
			continue
		}
		masked := leakMask
		if h.kind == LeakCard && len(h.digits) > 4 {
			masked += " " + h.digits[len(h.digits)-4:]
		}
		b = slices.Replace(b, h.at, h.end, []byte(masked)...)
	}
	return string(b)
}
