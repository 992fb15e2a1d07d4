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
// of the passages with words that stand there, mostly in these words, without a number, a promise or a denial that they
// lack, any address, link or mark. One bad sentence spoils the answer. Errors: ErrUnsupported; nothing else.
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
		source := sourceOf(s.Quote, p.Text)
		if !ok || source == "" || !plainSentence(text) || !supported(text, p.Title+"\n"+source) || denies(text) != denies(source) {
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

// sourceOf gives the sentences of the passage that the quote is cut from, white space aside; "" if it does not stand
// there. A quote cannot leave out the "not" of its sentence.
func sourceOf(quote, passage string) string {
	quote = strings.Join(strings.Fields(quote), " ")
	if n := utf8.RuneCountInString(quote); n < minQuote || n > maxQuote {
		return ""
	}
	var lines []string
	for l := range strings.Lines(passage) {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			lines = append(lines, l)
		}
	}
	broken := strings.Join(lines, "\n") // as long as on one line, byte for byte
	from := strings.Index(strings.ReplaceAll(broken, "\n", " "), quote)
	if from < 0 {
		return ""
	}
	to, begin, end := from+len(quote), 0, len(broken)
	for _, at := range sourceEnd.FindAllStringIndex(broken, -1) {
		if at[1] <= from {
			begin = at[1]
		} else if at[1] >= to {
			end = at[1]
			break
		}
	}
	return broken[begin:end]
}

// sourceEnd is the end of a sentence or a line.
var sourceEnd = regexp.MustCompile(`[.!?]["')]*(?:\s|$)|[。！？؟\n]`)

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
// Browsers take the dots of other scripts for dots, too.
var address = regexp.MustCompile(`[@＠]|[/／]{2}|\p{L}[\p{L}\d-]*[.。．｡․]\p{L}|\p{L}{2,}:\S|\d+\.\d+\.\d+\.\d+`)

// sentenceEnd is an end that another sentence follows.
var sentenceEnd = regexp.MustCompile(`[.!?。！？؟]["')]*\s+\S`)

// supported reports whether all that can do harm in a sentence stands in its source, and most of its words do.
func supported(text, source string) bool {
	given := exact.FindAllString(source, -1)
	for _, thing := range exact.FindAllString(text, -1) {
		if !slices.Contains(given, thing) {
			return false
		}
	}
	var c cutter
	known, whole := map[string]bool{}, map[string]bool{}
	c.each(source, func(w []byte, _ bool) { known[prefixOf(string(w))], whole[string(w)] = true, true })
	all, found := 0, 0
	risky := false
	c.each(text, func(w []byte, _ bool) {
		number, counts := numberWords[string(w)]
		if counts && !slices.Contains(given, number) || actWords[string(w)] {
			risky = risky || !whole[string(w)] && !whole[string(w)+"s"] && !whole[string(w)+"ing"]
		}
		if utf8.RuneCount(w) < 4 {
			return
		}
		all++
		if known[prefixOf(string(w))] || counts {
			found++
		} else if secretWords[prefixOf(string(w))] {
			risky = true
		}
	})
	return !risky && found*10 >= all*7
}

// exact finds what must stand in the source to the letter, as a whole: numbers of any form, prices.
var exact = regexp.MustCompile(`[$€£¥₹%‰]|\p{N}(?:[\p{N}.,:/-]*\p{N})?`)

// denies reports whether one of the common words for "not" stands in a text.
func denies(text string) (found bool) {
	var c cutter
	c.each(text, func(w []byte, _ bool) { found = found || denials[string(w)] })
	return found
}

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

// secretWords must stand in the source if they stand in a sentence: no answer makes up a reason to tell a secret, nor a
// promise.
var secretWords = map[string]bool{
	"passwo": true, "passco": true, "code": true, "codes": true, "card": true, "cards": true, "token": true, "tokens": true, "pincod": true,
	"accoun": true, "secret": true, "refund": true, "free": true, "guaran": true, "compen": true, "discou": true, "vouche": true, "cancel": true,
	"reimbu": true, "twice": true, "double": true, "euro": true, "euros": true, "dollar": true, "pounds": true, "rupees": true, "transf": true, "instal": true, "downlo": true, "whatsa": true, "telegr": true, "bitcoi": true,
}

// actWords, as they are, ask somebody to do or to go where the article sends nobody.
var actWords = map[string]bool{
	"pay": true, "paid": true, "pays": true, "buy": true, "call": true, "text": true, "mail": true, "email": true, "send": true, "visit": true,
	"click": true, "dot": true, "www": true, "http": true, "https": true, "com": true, "pin": true, "sms": true, "otp": true, "tell": true, "give": true,
}

// numberWords and their digits: "two" may stand for 2, and for nothing else.
var numberWords = map[string]string{
	"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
	"eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18",
	"nineteen": "19", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
	"hundred": "100", "thousand": "1000", "million": "1000000", "half": "0.5", "dozen": "12",
}

// denials are words for "not". Apostrophes are gone where words are cut.
var denials = map[string]bool{
	"no": true, "not": true, "never": true, "none": true, "nobody": true, "nothing": true, "nowhere": true, "neither": true, "nor": true,
	"cannot": true, "cant": true, "wont": true, "dont": true, "doesnt": true, "didnt": true, "isnt": true, "arent": true, "wasnt": true,
	"werent": true, "shouldnt": true, "couldnt": true, "wouldnt": true, "mustnt": true, "neednt": true, "hasnt": true, "havent": true,
	"without": true, "nicht": true, "kein": true, "keine": true, "keinen": true, "nie": true, "jamais": true, "nunca": true, "niet": true,
}
