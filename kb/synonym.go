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
	near map[string][]string // stem → stems
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
			x, y, _ := strings.Cut(w, "_")
			if list[i] = stem("en", x); y != "" {
				list[i] += "_" + stem("en", y)
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

// synonyms reads a word as others that mean the same.
func (a asker) synonyms(word string) []alternative { return a.near(stem("en", word), word) }

func (a asker) near(key, why string) []alternative {
	if _, ok := a.langUse["en"]; !ok {
		return nil
	}
	var out []alternative
	for _, s := range a.meaning.of(key) {
		if t := a.terms.find([]byte(s)); t != 0 && a.df[t] > 0 {
			out = append(out, alternative{term: t, loose: true, weight: a.settings.synonym, why: why + " ~ " + s})
		}
	}
	return out
}

// expressions reads two words side by side as one that means the same: "sign in" as "login".
func (a asker) expressions(groups []group) {
	if a.settings.synonym == 0 {
		return
	}
	for i := 0; i+1 < len(groups); i++ {
		x, y := &groups[i], &groups[i+1]
		alts := a.near(stem("en", x.word)+"_"+stem("en", y.word), x.word+" "+y.word)
		if len(alts) == 0 {
			continue
		}
		into := y
		if !x.stop {
			into = x
		}
		into.stop = false
		into.add(alts...)
		a.weigh(into)
	}
}
