package kb

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded are letters that Unicode does not take apart into a base and a mark.
const folded = "ßssæaeœoeøoðdþthłlđdıi"

// cutter cuts texts into lower-case words; it keeps its buffer, so one goroutine uses it at a time.
type cutter struct {
	word []byte
	prev rune // last CJK character, for pairs
}

// each calls f for each word: NFKC, accents folded, apostrophes dropped, letters and digits kept, Han, kana and
// Hangul as pairs. first says that a sentence begins with it. The word is only valid during the call.
// Source: self-help.md §3.1.
func (c *cutter) each(text string, f func(word []byte, first bool)) {
	c.word, c.prev = c.word[:0], 0
	first := true
	flush := func() {
		if len(c.word) > 0 {
			f(c.word, first)
			c.word, first = c.word[:0], false
		}
	}
	text = normal(text)
	for i, r := range text {
		switch {
		case r < utf8.RuneSelf && ('a' <= r && r <= 'z' || '0' <= r && r <= '9'):
			c.word = append(c.word, byte(r))
		case 'A' <= r && r <= 'Z':
			c.word = append(c.word, byte(r)+'a'-'A')
		case r == '\'' || r == '’' || r == '`' || r == 'ـ': // the last is Arabic's stretch
			continue
		case cjk(r):
			flush()
			c.pair(r, f, first)
			first = first && c.prev == 0
			c.prev = r
			continue
		case r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)):
			c.letter(r)
		default:
			flush()
			first = first || endsSentence(r, text[i+utf8.RuneLen(r):])
		}
		c.prev = 0
	}
	flush()
}

func (c *cutter) letter(r rune) {
	if i := strings.IndexRune(folded, r); i >= 0 {
		rest := folded[i+utf8.RuneLen(r):]
		n := strings.IndexFunc(rest, func(r rune) bool { return r >= utf8.RuneSelf })
		if n < 0 {
			n = len(rest)
		}
		c.word = append(c.word, rest[:n]...)
		return
	}
	c.word = utf8.AppendRune(c.word, r)
}

// pair gives the last CJK character and this one as a word.
func (c *cutter) pair(r rune, f func([]byte, bool), first bool) {
	if c.prev != 0 {
		c.word = utf8.AppendRune(utf8.AppendRune(c.word[:0], c.prev), r)
		f(c.word, first)
		c.word = c.word[:0]
	}
}

// normal prepares a text; what is plain ASCII stays as it is.
func normal(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			text = norm.NFKD.String(strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(text, " "))))
			return norm.NFC.String(strings.Map(unaccented, text)) // Hangul and kana become whole again
		}
	}
	return text
}

// unaccented drops the marks that fold: those of Latin, Greek and Cyrillic, Hebrew points, Arabic vowel signs.
// Marks of other scripts are as good as letters.
func unaccented(r rune) rune {
	switch {
	case r < 0x300, !unicode.Is(unicode.Mn, r):
		return r
	case r <= 0x36f, 0x591 <= r && r <= 0x5c7, 0x610 <= r && r <= 0x670:
		return -1
	}
	return r
}

func cjk(r rune) bool {
	return r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// endsSentence reports whether r ends one, given what follows it: the point in "1.5" does not.
func endsSentence(r rune, rest string) bool {
	switch r {
	case '\n', ';', '。', '！', '？', '؟', '۔':
		return true
	case '.', '!', '?':
		return rest == "" || rest[0] == ' ' || rest[0] == '\n'
	}
	return false
}

// words gives the words of a text.
func words(text string) []string {
	var out []string
	new(cutter).each(text, func(w []byte, _ bool) { out = append(out, string(w)) })
	return out
}
