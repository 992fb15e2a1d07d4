package kb

import "strings"

// meant reads a misspelled English word as the real ones that are one slip away, also if the articles have only
// other forms of them or words of like meaning: "dleivered" as "delivered" as "deliver" and "arrive".
func (a asker) meant(word string) []reading {
	if strings.Trim(word, letters) != "" {
		return nil
	}
	var g group
	real := 0
	eachSlip(word, func(near []byte) {
		if real >= maxRepairs || !a.english.has(string(near)) {
			return
		}
		w := string(near)
		more := make([]reading, 0, 4)
		for _, t := range a.known(w) {
			more = append(more, reading{term: t, weight: 1})
		}
		more = append(append(more, a.relatives(w)...), a.synonyms(w)...)
		for i := range more {
			more[i].weight *= a.repair
			more[i].why, more[i].spelt = word+" → "+w, w
		}
		if len(more) > 0 {
			real++
		}
		g.add(more...)
	})
	return g.readings
}

const letters = "abcdefghijklmnopqrstuvwxyz"

// eachSlip calls f for each text that one swap, wrong, added or missing letter makes of an ASCII word, the likelier
// kinds first. The text is valid during the call.
func eachSlip(word string, f func(text []byte)) {
	text := make([]byte, 0, len(word)+1)
	for i := range len(word) - 1 {
		text = append(text[:0], word...)
		text[i], text[i+1] = text[i+1], text[i]
		f(text)
	}
	for i := range word {
		f(append(append(text[:0], word[:i]...), word[i+1:]...))
	}
	for i := range len(word) + 1 {
		for _, c := range []byte(letters) {
			f(append(append(append(text[:0], word[:i]...), c), word[i:]...))
			if i < len(word) && c != word[i] {
				f(append(append(append(text[:0], word[:i]...), c), word[i+1:]...))
			}
		}
	}
}
