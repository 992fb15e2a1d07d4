package kb_test

import (
	"math"
	"testing"

	"github.com/postern-chat/postern/kb"
)

// What explains a ranking is the ranking: the same articles with the same scores, each the sum of its parts.
func TestExplain(t *testing.T) {
	list := shop()
	list[3].Learned = []string{"please make it stop charging me"}
	list[1].Solved, list[1].Unsolved = 40, 5
	x := indexOf(list)
	for _, q := range []kb.Query{
		{Text: "change login email"},
		{Text: "how do i get my money back for the wrong size"},
		{Text: "delivary times", Limit: 20},
		{Text: "stop charging me", Agent: true},
		{Text: "refund limit", Agent: true, Before: "where is my parcel"},
		{Text: "retur", Typing: true},
		{Text: "invoice vat", Mailbox: "mb_billing"},
	} {
		found, why := x.Search(q), x.Explain(q)
		if len(found.Results) == 0 || len(found.Results) != len(why.Results) || found.Coverage != why.Coverage || found.Fits() != why.Fits {
			t.Fatalf("%q: %+v, explained %+v", q.Text, found, why)
		}
		for i, r := range why.Results {
			sum := 0.0
			for _, p := range r.Parts {
				sum += p.Adds
			}
			if r.Article != found.Results[i].Article || r.Score != found.Results[i].Score || math.Abs(sum-r.Score) > 1e-6 {
				t.Errorf("%q: %s has %v, its parts %v add up to %v", q.Text, r.Article, r.Score, r.Parts, sum)
			}
		}
	}
	why := x.Explain(kb.Query{Text: "delivary times"})
	if w := why.Words[0]; w.Word != "delivary" || len(w.As) == 0 || w.As[0].Kind != "repair" || w.As[0].Word != "delivary → delivery" {
		t.Errorf("the repair is not shown: %+v", why.Words)
	}
	if h := why.Results[0].Words; len(h) != 2 || h[0].Title != 1 || h[0].Body != 1 || h[0].Brings <= 0 {
		t.Errorf("where the words stand: %+v", h)
	}
	learned := x.Explain(kb.Query{Text: "it should stop charging me"})
	if r := learned.Results[0]; r.Article != "ar_4" || !r.Learned || r.Phrasing != "please make it stop charging me" {
		t.Errorf("the learned phrasing is not named: %+v", r)
	}
	rated := x.Explain(kb.Query{Text: "return an order"}).Results[0]
	if p := rated.Parts[len(rated.Parts)-1]; p.Name != "ratings" || p.Value <= 1 || p.Value > 1.03 {
		t.Errorf("the ratings' part: %+v", rated.Parts)
	}
}

func TestExplainsNothing(t *testing.T) {
	x := indexOf(shop())
	for _, text := range []string{"", "how do i", "🙂", "\xff\xfe", "quantum chromodynamics"} {
		if why := x.Explain(kb.Query{Text: text}); why.Fits || why.Words == nil || why.Results == nil {
			t.Errorf("%q: %+v", text, why)
		}
	}
	for _, r := range x.Explain(kb.Query{Text: "refund approval limits", Limit: 20}).Results {
		if r.Article == "ar_5" {
			t.Error("an internal article is explained to a visitor")
		}
	}
}

func TestContentWords(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "how do i": 0, "where is my parcel": 1, "change change my login email": 3, "باقة جديدة للشحن": 3, "a b c": 0,
	} {
		if got := kb.ContentWords(text); got != want {
			t.Errorf("ContentWords(%q) = %d, want %d", text, got, want)
		}
	}
}

// Half a question has little but its question words: they count more than in a whole one.
func TestTypingListensToQuestionWords(t *testing.T) {
	x := indexOf([]kb.Article{article("ar_1", "What is a voucher?", "A code for a gift."), article("ar_2", "Delivery times", "Two days.")})
	weigh := func(typing bool) float64 {
		t.Helper()
		words := x.Explain(kb.Query{Text: "what vou", Typing: typing}).Words
		if len(words) != 2 || words[0].Word != "what" {
			t.Fatalf("read as %+v", words)
		}
		return words[0].Weight
	}
	if whole, half := weigh(false), weigh(true); half <= whole {
		t.Errorf("the question word weighs %v in a whole question, %v while typing", whole, half)
	}
}
