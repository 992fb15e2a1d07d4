package kb

import (
	_ "embed"
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
			list[i] = stem("en", w)
		}
		for _, w := range list {
			for _, other := range list {
				if other != w {
					t.near[w] = append(t.near[w], other)
				}
			}
		}
	}
}

// synonyms reads a word as others that mean the same.
func (a asker) synonyms(word string) []alternative {
	if _, ok := a.langUse["en"]; !ok {
		return nil
	}
	var out []alternative
	for _, s := range a.meaning.of(stem("en", word)) {
		if t := a.terms.find([]byte(s)); t != 0 && a.df[t] > 0 {
			out = append(out, alternative{t, a.settings.synonym, word + " ~ " + s})
		}
	}
	return out
}
