package kb

import (
	"strings"
	"unicode"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/unicode/norm"
)

// stopWeight is what is left of a stop word's IDF: "how do I" says little, but not nothing.
const stopWeight = 0.15

// words cuts text into lower-case tokens: NFKC, accents folded, apostrophes dropped, letters and digits kept,
// Han, Hiragana, Katakana and Hangul as pairs. Source: self-help.md §3.1.
func words(text string) []string {
	text = norm.NFKD.String(strings.ToLower(norm.NFKC.String(text)))
	var out []string
	var word []rune
	var prev rune // last CJK character, for pairs
	flush := func() {
		if len(word) > 0 {
			out = append(out, string(word))
			word = word[:0]
		}
	}
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’', r == '`':
			continue
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			flush()
			if prev != 0 {
				out = append(out, string([]rune{prev, r}))
			}
			prev = r
			continue
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			word = append(word, r)
		default:
			flush()
		}
		prev = 0
	}
	flush()
	return out
}

// stem reduces an English word to its stem (Porter2). Other locales keep their words as they are.
func stem(locale, word string) string {
	if locale != "" && !strings.HasPrefix(locale, "en") {
		return word
	}
	env := snowballstem.NewEnv(word)
	english.Stem(env)
	return env.Current()
}

// terms gives the stems of a text.
func terms(locale, text string) []string {
	out := words(text)
	for i, w := range out {
		out[i] = stem(locale, w)
	}
	return out
}

// stopWords are English words that carry a question but not its matter.
const stopWords = " a about after all also am an and any are as at be because been before being but by can cant could did do does doesnt doing dont for from get had has have how i id if ill im in into is isnt it its ive just like may me might my need no not now of on or our out please should so some than that the their them then there these they this to too up us want was we were what when where which who why will with would you your "

func isStop(word string) bool { return strings.Contains(stopWords, " "+word+" ") }
