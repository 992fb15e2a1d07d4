package gateway

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern-chat/postern/kb"
)

// leakText is a text as the guard reads it: a row of words, numbers and signs, normalised.
type leakText struct {
	src  string
	toks []leakTok
	from int // index of the first token of the text to be sent; those before are of earlier messages
}

// leakTok is one word, number or sign.
type leakTok struct {
	kind    byte   // 'w' word, 'n' number, else the sign itself ('?' for any that is not ASCII)
	s       string // lower case, accents and look-alikes replaced; of a number ASCII digits
	at, end int    // bytes of src
	gap     bool   // white space stands before it
	big     bool   // begins with a capital
	said    bool   // written in words: "four one", "(at)", "dot"
	sense   leakSense
}

func (t *leakTok) word() bool   { return t.kind == 'w' }
func (t *leakTok) number() bool { return t.kind == 'n' }

// raw gives token i as it was written.
func (t *leakText) raw(i int) string {
	if i < 0 || i >= len(t.toks) {
		return ""
	}
	return t.src[t.toks[i].at:t.toks[i].end]
}

// read normalises a text: NFKD, case, look-alike letters, invisible characters, then spaced letters, letters that
// stand for digits, and number words.
func (g *LeakGuard) read(src string) leakText {
	r := leakReader{src: src, toks: make([]leakTok, 0, len(src)/5+4)}
	for i := 0; i < len(src); {
		c, n := rune(src[i]), 1
		if c >= utf8.RuneSelf {
			c, n = utf8.DecodeRuneInString(src[i:])
			r.wide(c, i, i+n)
		} else {
			r.ascii(src[i], i)
		}
		i += n
	}
	r.flush()
	t := leakText{src: src, toks: r.toks}
	t.joinSpaced()
	t.letterDigits()
	g.sense(&t)
	g.spelled(&t)
	t.spelledSigns()
	return t
}

// leakReader cuts a text into tokens.
type leakReader struct {
	src  string
	toks []leakTok
	cur  leakTok
	low  []byte
	gap  bool
}

func (r *leakReader) ascii(c byte, at int) {
	switch {
	case c >= 'a' && c <= 'z':
		r.letter(rune(c), at, at+1, false)
	case c >= 'A' && c <= 'Z':
		r.letter(rune(c)+'a'-'A', at, at+1, true)
	case c >= '0' && c <= '9':
		r.digit(c, at, at+1)
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		r.flush()
		r.gap = true
	default:
		r.sign(c, at, at+1)
	}
}

// wide takes a character beyond ASCII by its parts.
func (r *leakReader) wide(c rune, at, end int) {
	switch {
	case unicode.In(c, unicode.Cf, unicode.Mn, unicode.Me), c == 0x0640:
		return // invisible, a mark of its own, the Arabic stretch
	case unicode.IsSpace(c):
		r.flush()
		r.gap = true
		return
	}
	for _, p := range kb.Decompose(string(c)) {
		r.part(p, at, end)
	}
}

func (r *leakReader) part(p rune, at, end int) {
	switch {
	case p < utf8.RuneSelf:
		r.ascii(byte(p), at)
		r.cur.end = end
	case unicode.Is(unicode.Mn, p):
	case unicode.IsDigit(p):
		r.digit('0'+digitOf(p), at, end)
	case p == 'ß':
		r.ascii('s', at)
		r.ascii('s', at)
		r.cur.end = end
	case unicode.IsLetter(p):
		big := unicode.IsUpper(p)
		if a := lookAlike(p); a != 0 {
			r.letter(rune(a), at, end, big)
		} else {
			r.letter(unicode.ToLower(p), at, end, big)
		}
	case unicode.IsSpace(p):
		r.flush()
		r.gap = true
	case p == '…':
		for range 3 {
			r.sign('.', at, end)
		}
	case unicode.Is(unicode.Pd, p):
		r.sign('-', at, end)
	case p == '•' || p == '●' || p == '∙' || p == '×' || p == '＊':
		r.sign('*', at, end)
	default:
		r.sign('?', at, end)
	}
}

func (r *leakReader) open(kind byte, at int) {
	if r.cur.kind != kind {
		r.flush()
		r.cur = leakTok{kind: kind, at: at, gap: r.gap}
		r.gap, r.low = false, r.low[:0]
	}
}

func (r *leakReader) letter(low rune, at, end int, big bool) {
	first := r.cur.kind != 'w'
	r.open('w', at)
	if first {
		r.cur.big = big
	}
	r.low = utf8.AppendRune(r.low, low)
	r.cur.end = end
}

func (r *leakReader) digit(d byte, at, end int) {
	r.open('n', at)
	r.low = append(r.low, d)
	r.cur.end = end
}

func (r *leakReader) sign(c byte, at, end int) {
	r.flush()
	r.toks = append(r.toks, leakTok{kind: c, at: at, end: end, gap: r.gap})
	r.gap = false
}

func (r *leakReader) flush() {
	if r.cur.kind == 0 {
		return
	}
	if written := r.src[r.cur.at:r.cur.end]; written == string(r.low) { // compares without a copy
		r.cur.s = written
	} else {
		r.cur.s = string(r.low)
	}
	r.toks = append(r.toks, r.cur)
	r.cur = leakTok{}
}

// digitOf gives the value of a decimal digit of any script: Unicode keeps each script's ten together, from zero on.
func digitOf(r rune) byte {
	for _, span := range unicode.Nd.R16 {
		if r >= rune(span.Lo) && r <= rune(span.Hi) {
			return byte((r - rune(span.Lo)) % 10)
		}
	}
	for _, span := range unicode.Nd.R32 {
		if r >= rune(span.Lo) && r <= rune(span.Hi) {
			return byte((r - rune(span.Lo)) % 10)
		}
	}
	return 0
}

// joinSpaced joins letters that stand one by one ("h a r r i e t"), three and more.
func (t *leakText) joinSpaced() {
	out := t.toks[:0]
	for i := 0; i < len(t.toks); {
		n := t.singles(i)
		if n < 3 {
			out = append(out, t.toks[i])
			i++
			continue
		}
		w := t.toks[i]
		for _, x := range t.toks[i+1 : i+n] {
			w.s += x.s
		}
		w.end, w.said = t.toks[i+n-1].end, true
		out = append(out, w)
		i += n
	}
	t.toks = out
}

func (t *leakText) singles(i int) int {
	n := 0
	for i+n < len(t.toks) {
		x := t.toks[i+n]
		if !x.word() || utf8.RuneCountInString(x.s) != 1 || n > 0 && !x.gap {
			break
		}
		n++
	}
	return n
}

// letterDigits reads o, l and i as 0 and 1 where they stand inside a number ("4l5", "O171", "4OOO"), and 0, 1 and 3
// as letters inside a word ("passw0rd").
func (t *leakText) letterDigits() {
	for i := 0; i < len(t.toks); {
		j := i + 1
		for j < len(t.toks) && !t.toks[j].gap {
			j++
		}
		t.digitRuns(t.toks[i:j])
		i = j
	}
	out := t.toks[:0]
	for _, x := range t.toks {
		if last := len(out) - 1; last >= 0 && !x.gap && out[last].kind == x.kind && (x.word() || x.number()) {
			out[last].s += x.s
			out[last].end = x.end
			continue
		}
		out = append(out, x)
	}
	t.toks = out
}

// digitRuns turns what only looks like a digit, or like a letter, in tokens that stand without gaps.
func (t *leakText) digitRuns(run []leakTok) {
	for i := 0; i < len(run); {
		j, digits, letters := i, 0, 0
		for ; j < len(run) && (run[j].number() || run[j].word() && digitLike(run[j].s)); j++ {
			if run[j].number() {
				digits += len(run[j].s)
			} else {
				letters += len(run[j].s)
			}
		}
		alone := (i == 0 || !run[i-1].word()) && (j == len(run) || !run[j].word())
		if alone && letters > 0 && digits > 0 && (digits > 1 || letters > 2) {
			for k := i; k < j; k++ {
				run[k].kind, run[k].s = 'n', strings.NewReplacer("o", "0", "l", "1", "i", "1").Replace(run[k].s)
			}
		}
		i = max(j, i+1)
	}
	for i := 1; i+1 < len(run); i++ {
		if run[i].number() && len(run[i].s) == 1 && run[i-1].word() && len(run[i-1].s) > 1 && run[i+1].word() && len(run[i+1].s) > 1 {
			if n := strings.IndexByte("013", run[i].s[0]); n >= 0 {
				run[i].kind, run[i].s = 'w', "ole"[n:n+1]
			}
		}
	}
}

func digitLike(s string) bool {
	return s != "" && len(s) <= 4 && strings.Trim(s, "oli") == ""
}

// spelledSigns reads "(at)", "[dot]", "at … dot com" and "%40" as signs.
func (t *leakText) spelledSigns() {
	for i := range t.toks {
		x := &t.toks[i]
		switch {
		case x.kind == '%' && i+1 < len(t.toks) && t.toks[i+1].s == "40" && !t.toks[i+1].gap:
			t.say(i, '@')
			t.toks[i+1].kind = 0
		case x.sense.has(senseAt) && t.bracketed(i):
			t.sayAround(i, '@')
			t.domainFollows(i + 2)
		case x.sense.has(senseDot) && t.bracketed(i):
			t.sayAround(i, '.')
		case x.sense.has(senseAt) && t.domainFollows(i+1):
			t.say(i, '@')
		}
	}
	t.drop()
}

func (t *leakText) bracketed(i int) bool {
	return i > 0 && i+1 < len(t.toks) &&
		strings.IndexByte("([{<", t.toks[i-1].kind) >= 0 && strings.IndexByte(")]}>", t.toks[i+1].kind) >= 0
}

func (t *leakText) say(i int, sign byte) {
	t.toks[i].kind, t.toks[i].s, t.toks[i].said, t.toks[i].gap = sign, "", true, false
	if i+1 < len(t.toks) {
		t.toks[i+1].gap = false
	}
}

func (t *leakText) sayAround(i int, sign byte) {
	t.say(i, sign)
	t.toks[i-1].kind, t.toks[i+1].kind = 0, 0 // dropped
	if i+2 < len(t.toks) {
		t.toks[i+2].gap = false
	}
}

// drop removes the tokens that sayAround emptied.
func (t *leakText) drop() {
	out := t.toks[:0]
	for _, x := range t.toks {
		if x.kind != 0 {
			out = append(out, x)
		}
	}
	t.toks = out
}

// domainFollows reports whether words joined by spelled dots follow ("webpost punkt de"), and reads those dots.
func (t *leakText) domainFollows(i int) bool {
	dots := 0
	for j := i; j+1 < len(t.toks) && j < i+8; j++ {
		x := t.toks[j]
		switch {
		case j > i && (x.sense.has(senseDot) && x.word()) && t.toks[j+1].word():
			t.say(j, '.')
			dots++
		case x.kind == '-' || x.kind == '.':
		case !x.word() && !x.number():
			return dots > 0
		}
	}
	return dots > 0
}

// lookAlike gives the ASCII letter that a Cyrillic, Greek or other letter passes for, or 0.
func lookAlike(r rune) byte {
	i := strings.IndexRune(alike, r)
	if i < 0 {
		return 0
	}
	return alikeASCII[utf8.RuneCountInString(alike[:i])]
}

// Letters that pass for Latin ones, and below each the Latin one. Source: the common part of Unicode UTS #39's
// confusables for Cyrillic, Greek, Armenian and Latin extensions, lower and upper case.
const (
	alike = "аеорсухіјѕһԁԛԝգпкмтнвгь" + "АЕОРСУХІЈЅНВМТК" +
		"αορνικυχτεηω" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "օսոհցյ" + "ıłøđħɡɑɩʏſ"
	alikeASCII = "aeopcyxijshdqwqnkmthbrb" + "aeopcyxijshbmtk" +
		"aopvikuxtenw" + "abezhikmnoptyx" + "ounhgj" + "ilodhgaiys"
)
