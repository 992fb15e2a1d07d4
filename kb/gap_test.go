package kb

import (
	"slices"
	"testing"
	"time"
)

func search(n int, visitor, q string, coverage float64, articles ...string) Step {
	at := time.Date(2026, 1, 5, 9, 0, n, 0, time.UTC)
	return Step{Kind: StepSearch, At: at, Visitor: visitor, Query: q, Coverage: coverage, Articles: articles, Fits: len(articles) > 0}
}

// Questions that mean the same are one gap, however they are put or spelled; what was answered is none.
func TestGaps(t *testing.T) {
	steps := []Step{
		search(1, "vi_1", "do you ship to norway", 0),
		search(2, "vi_2", "Do you ship to Norway?", 0),
		search(3, "vi_3", "shipping norway", 0.2, "ar_b", "ar_a"),
		search(4, "vi_3", "can you ship to norwya", 0, "ar_a"),
		search(5, "vi_4", "gift card balance", 0.3, "ar_c"),
		search(6, "vi_5", "how do i get a refund", 0.9, "ar_d"),
		search(7, "vi_5", "", 0),
		{Kind: StepRead, Query: "do you ship to norway", Visitor: "vi_9"},
	}
	got := Gaps(steps)
	if len(got) != 2 {
		t.Fatalf("%d gaps: %+v", len(got), got)
	}
	g := got[0]
	if g.Text != "do you ship to norway" || g.Asked != 4 || g.None != 2 || g.Article != "ar_a" || !slices.Equal(g.Visitors, []string{"vi_1", "vi_2", "vi_3"}) ||
		!slices.Equal(g.Wordings, []string{"can you ship to norwya", "shipping norway"}) || g.At != steps[3].At {
		t.Errorf("first gap %+v", g)
	}
	if g := got[1]; g.Text != "gift card balance" || g.Asked != 1 || g.None != 0 || g.Article != "ar_c" {
		t.Errorf("second gap %+v", g)
	}
}

// Like words are one gap; questions that only share a common word are not.
func TestGapsByMeaning(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		same       bool
	}{
		{"a like word", "where is my refund", "refunds, where", true},
		{"an expression", "cannot sign in", "cannot login", true},
		{"another stem", "cancel my subscription", "cancelling subscriptions", true},
		{"one common word", "cancel my subscription", "cancel my parcel delivery today", false},
		{"nothing common", "gift card", "opening hours", false},
		{"only stop words, the same", "how are you", "how are you", true},
		{"in Arabic", "أين طلبي", "أين طلبي؟", true},
	} {
		got := Gaps([]Step{search(1, "vi_1", c.a, 0), search(2, "vi_2", c.b, 0), search(3, "vi_3", "quite another question here", 0)})
		if same := len(got) == 2; same != c.same {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestFindings(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	var articles []Article
	var d Deflected
	for _, n := range []struct {
		ArticleDeflects
		days int
	}{
		{ArticleDeflects{Article: "ar_bad", Read: 9, Solved: 2, Unsolved: 3}, 1},
		{ArticleDeflects{Article: "ar_good", Shown: 90, Read: 9, Solved: 3, Unsolved: 3, Chatted: 2}, 179},
		{ArticleDeflects{Article: "ar_unseen", Shown: 5}, 400},
		{ArticleDeflects{Article: "ar_mute", Read: 3}, 1},
		{ArticleDeflects{Article: "ar_vain", Read: 4, Solved: 1, Chatted: 3}, 1},
		{ArticleDeflects{Article: "ar_old", Read: 1, Solved: 1}, 180},
		{ArticleDeflects{Article: "ar_few", Shown: 4}, 1},
	} {
		articles = append(articles, Article{ID: n.Article, Status: Published, UpdatedAt: now.AddDate(0, 0, -n.days)})
		d.Articles = append(d.Articles, n.ArticleDeflects)
	}
	articles = append(
		articles, Article{ID: "ar_dated", Status: Published, UpdatedAt: now, ReviewBy: now},
		Article{ID: "ar_later", Status: Published, UpdatedAt: now.AddDate(-2, 0, 0), ReviewBy: now.AddDate(0, 0, 1)},
	)
	var got []string
	for _, f := range Findings(d, articles, now) {
		got = append(got, f.Why+" "+f.Article)
	}
	want := []string{"low_rated ar_bad", "never_solved ar_mute", "asked_anyway ar_vain", "never_opened ar_unseen", "stale ar_old", "stale ar_dated"}
	if !slices.Equal(got, want) {
		t.Errorf("findings %q, want %q", got, want)
	}
}
