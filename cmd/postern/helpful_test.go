package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// counts lets the gateway count now what helped.
func (n *node) counts(t *testing.T, name string) {
	t.Helper()
	job := gateway.Job{ID: "count-help:" + name, Kind: gateway.JobCountHelp, Due: time.Now().Add(-time.Minute)}
	if err := n.Service.Store.Enqueue(t.Context(), job); err != nil {
		t.Fatal(err)
	}
}

// suggested gives what a visitor of a page is shown before he types.
func (n *node) suggested(t *testing.T, page string) (out []string) {
	t.Helper()
	status, answer := desk{t, n, &http.Cookie{}}.call("GET", "/v1/suggest?mailbox="+n.box.Slug+"&page="+url.QueryEscape(page), nil)
	if status != http.StatusOK {
		t.Fatalf("suggest: %d %v", status, answer)
	}
	for _, r := range answer["results"].([]any) {
		out = append(out, r.(map[string]any)["article"].(string))
	}
	return out
}

// Ratings change the ranking once they are counted, on every node alike: also on one that started between the rating and
// the count (P20, K11).
func TestRatingsCountOnEveryNode(t *testing.T) {
	t.Run("SQLite, one node", func(t *testing.T) {
		n := startNode(t, alone(t))
		ratingsCount(t, []*node{n}, nil)
	})
	t.Run("PostgreSQL, two nodes and a late one", func(t *testing.T) {
		c := shared(t)
		a := startNode(t, c)
		ratingsCount(t, []*node{a, openNode(t, c)}, func() *node { return openNode(t, c) })
	})
}

func ratingsCount(t *testing.T, nodes []*node, late func() *node) {
	a := nodes[0]
	for _, title := range []string{"Delivery of letters", "Delivery of parcels"} {
		findable(t, a.article(t, title, "It takes two days.", nil), nodes...)
	}
	ranks := func(n *node) string { return fmt.Sprint(n.Service.Index.Search(kb.Query{Text: "delivery"})) }
	found := a.Service.Index.Search(kb.Query{Text: "delivery"}).Results
	if len(found) != 2 || found[0].Score != found[1].Score {
		t.Fatalf("the two are not alike: %+v", found)
	}
	before, second := ranks(a), found[1].Article
	for i := range 25 {
		if err := a.Service.Articles.Rate(t.Context(), kb.Rating{Article: second, Version: 1, Visitor: fmt.Sprint("vi_", i), Solved: true, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	if late != nil {
		n := late()
		findable(t, second, n)
		nodes = append(nodes, n)
	}
	for i, n := range nodes {
		if got := ranks(n); got != before {
			t.Errorf("node %d ranks by what is not counted:\n%s\n%s", i, got, before)
		}
	}
	a.counts(t, "one")
	for _, n := range nodes {
		waitFor(t, "the ratings to count", func() bool {
			r := n.Service.Index.Search(kb.Query{Text: "delivery"}).Results
			return r[0].Article == second && r[0].Score > r[1].Score && r[0].Score <= 1.03*r[1].Score
		})
		if ranks(n) != ranks(a) {
			t.Errorf("two nodes rank apart:\n%s\n%s", ranks(n), ranks(a))
		}
	}
}

// Before typing a visitor is shown the page's pins, then what solved most on that page, then what solved most; what may
// not be read there any more is left out.
func TestSuggestedByPage(t *testing.T) {
	n := startNode(t, alone(t))
	const here, elsewhere = "https://shop.test/orders", "https://shop.test/plans"
	all := map[string]string{}
	for _, title := range []string{"Delivery times", "Return an order", "Change your plan", "Pay by card", "Wholesale prices"} {
		all[title] = n.article(t, title, "Words about it.", func(a *kb.Article) {
			if title == "Wholesale prices" {
				a.Mailboxes = []string{string(id(t, gateway.PrefixMailbox))}
			}
		})
		findable(t, all[title], n)
	}
	usual := n.suggested(t, here)
	pays := slices.DeleteFunc([]string{all["Delivery times"], all["Return an order"], all["Change your plan"], all["Pay by card"]}, func(a string) bool { return slices.Contains(usual, a) })[0]
	b := newBrowser(t)
	vic := n.dial(t, nil)
	hello := b.greet(t, vic.nonce, nil)
	hello["page"] = here + "?order=48213#top"
	vic.ok("hello", hello)
	for _, a := range []string{pays, usual[1]} {
		vic.ok("article.open", map[string]any{"article": a})
		vic.ok("article.rate", map[string]any{"article": a, "solved": true})
	}
	wholesale := kb.Step{ID: "hs_x", At: time.Now(), Kind: kb.StepSolved, Visitor: "vi_x", Mailbox: string(n.box.ID), Page: here, Articles: []string{all["Wholesale prices"]}}
	if err := n.Service.Articles.AddStep(t.Context(), wholesale); err != nil {
		t.Fatal(err)
	}
	if got := n.suggested(t, elsewhere); !slices.Equal(got, usual) {
		t.Errorf("before the count: %q, want %q", got, usual)
	}
	n.counts(t, "one")
	here3 := []string{pays, usual[1]}
	slices.Sort(here3)
	waitFor(t, "what helped here", func() bool {
		list, err := n.Service.Suggest(t.Context(), n.box.ID, here, "en")
		return err == nil && list[0].Article == here3[0] && list[1].Article == here3[1]
	})
	if got := n.suggested(t, here+"?order=1#x"); !slices.Equal(got[:2], here3) {
		t.Errorf("on the same page with another query: %q", got)
	}
	if got := n.suggested(t, elsewhere); len(got) != 3 {
		t.Errorf("elsewhere: %q", got)
	}
	if _, err := n.Service.Articles.SavePin(t.Context(), kb.Pin{ID: "pn_1", Article: usual[0], Pattern: "/orders"}); err != nil {
		t.Fatal(err)
	}
	if got := n.suggested(t, here); !slices.Equal(got, []string{usual[0], here3[0], here3[1]}) {
		t.Errorf("with a pin: %q", got)
	}
	if _, err := n.Service.Articles.Archive(t.Context(), pays, "ag_test", time.Now()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "what was taken down to go", func() bool { _, ok := n.Service.Index.Any(pays); return !ok })
	if got := n.suggested(t, here); slices.Contains(got, pays) || len(got) != 3 {
		t.Errorf("taken down: %q", got)
	}
}
