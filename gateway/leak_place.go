package gateway

import (
	"strings"
	"unicode/utf8"
)

// places looks for postal addresses: a number before "Maple Hollow Drive" or "rue des Lilas", a number behind
// "Lindenstraße" or "Calle Mayor".
func (s *leakScan) places() {
	for i := range s.t.toks {
		x := s.tok(i)
		switch {
		case x.sense.has(senseBox), x.s == "po" && s.tok(s.next(i)).s == "box":
			s.box(i)
		case x.word() && germanStreet(x.s):
			s.german(i)
		case x.sense.has(senseRue) && !s.numberedStreet(i), x.s == "c" && s.tok(i+1).kind == '/' && s.tok(i+2).big:
			s.romance(i)
		case x.number():
			s.english(i)
		}
	}
}

// box knows a post-office box.
func (s *leakScan) box(i int) {
	j := s.next(i)
	if s.tok(i).s == "po" {
		j = s.next(j)
	}
	if j >= 0 && s.tok(j).number() {
		s.add(LeakAddress, i, j)
	}
}

// germanStreet reports whether a word ends as German streets do, with a name before it.
func germanStreet(w string) bool {
	for _, end := range [...]string{"strasse", "str", "weg", "gasse", "platz", "allee", "ring", "damm", "ufer", "chaussee", "steig"} {
		if name, ok := strings.CutSuffix(w, end); ok {
			return utf8.RuneCountInString(name) >= 3
		}
	}
	return false
}

// german takes the house number behind the street: "Lindenstraße 14". English words that end alike ("during 2") do not
// begin with a capital in the middle of a sentence.
func (s *leakScan) german(i int) {
	j := s.next(i)
	if j < 0 || !s.tok(j).number() || len(s.tok(j).s) > 4 || !s.tok(i).big && !s.atHome(i) || s.tok(j+1).kind == ':' {
		return
	}
	if strings.HasSuffix(s.tok(i).s, "ring") && s.nearest(i, 3, senseHome) < 0 {
		return
	}
	s.add(LeakAddress, i, j)
}

// romance takes "14 rue des Lilas", "Calle Mayor 25", "شارع النيل 12": the number stands before the street's word or
// behind its name.
func (s *leakScan) romance(i int) {
	if k := s.before(i); k >= 0 {
		if n := s.next(i); n >= 0 && s.tok(n).word() {
			s.add(LeakAddress, k, n)
		}
		return
	}
	for j, words := s.next(i), 0; j >= 0 && words < 6; j = s.next(j) {
		if s.tok(j).number() {
			if words > 0 && len(s.tok(j).s) <= 4 && !s.tok(j+1).sense.has(senseUnit) && !s.follows(j, 1, senseUnit) && s.nameBefore(j) {
				s.add(LeakAddress, i, j)
			}
			return
		}
		words++
	}
}

// nameBefore reports whether the street's name, just before its number, is a name: a capital, or a script without.
func (s *leakScan) nameBefore(j int) bool {
	for k := j - 1; k >= 0 && k > j-4; k-- {
		if x := s.tok(k); x.word() && len(x.s) > 2 {
			return x.big || x.s[0] >= 0x80
		}
	}
	return false
}

// before gives the house number just before token i: "14, rue", "3 bis avenue"; or -1.
func (s *leakScan) before(i int) int {
	k := i - 1
	if s.tok(k).kind == ',' {
		k--
	}
	if w := s.tok(k).s; w == "bis" || w == "ter" {
		k--
	}
	if s.tok(k).number() && len(s.tok(k).s) <= 5 {
		return k
	}
	return -1
}

// numberedStreet reports whether an English address ends here ("5 King's Avenue"): avenue and boulevard begin French
// streets and end English ones.
func (s *leakScan) numberedStreet(i int) bool {
	return s.tok(i).sense.has(senseStreet) && s.before(i) < 0 && s.tok(i-1).word() && !s.tok(s.next(i)).number() && s.tok(s.next(i)).s != "de"
}

// english takes "12 Oak Street", "1742 Maple Hollow Drive", "310 E 72nd St". A suffix that is a common word too
// counts with capitals, behind a word like "address", or with a house number of three digits and more.
func (s *leakScan) english(i int) {
	n := s.tok(i).s
	if len(n) > 5 || n == "0" || s.tok(i-1).kind == '.' && !s.tok(i).gap || s.tok(i-1).number() {
		return
	}
	big, words := true, 0
	for j := s.next(i); j >= 0 && words < 5; j = s.next(j) {
		x := s.tok(j)
		if x.sense.has(senseUnit|senseSmall|senseIs) || x.number() && !s.ordinal(j) || s.tok(j-1).kind == '.' && s.tok(j-2).word() && len(s.tok(j-2).s) > 3 {
			return
		}
		if words > 0 && x.word() && s.streetEnds(i, j, big) {
			s.add(LeakAddress, i, j)
			return
		}
		if words == 0 && x.word() && len(x.s) == 1 && !x.gap { // 221B
			continue
		}
		big = big && (x.big || x.number() || len(x.s) < 3)
		words++
	}
}

// ordinal reports whether the number is a street's: "72nd".
func (s *leakScan) ordinal(j int) bool {
	w := s.tok(j + 1)
	return !w.gap && (w.s == "st" || w.s == "nd" || w.s == "rd" || w.s == "th")
}

func (s *leakScan) streetEnds(i, j int, big bool) bool {
	x := s.tok(j)
	if !x.gap && s.tok(j-1).number() { // the "nd" of "72nd"
		return false
	}
	strong, weak := x.sense.has(senseStreet), x.sense.has(senseLane)
	if strong && big && x.big {
		return true
	}
	if !strong && !weak {
		return false
	}
	if s.nearest(i, 4, senseHome) >= 0 || s.follows(j, 2, senseHome) {
		return true
	}
	return big && x.big || len(s.tok(i).s) >= 3 && !year(s.tok(i).s) && !s.tok(i-1).sense.has(senseOrder)
}

func (s *leakScan) atHome(i int) bool { return s.nearest(i, 4, senseHome) >= 0 }

// postcode knows British ("SW1A 2AA"), Canadian ("K1A 0B1") and, behind a state, American ("IL 62704") postcodes.
func (s *leakScan) postcode(i int) {
	a, b := s.tok(i), s.tok(i+1)
	if s.t.raw(i) == a.s || len(a.s) > 2 || !b.number() {
		return
	}
	if b.gap {
		if len(a.s) == 2 && strings.ToUpper(a.s) == s.t.raw(i) && len(b.s) == 5 && strings.Contains(leakStates, " "+a.s+" ") && s.tok(i-1).kind == ',' {
			s.add(LeakPart, i, i+1)
		}
		return
	}
	j := i + 2
	if s.tok(j).word() && !s.tok(j).gap && len(s.tok(j).s) == 1 {
		j++
	}
	n, w := s.tok(j), s.tok(j+1)
	switch {
	case len(b.s) > 2 || !n.gap:
	case n.number() && len(n.s) == 1 && w.word() && !w.gap && len(w.s) == 2 && strings.Contains(leakAreas, " "+a.s+" "):
		s.add(LeakPart, i, j+1)
	case j == i+3 && len(a.s) == 1 && len(b.s) == 1:
		if k := s.glue(j); canadian(s.t.src[n.at:s.tok(k).end]) {
			s.add(LeakPart, i, k)
		}
	}
}

// glue gives the last token that stands at i without a gap.
func (s *leakScan) glue(i int) int {
	for i+1 < s.len() && !s.tok(i+1).gap {
		i++
	}
	return i
}

// canadian reports whether the second half of a Canadian postcode stands there: "0B1".
func canadian(v string) bool {
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	return len(v) >= 3 && digit(v[0]) && v[1] >= 'A' && v[1] <= 'Z' && digit(v[2]) && (len(v) == 3 || !keyByte(v[3]))
}

const (
	leakStates = " al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc "
	leakAreas  = " ab al b ba bb bd bh bl bn br bs bt ca cb cf ch cm co cr ct cv cw da dd de dg dh dl dn dt dy e ec eh en ex fk fy g gl gu ha hd hg hp hr hs hu hx ig ip iv ka kt kw ky l la ld le ll ln ls lu m me mk ml n ne ng nn np nr nw ol ox pa pe ph pl po pr rg rh rm s sa se sg sk sl sm sn so sp sr ss st sw sy ta td tf tn tq tr ts tw ub w wa wc wd wf wn wr ws wv yo ze "
)

// births looks for dates of birth: a date behind a word that says so, or a whole date so long ago that it is
// nobody's order.
func (s *leakScan) births() {
	for i := range s.t.toks {
		a, b, years := s.dateAt(i)
		if a < 0 {
			continue
		}
		old := years >= "1900" && years < "2011"
		said := s.nearest(a, 7, senseBirth) >= 0 || s.follows(b, 5, senseBirth)
		if said || old && s.nearest(a, 7, senseFounded|senseOrder) < 0 {
			s.add(LeakBirth, a, b)
		}
	}
}

// dateAt gives the date that begins at token i, and its year if it has one of four digits; a is -1 for none.
func (s *leakScan) dateAt(i int) (a, b int, years string) {
	x := s.tok(i)
	if x.number() && !s.tok(i-1).number() {
		p := s.span(i)
		if s.date(p) {
			for _, k := range p.groups {
				if year(s.tok(k).s) {
					years = s.tok(k).s
				}
			}
			return p.first(), p.last(), years
		}
		if len(p.groups) == 2 && small(s.tok(i).s, 31) && small(s.tok(p.last()).s, 12) && s.tok(i+1).kind == '.' && s.tok(p.last()+1).kind == '.' {
			return p.first(), p.last(), ""
		}
	}
	if !x.sense.has(senseMonth) {
		return -1, 0, ""
	}
	a, b = i, i
	for k := i - 1; k >= 0 && k >= i-4; k-- { // "14 Mar", "14th of March", "14 de marzo"
		if s.tok(k).number() && small(s.tok(k).s, 31) {
			a = k
			break
		}
	}
	for k := i + 1; k < s.len() && k <= i+5; k++ { // "March 14th, 1983", "de 1983"
		if y := s.tok(k); y.number() && (year(y.s) || a == i && small(y.s, 31)) {
			if b = k; year(y.s) {
				years = y.s
				break
			}
		} else if y.word() && len(y.s) > 2 {
			break
		}
	}
	if a == b {
		return -1, 0, ""
	}
	return a, b, years
}
