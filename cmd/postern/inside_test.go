package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway/web"
	"github.com/postern-chat/postern/kb"
)

// insideWords are in an internal article and nowhere else.
var insideWords = []string{"staffnote", "marzipan"}

func (r *row) keepsInside(where, text string) {
	r.Helper()
	for _, w := range insideWords {
		if strings.Contains(strings.ToLower(text), w) {
			r.Errorf("%s holds %q: %.600s", where, w, text)
		}
	}
}

// An internal article is in no answer to a visitor (P28): no command of his socket, no route that is open to everybody,
// no prompt of a model, whatever he asks and whatever id he names. Agents find it.
func TestInternalArticlesStayInside(t *testing.T) {
	b := newBrain(t)
	r := newRow(t, startFixture(t, "SQLite", options{config: b.with}))
	r.given()
	r.turn(true)
	b.set(func(a asked) (string, []kb.ToolCall) { return a.all(), nil })
	inside := r.note()
	r.explains("How long does delivery take", "Delivery takes 2 to 4 working days inside the country.")
	if _, err := r.store.articles.SavePin(t.Context(), kb.Pin{ID: "pin", Article: inside, Pattern: "/*"}); err != nil {
		t.Fatal(err)
	}
	k := r.talkIn(newBrowser(t), "ag1", "How long does delivery take?")
	if _, _, raw := r.get("ag1", "/v1/conversations/"+k.cv+"/suggest"); !strings.Contains(string(raw), "staffnote") {
		t.Fatalf("the agent does not find it, so the test shows nothing: %s", raw)
	}
	for _, cmd := range web.CommandsOf(false) {
		for _, args := range []map[string]any{
			{},
			{"q": "how long delivery takes", "typing": true},
			{"q": "how long delivery takes", "conversation": k.cv},
			{"article": inside},
			{"article": inside, "q": "delivery"},
			{"article": inside, "solved": false, "text": "it is wrong"},
			{"conversation": k.cv, "client_id": cmd, "article": inside},
		} {
			if cmd != "hello" && cmd != "conversation.close" {
				k.vic.do(cmd, args)
			}
		}
	}
	for _, f := range k.vic.frames {
		raw, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		r.keepsInside("a frame", string(raw))
	}
	r.answers(k.vic, "How long does delivery take?")
	r.openRoutes(inside, k.cv)
	for _, a := range heardOf(b) {
		r.keepsInside("a prompt", a.raw)
	}
}

// openRoutes asks every route as nobody, with the article's id wherever one fits.
func (r *row) openRoutes(article, cv string) {
	r.Helper()
	open := 0
	fill := strings.NewReplacer(":article", article, ":mailbox", r.box.Slug, ":locale", "en", ":id", article, ":title?", "staff", ":conversation", cv,
		":collection", "staff", ":handle", "x", ":name", "x", "*", "x")
	for _, route := range r.server.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if path == "/v1/socket" || method == http.MethodHead {
			continue
		}
		for _, more := range []string{"", "?q=how+long+delivery+takes&mailbox=" + r.box.Slug + "&page=https%3A%2F%2Fshop.test%2Fx&locale=en"} {
			res, _, body := r.web(method, fill.Replace(path)+more, "", `{"article":"`+article+`"}`)
			r.keepsInside(method+" "+path, body)
			if res.StatusCode == http.StatusOK {
				open++
			}
		}
	}
	if open < 8 {
		r.Errorf("only %d answers of open routes", open)
	}
}

// What the visitor searched, read and rated before he asked for a person stands beside the conversation from the moment
// it is claimed (P25).
func TestContextAtClaim(t *testing.T) {
	onBoth(t, func(t *testing.T, r *row) {
		article := r.explains("How long does delivery take", "Delivery takes 2 to 4 working days inside the country.")
		mia := r.as("ag1")
		mia.ok("availability.set", map[string]any{"value": "available"})
		vic := r.visit(newBrowser(t))
		vic.ok("article.search", map[string]any{"q": "deliver", "typing": true})
		vic.ok("article.search", map[string]any{"q": "delivery time"})
		vic.ok("article.open", map[string]any{"article": article, "q": "delivery time"})
		vic.ok("article.rate", map[string]any{"article": article, "solved": false})
		cv := r.starts(vic, map[string]any{"text": "Where is my parcel?"})
		mia.ok("conversation.claim", map[string]any{"conversation": cv})
		_, answer, raw := r.get("ag1", "/v1/conversations/"+cv)
		seen, _ := answer["context"].(map[string]any)
		searches, _ := seen["searches"].([]any)
		read, _ := seen["read"].([]any)
		if len(searches) != 1 || len(read) != 1 {
			t.Fatalf("the context is %s", raw)
		}
		first, _ := read[0].(map[string]any)
		if searches[0].(map[string]any)["q"] != "delivery time" || first["article"] != article || first["solved"] != false {
			t.Errorf("the context is %v", seen)
		}
		if status, _, _ := r.get("", "/v1/conversations/"+cv); status != http.StatusUnauthorized {
			t.Errorf("nobody reads it: %d", status)
		}
	})
}
