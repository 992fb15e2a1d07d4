package kb

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of the report of gaps.
const (
	maxAsked    = 5000 // different questions that are compared, the most asked ones
	maxWordings = 8    // of one gap that are shown
	alike       = 0.6  // cosine from which two questions mean the same
)

// Gap is what visitors asked, in one set of words or another, and nothing of ours answered well.
type Gap struct {
	Text     string    `json:"text"`     // asked most
	Wordings []string  `json:"wordings"` // others that mean the same, most asked first
	Asked    int       `json:"asked"`
	None     int       `json:"none"`    // of them, shown nothing
	Visitors []string  `json:"-"`       // in order of id
	Article  string    `json:"article"` // shown most, "" = none
	Locale   string    `json:"locale"`  // of the question asked most
	Mailbox  string    `json:"mailbox"` // the same
	At       time.Time `json:"-"`       // asked last
}

// asked is one question, with everybody who asked it.
type asked struct {
	gap   Gap
	shown map[string]int
	terms map[string]float64 // meaning → weight
	norm  float64
}

// Gaps finds the searches that were shown nothing, or nothing that covers them, and puts together those that mean the
// same: like words, stems and misspellings count as one. Most asked first; the same steps give the same gaps.
func Gaps(steps []Step) []Gap {
	list := askedIn(steps)
	weigh(list)
	out := gather(list)
	slices.SortStableFunc(out, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(len(b.Visitors), len(a.Visitors)), cmp.Compare(b.Asked, a.Asked), strings.Compare(a.Text, b.Text))
	})
	return out
}

// askedIn gives each different question once, most asked first.
func askedIn(steps []Step) []*asked {
	of := map[string]*asked{}
	var list []*asked
	for _, s := range steps {
		key := Folded(s.Query)
		if s.Kind != StepSearch || key == "" || s.Fits && s.Coverage >= Upper {
			continue
		}
		a := of[key]
		if a == nil {
			a = &asked{gap: Gap{Text: s.Query, Locale: s.Locale, Mailbox: s.Mailbox}, shown: map[string]int{}}
			of[key], list = a, append(list, a)
		}
		a.add(s)
	}
	slices.SortStableFunc(list, func(a, b *asked) int {
		return cmp.Or(cmp.Compare(b.gap.Asked, a.gap.Asked), strings.Compare(a.gap.Text, b.gap.Text))
	})
	return list[:min(len(list), maxAsked)]
}

func (a *asked) add(s Step) {
	g := &a.gap
	g.Asked++
	if !s.Fits {
		g.None++
	}
	if s.At.After(g.At) {
		g.At = s.At
	}
	if i, had := slices.BinarySearch(g.Visitors, s.Visitor); !had {
		g.Visitors = slices.Insert(g.Visitors, i, s.Visitor)
	}
	for _, id := range s.Articles {
		a.shown[id]++
	}
}

// weigh gives each question its meanings, rare ones more.
func weigh(list []*asked) {
	var like thesaurus
	df := map[string]int{}
	for _, a := range list {
		a.terms = meanings(a.gap.Text, language(a.gap.Locale), &like)
		for m := range a.terms {
			df[m]++
		}
	}
	for _, a := range list {
		square := 0.0
		for _, m := range sorted(a.terms) {
			a.terms[m] *= math.Log(1 + float64(len(list)+1)/float64(df[m]))
			square += a.terms[m] * a.terms[m]
		}
		a.norm = math.Sqrt(square)
	}
}

func sorted(m map[string]float64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// meanings reads a text as the stems of its content words, each as the first of those that mean the like.
func meanings(text, lang string, like *thesaurus) map[string]float64 {
	var s settings
	all, out := words(text), map[string]float64{}
	for i := 0; i < len(all); i++ {
		if lang == "en" && i+1 < len(all) {
			if two := like.of(expression(all[i], all[i+1])); len(two) > 0 {
				out[family(two[0], like)] = 1
				i++
				continue
			}
		}
		if _, stop := s.stopClass(all[i]); !stop && utf8.RuneCountInString(all[i]) > 1 {
			out[meaning(all[i], lang, like)] = 1
		}
	}
	if len(out) == 0 {
		for _, w := range all {
			out[meaning(w, lang, like)] = 1
		}
	}
	return out
}

func meaning(word, lang string, like *thesaurus) string {
	if lang == "en" {
		return family(stem(lang, word), like)
	}
	return stem(lang, word)
}

// family gives the first of a stem and those that mean the like, so that all of them are the same one.
func family(stem string, like *thesaurus) string {
	for _, o := range like.of(stem) {
		stem = min(stem, o)
	}
	return stem
}

// gather joins each question to the most asked one that means the same.
func gather(list []*asked) []Gap {
	var leaders []*asked
	by := map[string][]int{} // meaning → leaders that have it
	for _, a := range list {
		best, at := 0.0, -1
		for _, i := range candidates(a, by, len(leaders)) {
			if like := a.like(leaders[i]); like > best {
				best, at = like, i
			}
		}
		if best >= alike {
			leaders[at].join(a)
			continue
		}
		for m := range a.terms {
			by[m] = append(by[m], len(leaders))
		}
		leaders = append(leaders, a)
	}
	out := make([]Gap, len(leaders))
	for i, a := range leaders {
		a.gap.Article = a.most()
		if a.gap.Wordings == nil {
			a.gap.Wordings = []string{}
		}
		out[i] = a.gap
	}
	return out
}

// candidates are the leaders that share a meaning with a question or, for misspellings, the first hundred.
func candidates(a *asked, by map[string][]int, leaders int) []int {
	var out []int
	for _, m := range sorted(a.terms) {
		out = append(out, by[m]...)
	}
	for i := range min(leaders, 100) {
		out = append(out, i)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// like is how much two questions mean the same: the cosine of their meanings, where a meaning spelled almost alike
// counts for most of itself.
func (a *asked) like(b *asked) float64 {
	if a.norm == 0 || b.norm == 0 {
		return 0
	}
	dot := 0.0
	for _, m := range sorted(a.terms) {
		w := a.terms[m]
		if v, same := b.terms[m]; same {
			dot += w * v
			continue
		}
		for _, other := range sorted(b.terms) {
			if slip(m, other) {
				dot += 0.9 * min(w, b.terms[other]) * min(w, b.terms[other])
				break
			}
		}
	}
	return dot / (a.norm * b.norm)
}

// slip reports whether two words of five letters and more are one slip apart: a letter more, less, another, or two swapped.
func slip(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) < 5 || len(y)-len(x) > 1 {
		return false
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	if len(y) > len(x) {
		return slices.Equal(x[i:], y[i+1:])
	}
	if i == len(x) || slices.Equal(x[i+1:], y[i+1:]) {
		return true
	}
	return i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && slices.Equal(x[i+2:], y[i+2:])
}

func (a *asked) join(b *asked) {
	g := &a.gap
	if len(g.Wordings) < maxWordings {
		g.Wordings = append(g.Wordings, b.gap.Text)
	}
	g.Asked, g.None = g.Asked+b.gap.Asked, g.None+b.gap.None
	if b.gap.At.After(g.At) {
		g.At = b.gap.At
	}
	g.Visitors = append(g.Visitors, b.gap.Visitors...)
	slices.Sort(g.Visitors)
	g.Visitors = slices.Compact(g.Visitors)
	for id, n := range b.shown {
		a.shown[id] += n
	}
}

// most is the article that was shown most, the first by id of several.
func (a *asked) most() (id string) {
	for x, n := range a.shown {
		if n > a.shown[id] || n == a.shown[id] && x < id {
			id = x
		}
	}
	return id
}
