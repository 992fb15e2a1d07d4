package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// A question without answer stands in the report; an article drafted from the resolved chat has nothing of the visitor's
// person; once an editor has published it the gap is gone, and the next visitor finds it with other words.
func TestFromGapToArticle(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		known := a.article(t, "Delivery times", "Parcels take two to four days.", nil)
		findable(t, known, a, b)
		ed := a.desk(t, "ed", gateway.RoleEditor)
		report := func() (gaps, findings []any) {
			t.Helper()
			r := ed.ok("GET", "/v1/reports?days=7&mailbox="+string(a.box.ID), nil)
			return r["gaps"].([]any), r["findings"].([]any)
		}
		if gaps, findings := report(); len(gaps) != 0 || len(findings) != 0 {
			t.Fatalf("before anybody asked: %v %v", gaps, findings)
		}
		b.visitor(t).ok("article.search", map[string]any{"q": "gift wrapping possible? order 48213"})
		vic := a.visitor(t)
		vic.ok("article.search", map[string]any{"q": "is gift wrapping possible"})
		mia := a.agent(t, 0)
		mia.ok("availability.set", map[string]any{"value": "available"})
		cv := vic.ok("conversation.start", map[string]any{
			"command_id": "s", "client_id": "m", "text": "Hello, my name is Vic Moss. Can my order AB-20931 be wrapped as a gift?", "name": "Vic Moss",
		})["conversation"].(map[string]any)["id"].(string)
		mia.ok("conversation.claim", map[string]any{"conversation": cv})
		mia.ok("note.send", map[string]any{"conversation": cv, "client_id": "n1", "text": "a difficult customer"})
		mia.ok("message.send", map[string]any{"conversation": cv, "client_id": "a1", "text": "Yes, Vic.\nTick gift wrapping in the basket, it costs nothing."})
		ed.refused("not_found", "GET", "/v1/conversations/"+cv+"/article", nil)
		mia.ok("conversation.close", map[string]any{"conversation": cv, "outcome": "resolved"})

		gaps, _ := report()
		if len(gaps) != 1 {
			t.Fatalf("gaps: %v", gaps)
		}
		g := gaps[0].(map[string]any)
		if g["asked"] != 2.0 || g["visitors"] != 2.0 || g["none"] != 2.0 || len(g["wordings"].([]any)) != 1 || fmt.Sprint(g["chats"]) != "["+cv+"]" || strings.Contains(fmt.Sprint(g), "48213") {
			t.Errorf("the gap: %v", g)
		}
		d := ed.ok("GET", "/v1/conversations/"+cv+"/article", nil)["draft"].(map[string]any)
		if text := fmt.Sprint(d); strings.Contains(text, "Vic") || strings.Contains(text, "Moss") || strings.Contains(text, "20931") || strings.Contains(text, "difficult") {
			t.Errorf("the draft tells too much: %v", d)
		}
		if d["body"] != "Yes,\nTick gift wrapping in the basket, it costs nothing." || len(d["messages"].([]any)) != 2 || d["title"] == "" {
			t.Errorf("the draft: %v", d)
		}
		saved := ed.ok("POST", "/v1/articles", map[string]any{
			"locale": "en", "title": "Gift wrapping", "phrasings": d["phrasings"], "body": d["body"],
		})["article"].(map[string]any)["id"].(string)
		if gaps, _ := report(); len(gaps) != 1 {
			t.Errorf("a draft closed the gap: %v", gaps)
		}
		ed.ok("POST", "/v1/articles/"+saved+"/publish", map[string]any{"version": 1})
		findable(t, saved, a, b)
		if gaps, _ := report(); len(gaps) != 0 {
			t.Errorf("after the article: %v", gaps)
		}
		found := b.visitor(t).ok("article.search", map[string]any{"q": "wrap it as gift please"})
		if r := found["results"].([]any); found["fits"] != true || r[0].(map[string]any)["article"] != saved {
			t.Errorf("the next visitor finds %v", found)
		}
		ed.refused("not_found", "GET", "/v1/conversations/cv_x/article", nil)
		ed.refused("invalid", "GET", "/v1/reports?days=x", nil)
		ed.refused("invalid", "GET", "/v1/reports?mailbox=x", nil)
	})
}

// An article that helped nobody stands in the report with what they wrote, without personal data.
func TestLowRatedReport(t *testing.T) {
	n := startNode(t, alone(t))
	bad := n.article(t, "Cancel the renewal of your plan", "Plans renew every month.", nil)
	findable(t, bad, n)
	for i := range 2 {
		c := n.visitor(t)
		c.ok("article.search", map[string]any{"q": "cancel the renewal"})
		c.ok("article.open", map[string]any{"article": bad, "q": "cancel the renewal"})
		c.ok("article.rate", map[string]any{"article": bad, "solved": false, "text": fmt.Sprintf("no such button, mail me at vic%d@mail.test", i)})
	}
	f := n.desk(t, "ed", gateway.RoleEditor).ok("GET", "/v1/reports", nil)["findings"].([]any)
	if len(f) != 1 {
		t.Fatalf("findings %v", f)
	}
	line := f[0].(map[string]any)
	if line["why"] != "low_rated" || line["article"] != bad || line["unsolved"] != 2.0 || len(line["texts"].([]any)) != 2 || strings.Contains(fmt.Sprint(line), "vic") {
		t.Errorf("finding %v", line)
	}
}
