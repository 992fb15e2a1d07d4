package measure

import (
	"fmt"
	"math"
	"math/rand"
	"strings"

	"github.com/postern-chat/postern/kb"
)

// Invented makes articles and questions from a seed, with word frequencies as in prose: a few everyday words make
// nearly half of each text, the rest falls off by Zipf's law. Questions come from the same words, one in eight with a
// slip of the fingers.
type Invented struct {
	r     *rand.Rand
	zipf  *rand.Zipf
	vocab []string
	stop  []string
}

const (
	everyday   = "the of and to a in is you for that on it with as are this be your can have from or not by at if we an will how do what my when"
	syllables  = "ba re ti con mor su pel dra ni fo ga lex tu vin or ace shi mon ter qua il em bur sto pan de"
	vocabulary = 40_000 // words; the rarest are in one article of some thousands
	misspelt   = 8      // each that many questions have one slip
)

// Invent begins anew: the same seed gives the same texts, in the order in which they are asked for.
func Invent(seed int64) *Invented {
	x := &Invented{r: rand.New(rand.NewSource(seed)), stop: strings.Fields(everyday)}
	x.zipf = rand.NewZipf(x.r, 1.1, 8, vocabulary-1)
	parts, seen := strings.Fields(syllables), map[string]bool{}
	part := func() string { return parts[x.r.Intn(len(parts))] }
	for len(x.vocab) < vocabulary {
		w := part() + part()
		for range x.r.Intn(3) {
			w += part()
		}
		for seen[w] {
			w += part()
		}
		seen[w] = true
		x.vocab = append(x.vocab, w)
	}
	return x
}

// Text gives n words, in sentences of fourteen and paragraphs of three sentences.
func (x *Invented) Text(n int) string {
	var b strings.Builder
	for i := range n {
		if x.r.Intn(100) < 45 {
			b.WriteString(x.stop[int(math.Sqrt(float64(x.r.Intn(len(x.stop)*len(x.stop)))))])
		} else {
			b.WriteString(x.vocab[x.zipf.Uint64()])
		}
		switch {
		case i%42 == 41:
			b.WriteString(".\n\n")
		case i%14 == 13:
			b.WriteString(". ")
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// Articles gives n of 157 to 216 words.
func (x *Invented) Articles(n int) []kb.Article {
	out := make([]kb.Article, n)
	for i := range out {
		out[i] = article(i, x.Text(7), x.Text(150+x.r.Intn(60)))
	}
	return out
}

// article is a published one that everybody may find.
func article(number int, title, body string) kb.Article {
	return kb.Article{
		ID: fmt.Sprintf("ar_%06d", number), Locale: "en", Status: kb.Published, Visibility: kb.Public, Published: 1,
		Version: kb.Version{Number: 1, Title: title, Body: body},
	}
}

// Questions gives n of 5 to 14 words.
func (x *Invented) Questions(n int) []string {
	out := make([]string, n)
	for i := range out {
		q := strings.Fields(x.Text(5 + x.r.Intn(10)))
		if i%misspelt == misspelt-1 {
			x.slip(q)
		}
		out[i] = strings.Join(q, " ")
	}
	return out
}

// slip swaps two letters inside of the longest word.
func (x *Invented) slip(words []string) {
	longest := 0
	for i, w := range words {
		if len(w) > len(words[longest]) {
			longest = i
		}
	}
	w := []byte(words[longest])
	i := 1 + x.r.Intn(max(1, len(w)-2))
	if i+1 < len(w) {
		w[i], w[i+1] = w[i+1], w[i]
	}
	words[longest] = string(w)
}

// Typed is what is in the field when 40 % of a question are typed (EVAL.md, "Speed by size").
func Typed(question string) string {
	r := []rune(question)
	return string(r[:min(len(r), max(1, len(r)*2/5))])
}
