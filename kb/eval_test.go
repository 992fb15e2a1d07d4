package kb_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/postern-chat/postern/kb"
)

func setOf(want map[string][]string) kb.EvalSet {
	s := kb.EvalSet{Want: map[string]map[string]bool{}}
	for q, docs := range want {
		s.Want[q] = map[string]bool{}
		for _, d := range docs {
			s.Want[q][d] = true
		}
	}
	return s
}

// The expected numbers are worked out by hand from the definitions.
func TestRankingMetrics(t *testing.T) {
	s := setOf(map[string][]string{"one": {"a"}, "two": {"a", "b", "x"}, "far": {"a"}})
	far := []string{}
	for _, c := range "bcdefghijk" {
		far = append(far, string(c))
	}
	far = append(far, "a") // rank 11
	got, n := s.Rank([]kb.Run{
		{Query: "one", Docs: []string{"b", "a"}},
		{Query: "two", Docs: []string{"a", "c", "d", "b"}},
		{Query: "far", Docs: far},
		{Query: "nothing", Docs: []string{"a"}},
	})
	ideal3 := 1 + 1/math.Log2(3) + 0.5
	want := kb.Ranking{
		MRR10: (0.5 + 1) / 3, Hit1: 1.0 / 3, Hit3: 2.0 / 3, Hit5: 2.0 / 3,
		MAP: kb.Share((0.5 + (1+0.5)/3 + 1.0/11) / 3), NDCG10: kb.Share((1/math.Log2(3) + (1+1/math.Log2(5))/ideal3) / 3),
		P5: (0.2 + 0.4) / 3,
	}
	if n != 3 {
		t.Errorf("%d queries count, want 3", n)
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) != string(b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

func TestAUROC(t *testing.T) {
	s := setOf(map[string][]string{"y1": {"a"}, "y2": {"a"}})
	got := s.AUROC([]kb.Run{{Query: "y1", Coverage: 0.5}, {Query: "y2", Coverage: 0.2}, {Query: "n1", Coverage: 0.2}, {Query: "n2", Coverage: 0.1}})
	if got == nil || math.Abs(float64(*got)-3.5/4) > 1e-12 {
		t.Errorf("got %v, want .875: a tie counts half", got)
	}
	if s.AUROC([]kb.Run{{Query: "y1"}}) != nil {
		t.Error("one side is empty, and there is a value")
	}
}

func TestLearnedPhrasings(t *testing.T) {
	s := setOf(map[string][]string{"q0": {"d"}, "q1": {"d"}, "q5": {"d"}, "q6": {"d", "e"}})
	s.Docs = []kb.EvalDoc{{ID: "d", Phrasings: []string{"own"}}, {ID: "e"}}
	for _, id := range []string{"q0", "q1", "q2", "q3", "q4", "q5", "q6"} {
		s.Queries = append(s.Queries, kb.EvalQuery{ID: id, Text: "text " + id})
	}
	perm := []int{6, 5, 4, 3, 2, 1, 0} // fold 0 holds positions 0 and 5: q6 and q1
	if got := s.Learned(perm, 0, 100); !slices.Equal(got["d"], []string{"text q5", "text q0"}) || got["e"] != nil {
		t.Errorf("fold 0 learned %v", got)
	}
	one := s.Learned(perm, 1, 1)
	if !slices.Equal(one["d"], []string{"text q6"}) || !slices.Equal(one["e"], []string{"text q6"}) {
		t.Errorf("fold 1 learned %v", one)
	}
	if got := s.Articles(one)[0].Version.Phrasings; !slices.Equal(got, []string{"own", "text q6"}) {
		t.Errorf("the article has %v", got)
	}
}

func FuzzReadEvalSet(f *testing.F) {
	f.Add(`{"id":"a","title":"t"}`, `{"id":"q","text":"t"}`, `{"query":"q","doc":"a"}`)
	f.Add(`{"id":"a","group":"g"}`+"\n\n"+`{"id":"b","group":"g"}`, "", `{"query":"q","doc":"c","rel":-1}`)
	f.Fuzz(func(t *testing.T, docs, queries, qrels string) {
		set, err := kb.ReadEvalSet(fstest.MapFS{
			"docs.jsonl": {Data: []byte(docs)}, "queries.jsonl": {Data: []byte(queries)}, "qrels.jsonl": {Data: []byte(qrels)},
		})
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without words")
			}
			return
		}
		if g := set.Grouped(); len(g.Docs) > len(set.Docs) || len(set.Docs) == 0 {
			t.Errorf("%d documents became %d", len(set.Docs), len(g.Docs))
		}
	})
}
