package kb

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of an answer (self-help.md §8).
const (
	MaxSentences   = 3
	maxSentence    = 300 // characters
	minQuote       = 12  // characters: a shorter one is in every text
	maxQuote       = 600
	maxAnswerBytes = 8 << 10
)

// Passage is a piece of a published article as the model got it.
type Passage struct {
	Article string `json:"article"`
	Title   string `json:"title"`
	Text    string `json:"-"`
}

// Sentence is a checked part of an answer: what it says stands in the article that it names.
type Sentence struct {
	Text    string `json:"text"`
	Article string `json:"article"`
	Title   string `json:"title"`
}

// AnswerSchema is the form that the model is asked to keep; CheckAnswer trusts nobody to have kept it.
const AnswerSchema = `{"type":"object","additionalProperties":false,"required":["sentences"],"properties":{"sentences":{
"type":"array","maxItems":3,"items":{"type":"object","additionalProperties":false,"required":["text","article","quote"],
"properties":{"text":{"type":"string"},"article":{"type":"string"},"quote":{"type":"string"}}}}}}`

// ErrUnsupported says that an answer is not shown: what it says, or whom it cites, is not in the passages.
var ErrUnsupported = errors.New("kb: the answer is not supported by its sources")

// CheckAnswer reads what a model said and gives its sentences if every one may be shown: at most three, each citing one
// of the passages with words that stand there, without a number that the passage lacks, any address, link or mark, and
// mostly in the passage's own words. One bad sentence spoils the answer. Errors: ErrUnsupported; nothing else.
func CheckAnswer(raw string, passages []Passage) ([]Sentence, error) {
	var in struct {
		Sentences []struct{ Text, Article, Quote string }
	}
	d := json.NewDecoder(strings.NewReader(raw))
	d.DisallowUnknownFields()
	if len(raw) > maxAnswerBytes || d.Decode(&in) != nil || d.More() {
		return nil, ErrUnsupported
	}
	if n := len(in.Sentences); n == 0 || n > MaxSentences {
		return nil, ErrUnsupported
	}
	var out []Sentence
	for _, s := range in.Sentences {
		p, ok := passageOf(s.Article, passages)
		text := strings.TrimSpace(s.Text)
		if !ok || !quoted(s.Quote, p.Text) || !plainSentence(text) || !supported(text, p) {
			return nil, ErrUnsupported
		}
		out = append(out, Sentence{Text: text, Article: p.Article, Title: p.Title})
	}
	return out, nil
}

func passageOf(article string, passages []Passage) (Passage, bool) {
	for _, p := range passages {
		if p.Article == article && article != "" {
			return p, true
		}
	}
	return Passage{}, false
}

// quoted reports whether the passage holds the quote, white space aside.
func quoted(quote, text string) bool {
	quote = strings.Join(strings.Fields(quote), " ")
	n := utf8.RuneCountInString(quote)
	return n >= minQuote && n <= maxQuote && strings.Contains(strings.Join(strings.Fields(text), " "), quote)
}

// marks are signs of Markdown, HTML, code and templates. A sentence is words only.
const marks = "<>[]{}`|\\*_#=~^"

// plainSentence reports whether the text is one sentence of plain words.
func plainSentence(text string) bool {
	if text == "" || utf8.RuneCountInString(text) > maxSentence || strings.ContainsAny(text, marks) {
		return false
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return false // also direction marks and zero-width signs, which hide words from checks
		}
	}
	return !sentenceEnd.MatchString(text) && !address.MatchString(text)
}

// address finds e-mail addresses, names of hosts and the beginnings of links: where to go is said by the article's link.
var address = regexp.MustCompile(`@|//|\p{L}[\p{L}\d-]*\.\p{L}`)

// sentenceEnd is an end that another sentence follows.
var sentenceEnd = regexp.MustCompile(`[.!?。！？؟]["')]*\s+\S`)

// supported reports whether all that can do harm in a sentence stands in the passage, and most of its words do.
func supported(text string, p Passage) bool {
	source := p.Title + "\n" + p.Text
	given := exact.FindAllString(source, -1)
	for _, thing := range exact.FindAllString(text, -1) {
		if !slices.Contains(given, thing) {
			return false
		}
	}
	var c cutter
	known := map[string]bool{}
	c.each(source, func(w []byte, _ bool) { known[prefixOf(string(w))] = true })
	all, found := 0, 0
	risky := false
	c.each(text, func(w []byte, _ bool) {
		if utf8.RuneCount(w) < 4 {
			return
		}
		all++
		if known[prefixOf(string(w))] {
			found++
		} else if secretWords[prefixOf(string(w))] {
			risky = true
		}
	})
	return !risky && found*10 >= all*7
}

// exact finds what must stand in the passage to the letter, as a whole: numbers, prices.
var exact = regexp.MustCompile(`[$€£¥₹]|\p{Nd}(?:[\p{Nd}.,:/-]*\p{Nd})?`)

// prefixOf is a word without its endings, near enough for any language: its first six letters.
func prefixOf(w string) string {
	n := 0
	for i := range w {
		if n == 6 {
			return w[:i]
		}
		n++
	}
	return w
}

// secretWords must stand in the article if they stand in a sentence: no answer makes up a reason to tell a secret.
var secretWords = map[string]bool{
	"passwo": true, "passco": true, "code": true, "codes": true, "card": true, "cards": true, "token": true, "tokens": true, "pincod": true,
	"accoun": true, "secret": true, "refund": true, "transf": true, "instal": true, "downlo": true, "whatsa": true, "telegr": true, "bitcoi": true,
}
