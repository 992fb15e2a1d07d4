package gateway

import (
	"strings"
	"unicode"
)

// secrets looks for keys and tokens by their form, which are blocked, and for what a word calls a password.
func (s *leakScan) secrets() {
	s.keys()
	s.secretWords()
}

// leakKeyForms are beginnings of keys that services hand out, and what must follow.
const leakKeyForms = `sk_live_ sk_test_ rk_live_ ghp_ gho_ ghu_ ghs_ github_pat_ glpat- xoxb- xoxp- xoxa- whsec_ whpk_ npm_ AKIA ASIA AIza ya29. SG. shpat_ sk-ant- sk-proj- eyJ`

// keys finds what is a key by its form. Nobody may release it.
func (s *leakScan) keys() {
	src := s.t.src
	for form := range strings.FieldsSeq(leakKeyForms) {
		for from := 0; ; {
			i := strings.Index(src[from:], form)
			if i < 0 {
				break
			}
			i += from
			n := keyLength(src[i:])
			from = i + max(n, 1)
			if n >= len(form)+12 && strings.ContainsAny(src[i+len(form):i+n], "0123456789") && (i == 0 || !keyByte(src[i-1])) {
				s.secret(LeakBlock, i, i+n)
			}
		}
	}
	if i := strings.Index(src, "-----BEGIN "); i >= 0 && strings.Contains(src[i:], "PRIVATE KEY") {
		s.secret(LeakBlock, i, len(src))
	}
	for _, scheme := range [...]string{"Bearer ", "Basic "} {
		if i := strings.Index(src, scheme); i >= 0 {
			at := i + len(scheme)
			if n := keyLength(src[at:]); n >= 16 && strings.ContainsAny(src[at:at+n], "0123456789") {
				s.secret(LeakBlock, at, at+n)
			}
		}
	}
}

func (s *leakScan) secret(action LeakAction, at, end int) {
	if s.t.from > 0 && end <= s.tok(s.t.from).at {
		return
	}
	h := leakHit{kind: LeakSecret, action: action, at: at, end: end, inText: s.t.from == 0}
	h.norm, h.digits = normOf(s.between(at, end))
	s.hits = append(s.hits, h)
}

// between gives the tokens of a stretch of the text.
func (s *leakScan) between(at, end int) []leakTok {
	a := 0
	for a < s.len() && s.tok(a).at < at {
		a++
	}
	b := a
	for b < s.len() && s.tok(b).at < end {
		b++
	}
	return s.t.toks[a:b]
}

func keyByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-'
}

func keyLength(s string) int {
	n := 0
	for n < len(s) && (keyByte(s[n]) || n > 0 && n+1 < len(s) && (s[n] == '.' || s[n] == '+' || s[n] == '/' || s[n] == '=')) {
		n++
	}
	return n
}

// secretWords finds "password is X", "PIN: 0937", "api key = …": a word, at most four more, a sign that the value
// follows, and a value that looks like one.
func (s *leakScan) secretWords() {
	for k := range s.t.toks {
		if !s.secretWord(k) {
			continue
		}
		for j := k + 1; j <= k+5 && j < s.len(); j++ {
			x := s.tok(j)
			if s.sentenceEnds(j) {
				break
			}
			if x.sense.has(senseIs) || x.kind == ':' || x.kind == '=' {
				if at, end := s.value(j); at >= 0 && looksSecret(s.t.src[at:end]) {
					s.secret(LeakHold, at, end)
					break
				}
			}
		}
	}
}

// secretWord reports whether the word at k announces a secret; "key" and "answer" only as "api key" and the like.
func (s *leakScan) secretWord(k int) bool {
	x := s.tok(k)
	if x.sense.has(senseSecret) {
		return !s.tok(k+1).sense.has(senseThing) && !s.tok(k-1).sense.has(senseThing)
	}
	return x.sense.has(senseKey) && (s.tok(k-1).sense.has(senseKeyOf) || s.tok(k-2).sense.has(senseKeyOf) || s.tok(k+1).sense.has(senseKeyOf))
}

// maxSecret is how much of a word is read as a password, in bytes.
const maxSecret = 128

// value gives the place of the word behind token j, with its quotes.
func (s *leakScan) value(j int) (at, end int) {
	src := s.t.src
	at = s.tok(j).end
	if at < 0 || at > len(src) {
		return -1, 0
	}
	for at < len(src) && (src[at] == ' ' || src[at] == ':' || src[at] == '=') {
		at++
	}
	end = at
	for end < len(src) && src[end] > ' ' && end < at+maxSecret {
		end++
	}
	return at, leakCut(src, end)
}

// looksSecret reports whether a word is none that a sentence would have there: quoted, or with digits or odd signs.
func looksSecret(v string) bool {
	quoted := len(v) > 2 && strings.ContainsAny(v[:1], "\"'`") || strings.HasPrefix(v, "“") || strings.HasPrefix(v, "„") || strings.HasPrefix(v, "«")
	v = strings.TrimFunc(v, func(r rune) bool { return strings.ContainsRune("\"'`“”„«»()[].,;:!?", r) })
	digits, lower, upper, odd, stars := 0, 0, 0, 0, 0
	for _, r := range v {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLetter(r):
			lower++
		case strings.ContainsRune("!#$%&?@~^+*=", r):
			odd++
			if r == '*' || r == '•' {
				stars++
			}
		case r == '•':
			stars++
		}
	}
	n := digits + lower + upper + odd
	switch {
	case stars > 2:
		return false
	case quoted:
		return n >= 3
	case lower+upper == 0:
		return digits >= 4 && digits <= 12
	}
	return n >= 6 && (digits > 0 && lower+upper > 1 || odd > 0 && lower > 0) && !strings.Contains(v, "://")
}

// pin knows a number that a word calls a PIN, also without "is".
func (s *leakScan) pin(p leakSpan) bool {
	n := len(p.digits)
	k := s.nearest(p.first(), 3, senseSecret)
	return n >= 4 && n <= 8 && k >= 0 && (s.tok(k).s == "pin" || s.tok(k).s == "tan") && !year(p.digits)
}
