package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// eachPair runs a test on one node with SQLite, and on two with PostgreSQL and Redis.
func eachPair(t *testing.T, run func(t *testing.T, a, b *node)) {
	t.Run("SQLite, one node", func(t *testing.T) {
		n := startNode(t, alone(t))
		run(t, n, n)
	})
	t.Run("PostgreSQL, two nodes", func(t *testing.T) {
		c := shared(t)
		a := startNode(t, c)
		b := openNode(t, c)
		b.box, b.agents = a.box, a.agents
		run(t, a, b)
	})
}

// findable waits until searches of both nodes know an article.
func findable(t *testing.T, article string, nodes ...*node) {
	t.Helper()
	for _, n := range nodes {
		waitFor(t, "the index to have "+article, func() bool { _, ok := n.Service.Index.Public(article); return ok })
	}
}

// visitor opens the widget in a new browser.
func (n *node) visitor(t *testing.T) *client {
	t.Helper()
	c := n.dial(t, nil)
	newBrowser(t).hello(t, c, nil)
	return c
}

// solved searches, reads and says that it helped.
func (c *client) solved(article, q string) {
	c.t.Helper()
	c.ok("article.search", map[string]any{"q": q})
	c.ok("article.open", map[string]any{"article": article, "q": q})
	c.ok("article.rate", map[string]any{"article": article, "solved": true})
}

func phrasings(d desk, query string) []map[string]any {
	d.t.Helper()
	var out []map[string]any
	for _, p := range d.ok("GET", "/v1/phrasings"+query, nil)["phrasings"].([]any) {
		out = append(out, p.(map[string]any))
	}
	return out
}

// A visitor's question that an article answered is proposed, without what is his; nothing changes until an editor
// approves it, and then it counts on every node.
func TestLearningLoop(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		article := a.article(t, "Cancel the renewal of your plan", "Plans renew every month. Open Plan and press End.", nil)
		other := a.article(t, "Delivery times", "Parcels take two to four days.", nil)
		findable(t, article, a, b)
		findable(t, other, a, b)
		ed := a.desk(t, "ed", gateway.RoleEditor)
		const asked = "you keep charging me every month, order 48213 vic@mail.test +44 7700 900123"
		first := a.visitor(t)
		first.solved(article, asked)
		first.ok("article.rate", map[string]any{"article": article, "solved": true})
		b.visitor(t).solved(article, "You keep charging ME every month! ORDER #99123 ada@mail.test")
		list := phrasings(ed, "")
		if len(list) != 1 || list[0]["count"] != 2.0 || list[0]["article"] != article || list[0]["state"] != "proposed" {
			t.Fatalf("proposed: %v", list)
		}
		// Two sessions, whose 24 hours are not over.
		d := ed.ok("GET", "/v1/deflection?days=1&mailbox="+string(a.box.ID), nil)
		line := d["articles"].([]any)[0].(map[string]any)
		if d["sessions"] != 2.0 || d["waiting"] != 2.0 || d["confirmed"] != 0.0 || line["article"] != article || line["solved"] != 3.0 || line["title"] == "" {
			t.Errorf("deflection: %v", d)
		}
		if d := ed.ok("GET", "/v1/deflection?mailbox="+string(id(t, gateway.PrefixMailbox)), nil); d["sessions"] != 0.0 {
			t.Errorf("of another mailbox: %v", d)
		}
		ed.refused("invalid", "GET", "/v1/deflection?days=-1", nil)
		text := list[0]["text"].(string)
		if !strings.Contains(text, "keep charging me every month") || strings.ContainsAny(text, "@+0123456789") {
			t.Errorf("proposed as %q", text)
		}
		q := kb.Query{Text: "why do they keep charging"}
		for _, n := range []*node{a, b} {
			if f := n.Service.Index.Search(q); f.Fits() {
				t.Errorf("before anybody approved: %+v", f)
			}
		}
		ed.ok("POST", "/v1/phrasings/decide", map[string]any{"ids": []string{list[0]["id"].(string)}, "state": "approved"})
		for _, n := range []*node{a, b} {
			waitFor(t, "the approved phrasing to count", func() bool {
				e := n.Service.Index.Explain(q)
				return e.Fits && e.Results[0].Article == article && e.Results[0].Learned
			})
		}
		if x, y := fmt.Sprint(a.Service.Index.Search(q)), fmt.Sprint(b.Service.Index.Search(q)); x != y {
			t.Errorf("two nodes rank apart:\n%s\n%s", x, y)
		}
		found := b.visitor(t).ok("article.search", map[string]any{"q": q.Text})
		if r := found["results"].([]any); found["fits"] != true || r[0].(map[string]any)["article"] != article {
			t.Errorf("the next visitor finds %v", found)
		}
		ed.ok("POST", "/v1/phrasings/decide", map[string]any{"ids": []string{list[0]["id"].(string)}, "state": "rejected"})
		for _, n := range []*node{a, b} {
			waitFor(t, "a phrasing taken back to be gone", func() bool { return !n.Service.Index.Search(q).Fits() })
		}
	})
}

// What says that an article helped teaches nothing when searching the question does not find it, when it asks too
// little, or when it is somebody's own data.
func TestLearnsNothingFrom(t *testing.T) {
	n := startNode(t, alone(t))
	article := n.article(t, "Cancel the renewal of your plan", "Plans renew every month.", nil)
	inside := n.article(t, "Refund limits of the renewal team", "For agents.", func(a *kb.Article) { a.Visibility = kb.Internal })
	findable(t, article, n)
	ed := n.desk(t, "ed", gateway.RoleEditor)
	for _, q := range []string{
		"", "renewal", "cancel renewal", "buy cheap watches online now", "🙂🙂🙂", "plan 4111 1111 1111 1111", strings.Repeat("renewal plan month ", 200),
	} {
		c := n.visitor(t)
		c.ok("article.open", map[string]any{"article": article, "q": q})
		c.ok("article.rate", map[string]any{"article": article, "solved": true})
	}
	c := n.visitor(t)
	c.ok("article.search", map[string]any{"q": "cancel my renewal plan this month"})
	c.ok("article.open", map[string]any{"article": article, "q": "cancel my renewal plan this month"})
	c.ok("article.rate", map[string]any{"article": article, "solved": false})
	c.refused("not_found", "article.rate", map[string]any{"article": inside, "solved": true})
	for _, p := range phrasings(ed, "") {
		if !strings.HasPrefix(p["text"].(string), "renewal plan month") || len(p["text"].(string)) > 80 {
			t.Errorf("proposed %v", p)
		}
	}
	ed.refused("invalid", "POST", "/v1/phrasings/decide", map[string]any{"ids": []string{}, "state": "approved"})
	ed.refused("invalid", "POST", "/v1/phrasings/decide", map[string]any{"ids": []string{"ph_x"}, "state": "approved"})
	ed.refused("not_found", "POST", "/v1/phrasings/decide", map[string]any{"ids": []string{string(id(t, gateway.PrefixPhrasing))}, "state": "approved"})
	ed.refused("invalid", "POST", "/v1/phrasings/decide", map[string]any{"ids": []string{string(id(t, gateway.PrefixPhrasing))}, "state": "proposed"})
	ed.refused("invalid", "GET", "/v1/phrasings?state=x", nil)
	ed.refused("not_found", "POST", "/v1/phrasings", map[string]any{"article": inside, "text": "why does nobody answer my renewal"})
	ed.refused("invalid", "POST", "/v1/phrasings", map[string]any{"article": article, "text": "why"})
}

// The article that an agent sent, in a conversation that ended resolved, is proposed the question before it.
func TestLearnsFromWhatAgentsSend(t *testing.T) {
	n := startNode(t, alone(t))
	article := n.article(t, "Cancel the renewal of your plan", "Plans renew every month.", nil)
	findable(t, article, n)
	ed := n.desk(t, "ed", gateway.RoleEditor)
	for i, outcome := range []string{"idle", "resolved"} {
		mia := n.agent(t, i)
		mia.ok("availability.set", map[string]any{"value": "available"})
		vic := n.visitor(t)
		cv := vic.ok("conversation.start", map[string]any{
			"command_id": "s", "client_id": "m", "text": "Hello, my name is Vic. Money vanishes from Vic's account, ref AB-20931", "name": "Vic",
		})["conversation"].(map[string]any)["id"].(string)
		mia.ok("conversation.claim", map[string]any{"conversation": cv})
		mia.ok("message.send", map[string]any{"conversation": cv, "client_id": "a1", "text": "", "article": article})
		mia.ok("conversation.close", map[string]any{"conversation": cv, "outcome": outcome})
		if list := phrasings(ed, ""); len(list) != i {
			t.Fatalf("%s: %v", outcome, list)
		}
	}
	p := phrasings(ed, "")[0]
	text := p["text"].(string)
	if !strings.Contains(text, "Money vanishes") || strings.Contains(text, "Vic") || strings.ContainsAny(text, "0123456789") {
		t.Errorf("proposed %q", text)
	}
	if s := p["sources"].([]any)[0].(map[string]any); s["how"] != "sent" || !gateway.ID(s["id"].(string)).Is(gateway.PrefixConversation) {
		t.Errorf("its source: %v", s)
	}
}

// An article that an agent sends is counted once, in a chat and in a ticket, and belongs to no visit of the help (P22).
func TestGuidesSentAreCounted(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		article := a.article(t, "Cancel the renewal of your plan", "Plans renew every month.", nil)
		findable(t, article, a, b)
		ed, mia, vic := b.desk(t, "ed", gateway.RoleEditor), a.agent(t, 0), a.visitor(t)
		mia.ok("availability.set", map[string]any{"value": "available"})
		chat := vic.ok("conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "It renews"})["conversation"].(map[string]any)["id"]
		mia.ok("conversation.claim", map[string]any{"conversation": chat})
		for _, id := range []string{"1", "1", "2"} { // one of them again
			mia.ok("message.send", map[string]any{"conversation": chat, "client_id": id, "text": "", "article": article})
		}
		mia.ok("message.send", map[string]any{"conversation": chat, "client_id": "3", "text": "No article"})
		mia.ok("ticket.send", map[string]any{"conversation": a.visitor(t).asks("And mine?"), "client_id": "t", "text": "", "article": article})
		waitFor(t, "three to be counted", func() bool { return guidesSent(ed, article) == 3 })
		if d := ed.ok("GET", "/v1/deflection", nil); d["sessions"] != 0.0 {
			t.Errorf("visits: %v", d)
		}
	})
}

func guidesSent(d desk, article string) float64 {
	for _, line := range d.ok("GET", "/v1/deflection", nil)["articles"].([]any) {
		if l := line.(map[string]any); l["article"] == article {
			return l["sent"].(float64)
		}
	}
	return 0
}
