package kb

import (
	"slices"
	"strings"
)

// resort keeps the two sorted lists of words in use.
func (b *builder) resort() {
	if len(b.newWords)+len(b.goneWords) == 0 {
		return
	}
	text, use := b.snapshot.words.text, b.agents.wordDF
	slices.Sort(b.newWords)
	fresh := slices.DeleteFunc(slices.Compact(b.newWords), func(w uint32) bool { return use[w] == 0 })
	again := make(map[uint32]bool, len(fresh)) // also those that went and came back in one go
	for _, w := range fresh {
		again[w] = true
	}
	keep := func(list []uint32, order func(x, y uint32) int) []uint32 {
		old := slices.DeleteFunc(slices.Clone(list), func(w uint32) bool { return use[w] == 0 || again[w] })
		return merge(old, slices.SortedFunc(slices.Values(fresh), order), order)
	}
	b.sorted = keep(b.sorted, func(x, y uint32) int { return strings.Compare(text[x], text[y]) })
	b.ending = keep(b.ending, func(x, y uint32) int { return compareEnds(text[x], text[y]) })
}

// merge joins two sorted lists.
func merge(a, b []uint32, order func(x, y uint32) int) []uint32 {
	out := make([]uint32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if order(a[0], b[0]) <= 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// compareEnds compares two words from their last bytes on.
func compareEnds(a, b string) int {
	for i := 1; i <= len(a) && i <= len(b); i++ {
		if x, y := a[len(a)-i], b[len(b)-i]; x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

// compareHead is 0 if text begins with head, else the order of text to it.
func compareHead(text, head string) int {
	if strings.HasPrefix(text, head) {
		return 0
	}
	return strings.Compare(text, head)
}

// compareTail is the same for endings, in the order of compareEnds.
func compareTail(text, tail string) int {
	if strings.HasSuffix(text, tail) {
		return 0
	}
	return compareEnds(text, tail)
}
