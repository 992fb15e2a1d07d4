package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/widget"
)

// asker is a new browser on the page of one's own conversations, before any login.
func (r *row) asker() reader {
	r.Helper()
	b := newBrowser(r.T)
	o := reader{talk: talk{n: r.node, vic: r.visit(b), b: b}}
	r.asksAgain(&o)
	return o
}

func (r *row) asksAgain(o *reader) {
	r.Helper()
	ok := o.vic.ok("tickets.open", map[string]any{})
	o.cv, _ = ok["visit"].(string)
	o.change, _ = ok["change"].(map[string]any)["id"].(string)
}

// logsInAs finishes the login of an account and gives the ids that are listed then.
func (o reader) logsInAs(r *row, subject string) []string {
	r.Helper()
	r.ownLocked(o.vic, o.change)
	address, _ := o.vic.ok("change.open", map[string]any{"change": o.change, "page": r.url + "/tickets/support"})["url"].(string)
	status, answer := r.site.press(r.T, address, verify.LoginConfirmed, func(e map[string]any) { e["sub"] = subject })
	back, _ := answer["return"].(string)
	if status != http.StatusOK || !strings.HasPrefix(back, r.url+"/tickets/support#postern=") {
		r.Fatalf("%s logs in: %d %v", subject, status, answer)
	}
	r.ownLocked(o.vic, o.change) // a login alone shows nothing: this browser must bring it home
	o.vic.ok("change.finish", o.finish(r.T, o.b, o.change, back))
	return o.lists(r)
}

func (o reader) lists(r *row) (ids []string) {
	r.Helper()
	list, _ := o.vic.ok("tickets.list", map[string]any{"change": o.change})["conversations"].([]any)
	for _, c := range list {
		ids = append(ids, c.(map[string]any)["id"].(string))
	}
	return ids
}

// ownLocked asserts that a browser is shown nothing for a change.
func (r *row) ownLocked(c *client, change string) {
	r.Helper()
	r.refused(c, "context.locked", "tickets.list", map[string]any{"change": change})
	for _, k := range r.talks {
		r.refused(c, "context.locked", "tickets.read", map[string]any{"change": change, "conversation": k.cv})
	}
}

// "My tickets" (P26): nothing before a fresh login in the browser that asks, then the conversations of that account and
// of no other, for ten minutes. What somebody typed makes none his.
func TestOwnTickets(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			r := newRow(t, startFixture(t, engine, options{clock: true}))
			ownTickets(r)
		})
	}
}

func ownTickets(r *row) {
	const said, signed, hidden = "Where is the parcel with the red lid?", "My kettle came without its lid", "A word among us"
	proven := r.talkIn(newBrowser(r.T), "ag1", said)
	r.honest(proven)
	proven.mia.ok("note.send", map[string]any{"conversation": proven.cv, "client_id": "n", "text": hidden})
	b := newBrowser(r.T)
	vic := r.visit(b)
	vic.ok("identify", map[string]any{"token": r.site.session(r.T, "u-vic")})
	ticket := talk{n: r.node, vic: vic, b: b}
	ticket.cv = r.starts(vic, map[string]any{"text": signed, "email": "vic@shop.test", "ticket": true})
	typed := r.talkAs(newBrowser(r.T), "ag2", map[string]any{"text": "I am Harriet Quill", "name": "Harriet Quill", "email": typedEmail})
	r.talks = append(r.talks, ticket)

	stranger := r.asker()
	if ids := stranger.logsInAs(r, "u-mal"); len(ids) != 0 {
		r.Errorf("another account finds %v", ids)
	}
	for _, k := range r.talks {
		r.refused(stranger.vic, "context.locked", "tickets.read", map[string]any{"change": stranger.change, "conversation": k.cv})
	}

	o := r.asker()
	if ids := o.logsInAs(r, "u-vic"); len(ids) != 2 || !(ids[0] == ticket.cv && ids[1] == proven.cv || ids[0] == proven.cv && ids[1] == ticket.cv) {
		r.Errorf("the owner finds %v, want %s and %s", ids, proven.cv, ticket.cv)
	}
	for cv, want := range map[string]string{proven.cv: said, ticket.cv: signed} {
		raw, err := json.Marshal(o.vic.ok("tickets.read", map[string]any{"change": o.change, "conversation": cv}))
		if err != nil || !strings.Contains(string(raw), want) || strings.Contains(string(raw), hidden) {
			r.Errorf("the owner reads %s", raw)
		}
	}
	r.refused(o.vic, "context.locked", "tickets.read", map[string]any{"change": o.change, "conversation": typed.cv})
	r.ownLocked(r.asker().vic, o.change) // another browser
	r.ownLocked(stranger.vic, o.change)  // that has logged in for its own
	r.locked(o.vic, o.change)            // it is no transcript's
	r.refused(proven.mia, "role", "tickets.open", map[string]any{})
	r.refused(proven.mia, "role", "tickets.list", map[string]any{"change": o.change})
	r.reached(o, said)

	r.asksAgain(&o) // a reload: the window is still open, and is the same
	if ids := o.lists(r); len(ids) != 2 {
		r.Errorf("again: %v", ids)
	}
	r.clock.set(r.T, 10*time.Minute+time.Second)
	r.ownLocked(o.vic, o.change)
	r.audit(r.T)
	if out := say(r.T, exitOK, nil, "audit", "verify", r.export()); !strings.Contains(out, "ok:") {
		r.Errorf("the bundle: %s", out)
	}
}

// Who says "Not me" at the host ends that browser's asking for good; nothing was shown.
func TestOwnTicketsDisowned(t *testing.T) {
	onBoth(t, func(_ *testing.T, r *row) {
		r.honest(r.talk("ag1"))
		o := r.asker()
		address, _ := o.vic.ok("change.open", map[string]any{"change": o.change, "page": "https://evil.test/"})["url"].(string)
		if c := r.change(o.change); strings.Contains(c.Challenge.ReturnTo, "evil.test") {
			r.Errorf("the login comes back to %s", c.Challenge.ReturnTo)
		}
		if status, answer := r.site.press(r.T, address, verify.LoginDisowned, nil); status != http.StatusOK {
			r.Fatalf("not me: %d %v", status, answer)
		}
		r.stays(o.change, verify.Disowned)
		r.ownLocked(o.vic, o.change)
		if f := o.vic.do("tickets.open", map[string]any{}); f["error"] == nil {
			r.Errorf("it asks again: %v", f)
		}
	})
}

// The page is there where accounts can log in, holds nothing, and cannot be framed.
func TestTicketsPage(t *testing.T) {
	f := startFixture(t, "SQLite", options{})
	r := newRow(t, f)
	r.given()
	r.talkIn(newBrowser(t), "ag1", "Where is my teapot?")
	for path, want := range map[string]int{"/tickets/support": http.StatusOK, "/tickets/nowhere": http.StatusNotFound, "/tickets/": http.StatusNotFound} {
		res, _, body := r.web("GET", path, "", "")
		if unbuilt := !widget.Built() && want == http.StatusOK; unbuilt {
			want = http.StatusServiceUnavailable
		}
		if res.StatusCode != want || strings.Contains(body, "teapot") {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
		if policy := res.Header.Get("Content-Security-Policy"); want == http.StatusOK && !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: %s", path, policy)
		}
	}
}
