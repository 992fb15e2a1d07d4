package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// An article whose date is over stands in the editors' list and in the report of every node until somebody says that he
// has looked at it; a refused date changes nothing.
func TestArticleReview(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		article := a.article(t, "Delivery times", "Parcels take two to four days.", nil)
		findable(t, article, a, b)
		ed := a.desk(t, "ed", gateway.RoleEditor)
		path := "/v1/articles/" + article
		listed := func() map[string]any {
			t.Helper()
			list := ed.ok("GET", "/v1/articles", nil)["articles"].([]any)
			if len(list) != 1 {
				t.Fatalf("%d articles", len(list))
			}
			return list[0].(map[string]any)
		}
		stale := func(n *node) int {
			t.Helper()
			return len(desk{t, n, ed.cookie}.ok("GET", "/v1/reports?days=7", nil)["findings"].([]any))
		}
		if l := listed(); l["overdue"] != false || l["review_by"] != 0.0 || l["reviewed_at"] != 0.0 || l["due_at"].(float64) != l["updated_at"].(float64)+float64(kb.StaleAfter.Milliseconds()) {
			t.Errorf("just published: %v", l)
		}
		for name, in := range map[string]map[string]any{
			"before all time": {"by": -1, "done": true}, "in eleven years": {"by": time.Now().AddDate(11, 0, 0).UnixMilli(), "done": true},
		} {
			ed.refused("invalid", "POST", path+"/review", in)
			if l := listed(); l["review_by"] != 0.0 || l["reviewed_at"] != 0.0 {
				t.Errorf("%s was taken: %v", name, l)
			}
		}
		ed.refused("not_found", "POST", "/v1/articles/"+string(id(t, gateway.PrefixArticle))+"/review", map[string]any{"by": 0, "done": true})
		over := time.Now().Add(-time.Hour).UnixMilli()
		ed.ok("POST", path+"/review", map[string]any{"by": over, "done": false})
		if l := listed(); l["overdue"] != true || l["review_by"] != float64(over) || l["due_at"] != float64(over) || l["reviewed_at"] != 0.0 {
			t.Errorf("past its date: %v", l)
		}
		for _, n := range []*node{a, b} {
			waitFor(t, "the report to name it", func() bool { return stale(n) == 1 })
		}
		done := ed.ok("POST", path+"/review", map[string]any{"by": 0, "done": true})["article"].(map[string]any)
		if done["overdue"] != false || done["review_by"] != 0.0 || done["reviewed_by"] == nil || done["due_at"].(float64) != done["reviewed_at"].(float64)+float64(kb.StaleAfter.Milliseconds()) || done["published"] != 1.0 {
			t.Errorf("reviewed: %v", done)
		}
		for _, n := range []*node{a, b} {
			waitFor(t, "the report to be empty", func() bool { return stale(n) == 0 })
		}
		if status, _ := a.desk(t, "agent", gateway.RoleAgent).call("POST", path+"/review", map[string]any{"by": 0, "done": true}); status != http.StatusForbidden {
			t.Errorf("an agent reviewed: %d", status)
		}
	})
}
