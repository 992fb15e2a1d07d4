package kb

import (
	"math"
	"slices"
	"strconv"
)

// MaxRun is how many ranked articles of a query are looked at.
const MaxRun = 1000

// Share is a number from 0 to 1, written with six digits.
type Share float64

// MarshalJSON writes six digits after the point.
func (s Share) MarshalJSON() ([]byte, error) { return fixed(float64(s), 6), nil }

// Ranking are the metrics of ranked lists, each a mean over the queries that have a relevant document.
type Ranking struct {
	MRR10  Share `json:"mrr10"`
	Hit1   Share `json:"hit1"`
	Hit3   Share `json:"hit3"`
	Hit5   Share `json:"hit5"`
	MAP    Share `json:"map"`
	NDCG10 Share `json:"ndcg10"`
	P5     Share `json:"p5"`
}

// Run is the ranked list of one query, best first.
type Run struct {
	Query    string   `json:"query"`
	Docs     []string `json:"docs"`
	Coverage float64  `json:"-"`
}

// Rank computes the metrics of runs; a run whose query nothing answers is left out.
func (s EvalSet) Rank(runs []Run) (Ranking, int) {
	var sum Ranking
	n := 0
	for _, r := range runs {
		if want := s.Want[r.Query]; len(want) > 0 {
			n++
			sum.add(r.Docs, want)
		}
	}
	if n > 0 {
		for _, x := range []*Share{&sum.MRR10, &sum.Hit1, &sum.Hit3, &sum.Hit5, &sum.MAP, &sum.NDCG10, &sum.P5} {
			*x /= Share(n)
		}
	}
	return sum, n
}

func (x *Ranking) add(docs []string, want map[string]bool) {
	found := 0
	var ap, gain float64
	for i, d := range docs[:min(len(docs), MaxRun)] {
		if !want[d] {
			continue
		}
		rank := i + 1
		found++
		ap += float64(found) / float64(rank)
		if found == 1 {
			x.first(rank)
		}
		if rank <= 10 {
			gain += 1 / math.Log2(float64(rank+1))
		}
		if rank <= 5 {
			x.P5 += 1.0 / 5
		}
	}
	x.MAP += Share(ap / float64(len(want)))
	x.NDCG10 += Share(gain / ideal(len(want)))
}

// first counts the rank of the best relevant document.
func (x *Ranking) first(rank int) {
	if rank <= 10 {
		x.MRR10 += Share(1 / float64(rank))
	}
	for k, hit := range map[int]*Share{1: &x.Hit1, 3: &x.Hit3, 5: &x.Hit5} {
		if rank <= k {
			*hit++
		}
	}
}

// ideal is the gain of the best list possible.
func ideal(relevant int) float64 {
	sum := 0.0
	for i := range min(10, relevant) {
		sum += 1 / math.Log2(float64(i+2))
	}
	return sum
}

// AUROC is how often coverage tells a query that has an answer from one that has none, ties counting half.
// nil = one side is empty.
func (s EvalSet) AUROC(runs []Run) *Share {
	var yes, no []float64
	for _, r := range runs {
		if len(s.Want[r.Query]) > 0 {
			yes = append(yes, r.Coverage)
		} else {
			no = append(no, r.Coverage)
		}
	}
	if len(yes) == 0 || len(no) == 0 {
		return nil
	}
	slices.Sort(no)
	wins := 0.0
	for _, y := range yes {
		below, _ := slices.BinarySearch(no, y)
		upTo, _ := slices.BinarySearch(no, math.Nextafter(y, math.Inf(1)))
		wins += float64(below) + float64(upTo-below)/2
	}
	a := Share(wins / float64(len(yes)*len(no)))
	return &a
}

func fixed(x float64, digits int) []byte { return strconv.AppendFloat(nil, x, 'f', digits, 64) }
