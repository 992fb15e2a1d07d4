package kb

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	repairFrom     = 4 // letters
	repairUnlisted = 6 // letters, in a language without a list of real words
	completions    = 8
	maxRepairs     = 8
)

// repairs reads an unknown word as known ones: one slip away (a letter wrong, missing, doubled or swapped), cut in
// two, or as the beginning of a longer one. The more common word weighs more. A real word that the articles
// merely lack is left alone.
func (a asker) repairs(word string) []reading {
	n := utf8.RuneCountInString(word)
	if n < repairFrom || isNumber(word) {
		return nil
	}
	var out []reading
	for _, lang := range a.langs {
		if lang == "en" && a.english.has(word) || lang != "en" && n < repairUnlisted {
			continue
		}
		out = append(out, a.slips(lang, word)...)
		if lang == "en" && len(out) == 0 {
			out = append(out, a.meant(word)...)
		}
		if len(out) == 0 {
			out = append(out, a.halves(lang, word)...)
		}
		if len(out) == 0 {
			out = append(out, a.completeIn(lang, word, a.prefix)...)
		}
	}
	return out
}

func isNumber(word string) bool { return strings.Trim(word, "0123456789") == "" }

// slips gives the known words that one slip makes into word. One half of the word is whole: the words that
// share it are found in the two sorted lists.
func (a asker) slips(lang, word string) []reading {
	prefix := keyOf(lang, "")
	r := []rune(word)
	half := (len(r) - 1) / 2 // two letters that change places may lie on both sides of the middle
	head, tail := string(r[:half]), string(r[len(r)-half:])
	var found []uint32
	look := func(list []uint32, near func(text string) int) {
		i, _ := slices.BinarySearchFunc(list, 0, func(w uint32, _ int) int { return near(a.words.text[w]) })
		for ; i < len(list) && near(a.words.text[list[i]]) == 0; i++ {
			w := list[i]
			if known, ok := strings.CutPrefix(a.words.text[w], prefix); ok && a.wordDF[w] > 0 && !slices.Contains(found, w) && oneSlip(word, known) {
				found = append(found, w)
			}
		}
	}
	look(a.sorted, func(text string) int { return compareHead(text, prefix+head) })
	look(a.ending, func(text string) int { return compareTail(text, tail) })
	return a.byUse(found, word, a.repair)
}

// byUse weighs the words found by how common they are.
func (a asker) byUse(found []uint32, word string, weight float64) []reading {
	text := a.words.text
	slices.SortFunc(found, func(x, y uint32) int {
		return cmp.Or(cmp.Compare(a.wordDF[y], a.wordDF[x]), strings.Compare(text[x], text[y]))
	})
	var g group
	for _, w := range found[:min(len(found), maxRepairs)] {
		share := math.Sqrt(float64(a.wordDF[w]) / float64(a.wordDF[found[0]]))
		_, spelt, other := strings.Cut(text[w], ":")
		if !other {
			spelt = text[w]
		}
		g.add(reading{term: a.stemOf[w], weight: weight * share, why: word + " → " + spelt, spelt: spelt})
	}
	return g.readings
}

// oneSlip reports whether a becomes b by one wrong, missing, added or swapped letter.
func oneSlip(a, b string) bool {
	if d := len(a) - len(b); d > 4 || d < -4 {
		return false
	}
	x, y := []rune(a), []rune(b)
	i := 0
	for i < len(x) && i < len(y) && x[i] == y[i] {
		i++
	}
	switch len(y) - len(x) {
	case 0:
		swapped := i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && slices.Equal(x[i+2:], y[i+2:])
		return i < len(x) && (swapped || slices.Equal(x[i+1:], y[i+1:]))
	case 1:
		return slices.Equal(x[i:], y[i+1:])
	case -1:
		return slices.Equal(x[i+1:], y[i:])
	}
	return false
}

// halves cuts a word into two known ones, at the place where the rarer half is most common.
func (a asker) halves(lang, word string) []reading {
	var best []reading
	most := uint32(0)
	for i := range word {
		if i < 3 || len(word)-i < 3 {
			continue
		}
		x, y := a.words.find([]byte(keyOf(lang, word[:i]))), a.words.find([]byte(keyOf(lang, word[i:])))
		if x == 0 || y == 0 {
			continue
		}
		if use := min(a.wordDF[x], a.wordDF[y]); use > most {
			most = use
			why := word + " → " + word[:i] + " " + word[i:]
			best = []reading{{term: a.stemOf[x], weight: a.repair, why: why}, {term: a.stemOf[y], weight: a.repair, why: why}}
		}
	}
	return best
}

// completions gives the most common known words that begin with prefix.
func (a asker) completions(prefix string) []reading {
	var out []reading
	for _, lang := range a.langs {
		out = append(out, a.completeIn(lang, prefix, a.complete)...)
	}
	return out
}

func (a asker) completeIn(lang, prefix string, weight float64) []reading {
	if utf8.RuneCountInString(prefix) < 2 {
		return nil
	}
	key := keyOf(lang, prefix)
	text := a.words.text
	i, _ := slices.BinarySearchFunc(a.sorted, key, func(w uint32, key string) int { return strings.Compare(text[w], key) })
	var found []uint32
	for ; i < len(a.sorted) && strings.HasPrefix(text[a.sorted[i]], key); i++ {
		if w := a.sorted[i]; text[w] != key && a.wordDF[w] > 0 {
			found = append(found, w)
		}
	}
	slices.SortStableFunc(found, func(x, y uint32) int { return cmp.Compare(a.wordDF[y], a.wordDF[x]) })
	var out []reading
	for _, w := range found[:min(completions, len(found))] {
		out = append(out, reading{term: a.stemOf[w], weight: weight * math.Pow(float64(a.wordDF[w])/float64(a.wordDF[found[0]]), a.common), why: strings.TrimPrefix(text[w], keyOf(lang, ""))})
	}
	return out
}
