package main

import (
	"encoding/json"
	"strings"

	"github.com/postern-chat/postern/verify"
)

// reader is a browser that came with a link, with a key of its own.
type reader struct {
	talk
	change string
}

// token is the secret in a link's fragment, and nothing else of it.
func (r *row) token(link map[string]any) string {
	r.Helper()
	address, _ := link["url"].(string)
	token, ok := strings.CutPrefix(address, r.url+"/transcript#")
	if !ok || len(token) != 43 {
		r.Fatalf("the link is %q", address)
	}
	return token
}

// comes opens a link in a new browser, which may ask for the login.
func (r *row) comes(token string) reader {
	r.Helper()
	b := newBrowser(r.T)
	o := reader{talk: talk{n: r.node, vic: r.visit(b), b: b}}
	r.again(&o, token)
	return o
}

func (r *row) again(o *reader, token string) {
	r.Helper()
	ok := o.vic.ok("transcript.open", map[string]any{"token": token})
	o.cv, _ = ok["visit"].(string)
	o.change, _ = ok["change"].(map[string]any)["id"].(string)
}

// login presses the button and gives the address of the login.
func (o reader) login(r *row) string {
	r.Helper()
	address, _ := o.vic.ok("change.open", map[string]any{"change": o.change, "page": r.url + "/transcript"})["url"].(string)
	return address
}

// locked asserts that a browser is shown nothing.
func (r *row) locked(c *client, change string) {
	r.Helper()
	r.refused(c, "context.locked", "transcript.read", map[string]any{"change": change})
}

// nothing asserts that a link opens nothing, whoever comes.
func (r *row) nothing(token string) {
	r.Helper()
	c := r.visit(newBrowser(r.T))
	f := c.do("transcript.open", map[string]any{"token": token})
	if e, _ := f["error"].(map[string]any); e["code"] != "not_found" {
		r.Errorf("the link answers %v", f)
	}
}

// reads finishes and gives the text that is shown then.
func (o reader) reads(r *row, back string) string {
	r.Helper()
	if !strings.HasPrefix(back, r.url+"/transcript#postern=") {
		r.Fatalf("the login comes back to %s", back)
	}
	r.locked(o.vic, o.change) // a login alone shows nothing: this browser must bring it home
	o.vic.ok("change.finish", o.finish(r.T, o.b, o.change, back))
	raw, err := json.Marshal(o.vic.ok("transcript.read", map[string]any{"change": o.change}))
	if err != nil {
		r.Fatal(err)
	}
	return string(raw)
}

// sentTo gives what the host was asked to tell its owners about links.
func (r *row) sentTo(h *hostSite) (out []map[string]any) {
	r.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.bodies {
		var m map[string]any
		if json.Unmarshal(b, &m) == nil && m["notice"] == "transcript" {
			out = append(out, m)
		}
	}
	return out
}

// noDestination asserts that a transcript is sent nowhere, whoever asks, with a line of the log for each who asks.
func (r *row) noDestination(k talk, to ...string) {
	r.Helper()
	asks := map[string]*client{"ag1": k.mia, "sn1": r.as("sn1"), "su1": r.as("su1"), "vic": k.vic}
	for _, c := range asks {
		for _, address := range to {
			r.refused(c, r.says("transcript.destination"), "transcript.link", map[string]any{"conversation": k.cv, "to": address})
		}
	}
	actors := map[string]int{}
	for _, l := range r.leaves() {
		if l.Reason == verify.TranscriptDestination && l.Conversation == k.cv {
			actors[l.Actor]++
		}
	}
	if len(actors) != len(asks) {
		r.Errorf("the log has refusals of %v", actors)
	}
	for _, address := range to {
		if n := r.mailsTo(address); n != 0 {
			r.Errorf("%d mails to %s", n, address)
		}
	}
}
