package kb

import (
	"math"
	"slices"
	"strings"
)

const (
	repairFrom   = 6 // letters; without a list of real words a shorter one may be right and just not ours
	repairWeight = 0.8
	prefixWeight = 0.5
	completions  = 8
)

// repair gives known words that one slip away from word: a letter wrong, missing, doubled or swapped; or of
// which it is the beginning. The more common one weighs more. A word of under six letters is left alone.
func (v *view) repair(word string) []term {
	n := len([]rune(word))
	if n < repairFrom {
		return nil
	}
	var out []term
	most := 0
	for _, known := range v.sorted {
		if d := len(known) - len(word); d > 4 || d < -4 {
			continue
		}
		if oneSlip([]rune(word), []rune(known)) {
			out = append(out, term{stem("en", known), float64(v.vocab[known]), word + " → " + known})
			most = max(most, v.vocab[known])
		}
	}
	for i := range out {
		out[i].weight = repairWeight * math.Sqrt(out[i].weight/float64(most))
	}
	if len(out) == 0 {
		for _, t := range v.complete(word) {
			t.weight = prefixWeight
			out = append(out, t)
		}
	}
	return out
}

// oneSlip reports whether a becomes b by one wrong, missing, added or swapped letter.
func oneSlip(a, b []rune) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		swapped := i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && slices.Equal(a[i+2:], b[i+2:])
		return i < len(a) && (swapped || slices.Equal(a[i+1:], b[i+1:]))
	case 1:
		return slices.Equal(a[i:], b[i+1:])
	case -1:
		return slices.Equal(a[i+1:], b[i:])
	}
	return false
}

// complete gives the most common known words that begin with prefix.
func (v *view) complete(prefix string) []term {
	if len([]rune(prefix)) < 2 {
		return nil
	}
	i, _ := slices.BinarySearch(v.sorted, prefix)
	var found []string
	for ; i < len(v.sorted) && strings.HasPrefix(v.sorted[i], prefix); i++ {
		if v.sorted[i] != prefix {
			found = append(found, v.sorted[i])
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return v.vocab[b] - v.vocab[a] })
	var out []term
	for _, w := range found[:min(completions, len(found))] {
		out = append(out, term{stem("en", w), 0.9, w})
	}
	return out
}
