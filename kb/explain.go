package kb

import (
	"cmp"
	"math"
	"slices"
)

// coverage says how surely the best article answers, 0 to 1: the share of the question that it covers, and how
// much evidence that is (one common word that fits is less than four rare ones), likeness to a phrasing or a
// sentence, and how far it leads. The weights were set on the question sets; see suggest.go for what it decides.
func (a asker) coverage(list []candidate, groups []group) float64 {
	if len(list) == 0 {
		return 0
	}
	c, lead := list[0], 1.0
	switch {
	case c.lexical == 0:
		lead = 0 // alike in spelling only: to be the only one proves nothing
	case len(list) > 1:
		lead = min(1, c.score-list[1].score)
	}
	evidence := c.lexical * mostOf(groups) / 2.5
	x := math.Sqrt(c.lexical*evidence) + 0.5*max(c.phrasing, c.sentence) + 0.3*c.sentence + 0.3*c.grams + 0.1*lead
	return x / (1 + x)
}

// why lists the words that met the article.
func (a asker) why(slot uint32, groups []group) []string {
	out := []string{}
	for _, g := range groups {
		if g.stop {
			continue
		}
		for _, r := range g.readings {
			if slices.ContainsFunc(a.posting[r.term], func(p posting) bool { return p.slot == slot }) {
				if word := cmp.Or(r.why, g.word); !slices.Contains(out, word) {
					out = append(out, word)
				}
				break
			}
		}
	}
	return out
}
