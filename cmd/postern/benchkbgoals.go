package main

import (
	"fmt"

	b "github.com/postern-chat/postern/gateway/bench"
)

// kbGoals is self-help.md §9 as far as it is measured here: what unseen questions would need is not. Shares are in
// per cent; the means are over the six sets of the project.
func kbGoals() []b.Goal {
	percent := func(id, what, figure string, target float64) b.Goal {
		return b.Goal{ID: id, What: what, Unit: "%", Figure: b.Named(figure), Target: b.Fixed(target), AtLeast: true}
	}
	goals := []b.Goal{
		percent("K1", "mean MRR@10 of the six sets", "mean.mrr10", 84),
		percent("K1", "… hit@3", "mean.hit3", 90),
		percent("K6", "half typed: hit@3, stackfaq", "stackfaq --prefix 0.5.hit3", 70),
		percent("K6", "… covidfaq", "covidfaq --prefix 0.5.hit3", 52),
		percent("K7", "with the turn before: MRR@10, mtragun", "mtragun --history.mrr10", 92),
		percent("K7", "… hit@3", "mtragun --history.hit3", 97),
	}
	most := func(id, what, unit, figure string, target float64) {
		goals = append(goals, b.Goal{ID: id, What: what, Unit: unit, Figure: b.Named(figure), Target: b.Fixed(target)})
	}
	for _, s := range []struct {
		articles string
		n        int
		ms       float64
	}{{"1,000", 1000, 1}, {"10,000", 10_000, 5}, {"100,000", 100_000, 30}} {
		most("K9", "search of "+s.articles+" articles, p99", "ms", fmt.Sprintf("search.%d.p99", s.n), s.ms)
		most("K9", "… typing, p99", "ms", fmt.Sprintf("typing.%d.p99", s.n), 2*s.ms)
	}
	most("K10", "build of 10,000 articles", "ms", "build.ms", 1500)
	most("K10", "… heap, per article", "KB", "build.kb", 4)
	most("K10", "… a published change found on its node, p99", "ms", "change.p99", 50)
	return goals
}
