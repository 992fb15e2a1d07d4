package gateway

import (
	"strings"
)

// leakSpan is a run of numbers that belong together: "415-555 2671".
type leakSpan struct {
	groups []int // token indexes
	digits string
	plus   bool // "+" stands before it
	said   bool // written in words
}

func (p leakSpan) first() int { return p.groups[0] }
func (p leakSpan) last() int  { return p.groups[len(p.groups)-1] }

// numbers looks at every run of numbers, and at words and numbers that make an IBAN, a postcode or a code.
func (s *leakScan) numbers() {
	for i := 0; i < s.len(); {
		x := s.tok(i)
		if x.word() && (i == 0 || x.gap || !s.tok(i-1).word() && !s.tok(i-1).number()) {
			s.iban(i)
			s.postcode(i)
		}
		if !x.number() {
			i++
			continue
		}
		p := s.span(i)
		s.number(p)
		if i = p.last() + 1; len(p.groups) == maxSpan { // the next one overlaps: nothing hides behind the limit
			i = p.groups[maxSpan/2]
		}
	}
	s.keyCodes()
}

// maxSpan is how many numbers a run has at most; a card has nineteen digits.
const maxSpan = 48

// span collects the numbers from i on.
func (s *leakScan) span(i int) leakSpan {
	p := leakSpan{groups: []int{i}, digits: s.tok(i).s, said: s.tok(i).said}
	p.plus = s.tok(i-1).kind == '+' && !s.tok(i).gap && !s.tok(i-2).number()
	for k := i + 1; k < s.len() && len(p.groups) < maxSpan; {
		j := k
		for j < s.len() && j < k+3 && strings.IndexByte(" -./()*_|", s.tok(j).kind) > 0 {
			j++
		}
		if j >= s.len() || !s.tok(j).number() || s.tok(j-1).kind == '.' && s.tok(j).gap && len(s.tok(j).s) < 2 {
			break
		}
		p.groups, p.digits, p.said = append(p.groups, j), p.digits+s.tok(j).s, p.said || s.tok(j).said
		k = j + 1
	}
	return p
}

// number gives a run its kind; the first that fits counts.
func (s *leakScan) number(p leakSpan) {
	switch {
	case s.card(p):
	case s.date(p):
	case s.phone(p):
		s.add(LeakPhone, p.first(), p.last())
	case s.lastDigits(p):
		s.add(LeakPart, p.first(), p.last())
	case s.code(p):
		s.add(LeakCode, p.first(), p.last())
	case s.pin(p):
		s.add(LeakSecret, p.first(), p.last())
	case len(p.digits) >= 6 && len(p.digits) <= 20 && s.says(p.first(), 5, senseBank, senseOrder):
		s.add(LeakBank, p.first(), p.last())
	case len(p.digits) >= 4 && len(p.digits) <= 6 && s.says(p.first(), 2, sensePost, senseOrder):
		s.add(LeakPart, p.first(), p.last())
	}
}

// card looks for a card number that begins and ends with groups of the run.
func (s *leakScan) card(p leakSpan) (found bool) {
	if len(p.digits) < 14 {
		return false
	}
	for a := range p.groups {
		digits := ""
		for b := a; b < len(p.groups) && len(digits) < 19; b++ {
			digits += s.tok(p.groups[b]).s
			if cardNumber(digits) {
				s.add(LeakCard, p.groups[a], p.groups[b])
				return true
			}
		}
	}
	return false
}

// cardNumber reports whether digits have an issuer's prefix, a length that it gives, and the check digit of
// ISO/IEC 7812-1 annex B.
func cardNumber(d string) bool {
	n := len(d)
	if n < 14 || n > 19 || !luhn(d) {
		return false
	}
	two, three, four := d[:2], d[:3], d[:4]
	switch {
	case d[0] == '4', two >= "51" && two <= "55", four >= "2221" && four <= "2720", four >= "2200" && four <= "2204",
		four >= "3528" && four <= "3589":
		return n == 16 || n == 19 && d[0] == '4'
	case two == "34", two == "37":
		return n == 15
	case two == "36", two == "38", two == "39", three >= "300" && three <= "305":
		return n == 14
	case four == "6011", two == "65", two == "62", three >= "644" && three <= "649":
		return n >= 16
	case two == "50", two >= "56" && two <= "58", two == "63", two == "67":
		return n == 16 || n >= 18
	}
	return false
}

func luhn(d string) bool {
	sum := 0
	for i := range len(d) {
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// lens gives the lengths of a run's groups as digits: "334".
func (s *leakScan) lens(p leakSpan) string {
	b := make([]byte, len(p.groups))
	for i, k := range p.groups {
		b[i] = "0123456789+++++++++++"[min(len(s.tok(k).s), 20)]
	}
	return string(b)
}

// date reports whether the run is a date: three groups, of which one can be a day and one a month.
func (s *leakScan) date(p leakSpan) bool {
	if len(p.groups) != 3 || p.plus {
		return false
	}
	a, b, c := s.tok(p.groups[0]).s, s.tok(p.groups[1]).s, s.tok(p.groups[2]).s
	switch s.lens(p) {
	case "422":
		return year(a) && small(b, 12) && small(c, 31)
	case "224", "114", "124", "214":
		return year(c) && (small(a, 31) && small(b, 12) || small(a, 12) && small(b, 31))
	case "222", "112", "122", "212":
		return small(a, 31) && small(b, 12) || small(a, 12) && small(b, 31)
	}
	return false
}

func year(s string) bool { return len(s) == 4 && s >= "1900" && s < "2100" }

func small(s string, max int) bool {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return len(s) <= 2 && n > 0 && n <= max
}

// phone knows international numbers, the groupings of some countries, and whatever a word says is one.
func (s *leakScan) phone(p leakSpan) bool {
	n, d := len(p.digits), p.digits
	if n < 6 || n > 17 {
		return false
	}
	if p.plus {
		return n >= 8 && n <= 15
	}
	if s.says(p.first(), 3, senseOrder|senseThing, sensePhone) || !s.tok(p.first()).gap && s.tok(p.first()-1).word() {
		return false
	}
	lens := s.lens(p)
	switch {
	case strings.HasPrefix(d, "00") && d[2] != '0' && n >= 11 && len(p.groups) > 2,
		(lens == "334" || lens == "1334" && d[0] == '1') && d[strings.IndexByte(lens, '3')] >= '2',
		d[0] == '0' && d[1] != '0' && n >= 9 && n <= 12 && (len(p.groups) > 1 || p.said || n <= 11 && n >= 10),
		n == 9 && d[0] >= '6' && (lens == "3222" || lens == "2322"),
		p.said && n >= 7,
		n >= 7 && strings.Trim(lens, "1") == "":
		return true
	}
	return n <= 15 && s.says(p.first(), 5, sensePhone, senseOrder|senseThing|senseBank|senseCode)
}

// lastDigits knows "ending in 8213", "last four: 8213", "•••• 8213".
func (s *leakScan) lastDigits(p leakSpan) bool {
	n, i := len(p.digits), p.first()
	if n < 2 || n > 6 || p.plus {
		return false
	}
	about := s.nearest(i, 8, senseOrder|senseCard|sensePhone|senseDigits)
	if n >= 3 && s.stars(i) {
		return true
	}
	if s.nearest(i, 6, senseOrder) >= 0 {
		return false
	}
	if k := s.nearest(i, 3, senseEnd); k >= 0 {
		return about >= 0 || n >= 3 && n <= 4 && !year(p.digits)
	}
	k := s.nearest(i, 7, senseLast)
	return k >= 0 && n >= 3 && !s.unitBetween(k, i) && s.digitsNear(k)
}

// digitsNear reports whether "last" at k speaks of digits: "last four", "letzten vier Ziffern", "cuatro últimos".
func (s *leakScan) digitsNear(k int) bool {
	return s.follows(k, 3, senseDigits) || s.tok(k-1).sense.has(senseDigits) || s.tok(k+1).s == "4"
}

func (s *leakScan) unitBetween(a, b int) bool {
	for k := a; k < b; k++ {
		if s.tok(k).sense.has(senseUnit) {
			return true
		}
	}
	return s.tok(b + 1).sense.has(senseUnit)
}

// stars reports whether a mask stands before token i: "****", "xxxx-", "…". Two stars on both sides are bold type.
func (s *leakScan) stars(i int) bool {
	k, stars, dots := i-1, 0, 0
	for ; k >= 0 && k > i-24; k-- {
		switch x := s.tok(k); {
		case x.kind == '*':
			stars++
		case x.kind == '.':
			dots++
		case x.word() && len(x.s) > 1 && strings.Trim(x.s, "x") == "":
			stars += len(x.s)
		case x.kind != '-':
			k = -1
		}
	}
	bold := stars == 2 && s.tok(i+1).kind == '*' && s.tok(i+2).kind == '*'
	dotted := dots == 3 && stars == 0 && !s.tok(i).gap && len(s.tok(i).s) == 4 && !year(s.tok(i).s)
	return stars >= 2 && !bold || dotted
}

// code knows a number that a word says opens something.
func (s *leakScan) code(p leakSpan) bool {
	n := len(p.digits)
	if n < 4 || n > 8 || p.plus {
		return false
	}
	if k := s.nearest(p.first(), 6, senseCode|senseOrder); k >= 0 {
		return s.opens(k) && (!year(p.digits) || k >= p.first()-3)
	}
	for k := p.last() + 1; k < s.len() && k < p.last()+8 && !s.sentenceEnds(k); k++ {
		if s.tok(k).sense.has(senseCode) {
			return s.opens(k)
		}
	}
	return false
}

// opens reports whether the word at k means a code that opens something, not an error's or a voucher's.
func (s *leakScan) opens(k int) bool {
	if x := s.tok(k); !x.sense.has(senseCode) || x.sense.has(senseOrder|senseThing) {
		return false
	}
	if s.tok(k - 1).sense.has(senseOrder) {
		return false
	}
	for _, near := range [...]int{k - 2, k - 1, k + 1, k + 2} {
		if x := s.tok(near); x.sense.has(senseThing) && !x.sense.has(senseCode) {
			return false
		}
	}
	return true
}

// keyCodes finds codes of letters and digits behind a word that says so: "recovery code 4T7X-92KD".
func (s *leakScan) keyCodes() {
	for k := range s.t.toks {
		if !s.tok(k).sense.has(senseCode) || !s.opens(k) {
			continue
		}
		a := s.next(k)
		if a >= 0 && s.tok(a).sense.has(senseIs) {
			a = s.next(a)
		}
		if a < 0 && s.tok(k+1).kind == ':' {
			a = k + 2
		}
		if a < 0 {
			continue
		}
		b, digits, letters := a, 0, 0
		for ; b < s.len() && (b == a || !s.tok(b).gap) && (s.tok(b).word() || s.tok(b).number() || s.tok(b).kind == '-'); b++ {
			if s.tok(b).number() {
				digits += len(s.tok(b).s)
			} else if s.tok(b).word() {
				letters += len(s.tok(b).s)
			}
		}
		if digits > 1 && letters > 0 && digits+letters >= 6 {
			s.add(LeakCode, a, b-1)
		}
	}
}

// iban looks for an international account number that begins with the word at i.
func (s *leakScan) iban(i int) {
	land, j := s.tok(i).s, i+1
	if len(land) == 1 && s.tok(j).word() && len(s.tok(j).s) == 1 { // "D E 8 9"
		land, j = land+s.tok(j).s, j+1
	}
	want := s.g.ibans[land]
	if want == 0 || !s.tok(j).number() {
		return
	}
	var b strings.Builder
	for ; j < s.len() && b.Len() < want-2; j++ {
		switch x := s.tok(j); {
		case x.word() || x.number():
			b.WriteString(x.s)
		case x.kind != '-' && x.kind != '.':
			return
		}
	}
	if b.Len() == want-2 && ibanOK(land+b.String()) {
		s.add(LeakBank, i, j-1)
	}
}

// ibanOK checks the remainder of ISO 7064 mod 97-10.
func ibanOK(v string) bool {
	rest := 0
	for _, c := range v[4:] + v[:4] {
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'a' && c <= 'z':
			rest = (rest*100 + int(c-'a') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}
