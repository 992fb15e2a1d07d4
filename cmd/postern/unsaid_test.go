package main

import (
	"crypto/rand"
	"testing"

	"github.com/postern-chat/postern/verify"
)

// An offer is a way past the leak guard to somebody who has proven nothing, unless it says only what he wrote.
func TestOfferSaysNothingNew(t *testing.T) {
	for _, name := range []string{"SQLite", "PostgreSQL"} {
		t.Run(name, func(t *testing.T) {
			r := newRow(t, startFixture(t, name, options{}))
			r.given()
			k := r.talk("ag1")
			drafted := func(value string) map[string]any {
				d := k.mia.ok("change.draft", r.draft(k, "name.change", map[string]string{"name": value}))
				return map[string]any{"change": d["change"].(map[string]any)["id"]}
			}
			for _, leak := range []string{
				"Vic, your mail is vic@example.com", "call +44 20 7946 0958", "card ending in 4242", "GB82 WEST 1234 5698 7654 32",
				"born on 4 May 1981", "https://shop.test@evil.test/", "14 Quay Lane, Marwick MK4 8PL",
			} {
				change := drafted(leak)
				r.refused(k.mia, "change.unsaid", "change.offer", change)
				r.stays(change["change"].(string), verify.Draft)
				r.logged(change["change"].(string), "change.unsaid", 1)
			}
			k.mia.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "m1", "text": "The card of your account ends in"})
			split := drafted("4242")
			r.refused(k.mia, "change.unsaid", "change.offer", split)
			plain := drafted("Victor Hale")
			k.mia.ok("change.offer", plain)
			k.mia.ok("change.withdraw", plain)
			k.types("Please write me as Vic vic@example.com")
			k.mia.ok("change.offer", drafted("Vic vic@example.com"))
			r.untouched()
		})
	}
}

// types is a message of the conversation's visitor: what he wrote himself may be offered.
func (k talk) types(text string) {
	k.vic.t.Helper()
	k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": rand.Text(), "text": text})
}
