package kb_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/markdown"
	"github.com/postern-chat/postern/kb/measure"
)

// bend is a change of the ranking's numbers.
type bend struct {
	name    string
	numbers map[string]float64
}

// parts leaves out what the score is made of, one part at a time.
func parts() []bend {
	return []bend{
		{"as shipped", nil},
		{"without pieces of four letters", map[string]float64{"wGrams": 0, "wGramCover": 0}},
		{"without likeness to phrasing and sentence", map[string]float64{"wPhrasing": 0, "wSentence": 0}},
		{"without likeness to a sentence", map[string]float64{"wSentence": 0}},
		{"without like words", map[string]float64{"synonym": 0}},
		{"without words of one root", map[string]float64{"kin": 0}},
		{"without pairs of neighbours", map[string]float64{"pair": 0}},
		{"without repairs and longer words", map[string]float64{"repair": 0, "prefix": 0}},
		{"without the share of words matched", map[string]float64{"wMatched": 0}},
		{"without BM25F against the possible", map[string]float64{"wCover": 0}},
		{"without BM25F against the best article", map[string]float64{"wLexical": 0}},
		{"stop words with their whole weight", map[string]float64{"question": 1, "negation": 1, "verb": 1, "function": 1}},
	}
}

// neighbours are the numbers that could have been chosen as well as the shipped ones.
func neighbours() []bend {
	out := []bend{{"as shipped", nil}}
	for _, n := range []struct {
		name   string
		values []float64
	}{
		{"wLexical", []float64{0.7}},
		{"wSentence", []float64{0.4}},
		{"wGramCover", []float64{1.1, 1.8}},
		{"verb", []float64{1}},
		{"wPhrasing", []float64{0.35, 0.7}},
		{"idfPower", []float64{1}},
		{"k1", []float64{1.2}},
		{"wMatched", []float64{0.3, 0.8}},
		{"wCover", []float64{0.7, 1.4}},
		{"synonym", []float64{0.2, 0.5}},
		{"pair", []float64{1.2}},
		{"body", []float64{0.65, 1}},
	} {
		for _, v := range n.values {
			out = append(out, bend{fmt.Sprintf("%s=%g", n.name, v), map[string]float64{n.name: v}})
		}
	}
	return out
}

// BenchmarkTuning prints what each part of the score gains, and how each set fares with the numbers that the other sets
// choose. It asks the sets in the folder KB_SETS: make bench-kb KB_SETS=folder runs it.
func BenchmarkTuning(b *testing.B) {
	root := os.Getenv("KB_SETS")
	if root == "" {
		b.Skip("KB_SETS names no folder of question sets")
	}
	sets, err := measure.Sets(os.DirFS(root))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		ablation(b, sets)
		leaveOneOut(b, sets)
	}
}

func ablation(b *testing.B, sets []measure.Set) {
	var out strings.Builder
	shipped := kb.Ranking{}
	for i, p := range parts() {
		r := mean(asked(sets, p))
		if i == 0 {
			shipped = r
		}
		fmt.Fprintf(&out, "%-42s %.4f / %.4f  %+.4f / %+.4f\n", p.name, r.MRR10, r.Hit3, r.MRR10-shipped.MRR10, r.Hit3-shipped.Hit3)
	}
	b.Logf("MRR@10 / hit@3, mean of %d sets\n%s", len(sets), out.String())
}

func leaveOneOut(b *testing.B, sets []measure.Set) {
	var out strings.Builder
	list := neighbours()
	got := make([][]kb.Ranking, len(list))
	for i, p := range list {
		got[i] = asked(sets, p)
	}
	for held, s := range sets {
		best, lead := 0, kb.Share(0)
		for i := range list {
			sum := kb.Share(0)
			for n, r := range got[i] {
				if n != held {
					sum += r.MRR10
				}
			}
			if sum > lead {
				best, lead = i, sum
			}
		}
		fmt.Fprintf(&out, "%-16s %.4f, as shipped %.4f  %+.4f  the others choose %s\n", s.Name,
			got[best][held].MRR10, got[0][held].MRR10, got[best][held].MRR10-got[0][held].MRR10, list[best].name)
	}
	b.Logf("MRR@10 of each set with what the others choose among %d\n%s", len(list), out.String())
}

// asked gives the ranking metrics of each set's questions.
func asked(sets []measure.Set, p bend) []kb.Ranking {
	out := make([]kb.Ranking, len(sets))
	for n, s := range sets {
		x := kb.Bent(s.Articles(nil), markdown.Plain, p.numbers)
		runs := make([]kb.Run, 0, len(s.Queries))
		for _, q := range s.Queries {
			r := kb.Run{Query: q.ID}
			for _, f := range x.Search(kb.Query{Text: q.Text, Limit: 10}).Results {
				r.Docs = append(r.Docs, f.Article)
			}
			runs = append(runs, r)
		}
		out[n], _ = s.Rank(runs)
	}
	return out
}

func mean(of []kb.Ranking) (sum kb.Ranking) {
	for _, r := range of {
		sum.MRR10 += r.MRR10 / kb.Share(len(of))
		sum.Hit3 += r.Hit3 / kb.Share(len(of))
	}
	return sum
}
