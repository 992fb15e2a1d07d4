package kb

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed english/synonyms.txt
var englishSynonyms string

// thesaurus knows English words that visitors use for one another. It is read when it is first asked.
type thesaurus struct {
	once sync.Once
	near map[string][]string // stem, or two joined by _ → stems
}

func (t *thesaurus) of(stem string) []string {
	t.once.Do(t.read)
	return t.near[stem]
}

func (t *thesaurus) read() {
	t.near = map[string][]string{}
	for line := range strings.Lines(englishSynonyms) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		list := strings.Fields(line)
		for i, w := range list {
			list[i] = stem("en", w)
			if x, y, two := strings.Cut(w, "_"); two {
				list[i] = expression(x, y)
			}
		}
		for _, w := range list {
			for _, other := range list {
				if other != w && !strings.Contains(other, "_") && !slices.Contains(t.near[w], other) {
					t.near[w] = append(t.near[w], other)
				}
			}
		}
	}
}

func expression(x, y string) string { return stem("en", x) + "_" + stem("en", y) }

// synonyms reads a word as others that mean the like.
func (a asker) synonyms(word string) []reading { return a.near(stem("en", word), word) }

func (a asker) near(key, why string) []reading {
	if a.langUse["en"] == 0 || a.synonym == 0 {
		return nil
	}
	var out []reading
	for _, s := range a.meaning.of(key) {
		if t := a.terms.find([]byte(s)); t != 0 && a.df[t] > 0 {
			out = append(out, reading{term: t, loose: true, weight: a.synonym, why: why + " ~ " + s})
		}
	}
	return out
}

// expressions reads two words side by side as one that means the like: "sign in" as "login".
func (a asker) expressions(groups []group) {
	for i := 0; i+1 < len(groups); i++ {
		x, y := &groups[i], &groups[i+1]
		more := a.near(expression(x.word, y.word), x.word+" "+y.word)
		if len(more) == 0 {
			continue
		}
		if !x.stop {
			y = x
		}
		y.stop = false
		y.add(more...)
	}
}

// relatives reads a word as others of its root: "payment" as "pay".
func (a asker) relatives(word string) []reading {
	if a.langUse["en"] == 0 || a.kin == 0 {
		return nil
	}
	var out []reading
	for _, t := range a.family[a.roots.find([]byte(root(stem("en", word))))] {
		if a.df[t] > 0 {
			out = append(out, reading{term: t, loose: true, weight: a.kin, why: word + " ~ " + a.terms.text[t]})
		}
	}
	slices.SortFunc(out, func(x, y reading) int { return strings.Compare(x.why, y.why) }) // numbers differ from node to node
	return out
}
