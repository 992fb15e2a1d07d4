package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/postern-chat/postern/gateway"
)

// noticesToAgents looks at every way by which something leaves the gateway for one of the staff without his asking:
// mail (answers, letters), the spool, and what the browser is told before a page is open.
func noticesToAgents(r *row) {
	r.alone(options{})
	const said = "The lid of my Yixing pot is cracked"
	k := r.talkIn(newBrowser(r.T), "ag1", said)
	r.reads15(k)
	r.given()
	k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "m2", "text": said + " again"})
	k.mia.ok("note.send", map[string]any{"conversation": k.cv, "client_id": "n", "text": "Look: " + said, "mentions": []gateway.ID{r.staff["su1"].ID}})
	r.as("ag2").ok("availability.set", map[string]any{"value": "available"})
	k.mia.ok("conversation.assign", map[string]any{"conversation": k.cv, "agent": r.staff["ag2"].ID, "note": said})
	job := gateway.Job{ID: "letter:" + string(r.staff["su1"].ID), Kind: gateway.JobLetter, Due: r.clock.now(), Payload: json.RawMessage(`{"agent":"` + string(r.staff["su1"].ID) + `","what":"policy"}`)}
	if err := r.Service.Store.Enqueue(r.Context(), job); err != nil {
		r.Fatal(err)
	}
	spool := filepath.Join(r.config.Data, "spool")
	r.until(func() string {
		if files, _ := os.ReadDir(spool); len(files) == 0 {
			return "the letter did not leave"
		}
		return ""
	})
	err := filepath.WalkDir(spool, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		r.silentNotice(path, said, string(b))
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
	for _, m := range r.mails() {
		if strings.HasSuffix(m.To, "@shop.test") {
			r.silentNotice("the outbox", said, string(m.Raw))
		}
	}
	// Without a console's own socket and cookie nothing is told to a phone: there is no subscription to give.
	for _, path := range []string{"/v1/push", "/sw.js", "/manifest.webmanifest"} {
		if status, _, b := r.call("ag1", "GET", path, ""); status != http.StatusNotFound {
			r.Errorf("%s answers %d %.200s", path, status, b)
		}
	}
	for _, topic := range []string{string(r.staff["ag2"].ID), string(r.box.ID), "settings"} { // what rings and previews are made of
		events, err := r.Service.Store.Events(r.Context(), topic, 0, 1000)
		if err != nil {
			r.Fatal(err)
		}
		for _, e := range events {
			r.silentNotice("an event of "+topic, said, string(e.Payload))
		}
	}
}

func (r *row) reads15(k talk) {
	r.Helper()
	r.reads(k, "ag1")
	r.shows("ag1", k.cv)
}

// silentNotice asserts that a notice says neither what was written nor what the account is.
func (r *row) silentNotice(where, said, text string) {
	r.Helper()
	if plain, err := url.QueryUnescape(text); err == nil {
		text += plain
	}
	text = strings.ReplaceAll(text, "=\r\n", "")
	if strings.Contains(text, said) {
		r.Errorf("%s holds the message: %.500s", where, text)
	}
	r.noForm(where, text)
}
