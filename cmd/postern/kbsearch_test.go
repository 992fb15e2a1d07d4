package main

import (
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// article stores a published one.
func (n *node) article(t *testing.T, title, body string, change func(*kb.Article)) string {
	t.Helper()
	a := kb.Article{
		ID: string(id(t, gateway.PrefixArticle)), Locale: "en", Visibility: kb.Public,
		Version: kb.Version{Title: title, Body: body, By: "ag_test"},
	}
	if change != nil {
		change(&a)
	}
	st := n.Service.Articles
	if _, err := st.SaveVersion(t.Context(), a, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Publish(t.Context(), a.ID, 1, "ag_test", time.Now()); err != nil {
		t.Fatal(err)
	}
	return a.ID
}

// What the command prints is what a visitor is shown: published public articles of the mailbox, nothing under the
// threshold, and with --explain the parts of each score.
func TestKBSearch(t *testing.T) {
	c := alone(t)
	n := openNode(t, c)
	n.article(t, "Return an order", "Send the parcel back within 30 days.", nil)
	n.article(t, "Refund limits of the team", "Agents may refund 50.", func(a *kb.Article) { a.Visibility = kb.Internal })
	n.article(t, "Retouren", "Schick das Paket zurück.", func(a *kb.Article) { a.Locale = "de" })
	search := func(want int, args ...string) string {
		return say(t, want, nil, append(append([]string{"kb", "search"}, args...), "--data", c.Data)...)
	}
	if out := search(exitOK, "retrun", "an", "order"); !strings.HasPrefix(out, "1. ar_") || !strings.Contains(out, "Return an order") || strings.Contains(out, "score") {
		t.Errorf("found: %q", out)
	}
	out := search(exitOK, "retrun", "an", "order", "--explain")
	for _, want := range []string{"coverage 0.", "retrun → return (repair", "score ", " words: ", `nearest phrasing "Return an order"`} {
		if !strings.Contains(out, want) {
			t.Errorf("explained without %q:\n%s", want, out)
		}
	}
	if out := search(exitOK, "refund limits"); strings.Contains(out, "Refund limits") {
		t.Errorf("an internal article: %q", out)
	}
	if out := search(exitOK, "quantum chromodynamics"); out != "nothing fits\n" {
		t.Errorf("nothing of ours: %q", out)
	}
	if out := search(exitOK, "Paket", "--locale", "de"); !strings.Contains(out, "Retouren") {
		t.Errorf("in German: %q", out)
	}
	if out := search(exitOK, "Paket", "--locale=en"); strings.Contains(out, "Retouren") {
		t.Errorf("in English: %q", out)
	}
	if out := search(exitFailed, "order", "--mailbox", "nowhere"); !strings.Contains(out, "nowhere") {
		t.Errorf("a mailbox that is not there: %q", out)
	}
	search(exitUsage)
	search(exitUsage, "--explain")
	search(exitUsage, "order", "--fast")
}
