package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/verifytest"
)

// abuseTranscript: old conversations are read behind a login of the same account, and told to nobody else.
func abuseTranscript() map[string]func(r *row) {
	return map[string]func(r *row){
		"A06": mailTranscript, "I08": missedTranscript, "I09": otherTyped, "I10": someoneElse, "I15": noticesToAgents, "J02": continuedElsewhere,
	}
}

// evil is where an attacker wants a transcript to go.
const evil = "x@evil.test"

func mailTranscript(r *row) {
	const said = "This is vic, and I have lost my old chats"
	k := r.talkIn(newBrowser(r.T), "ag1", said)
	r.noDestination(k, evil, "support@shop.test", "harriet.quill@example-mail.com")
	link := k.mia.ok("transcript.link", map[string]any{"conversation": k.cv})
	if link["told"] != false {
		r.Errorf("an unproven conversation's owner was told: %v", link)
	}
	r.nothing(r.token(link)) // nobody was proven there, so nobody's login opens it
}

func missedTranscript(r *row) {
	b := newBrowser(r.T)
	k := talk{n: r.node, vic: r.visit(b), mia: r.as("ag1"), b: b}
	k.vic.ok("identify", map[string]any{"token": r.site.session(r.T, "u-vic")})
	const said = "Nobody was there when I asked about the blue teapot"
	k.cv = r.starts(k.vic, map[string]any{"text": said, "email": evil, "ticket": true})
	r.talks = append(r.talks, k)
	link := k.vic.ok("transcript.link", map[string]any{"conversation": k.cv})
	if n := r.mailsTo(evil); n != 0 || link["told"] != false {
		r.Errorf("%d mails to the typed address, told %v", n, link["told"])
	}
	token := r.token(link)
	o := r.comes(token)
	r.locked(o.vic, o.change)
	if text := o.reads(r, r.confirm(o.login(r))); !strings.Contains(text, said) {
		r.Errorf("after the login of the host's own session's account it shows %s", text)
	}

	// Proven: then the owner hears of it from the host, in one line, without a word that was written.
	const secret = "A word that only this conversation has"
	p := r.talkIn(newBrowser(r.T), "ag1", secret)
	change := r.honest(p)
	r.given()
	p.mia.ok("conversation.close", map[string]any{"conversation": p.cv, "outcome": "resolved"})
	link = p.vic.ok("transcript.link", map[string]any{"conversation": p.cv})
	address, _ := link["url"].(string)
	var notice map[string]any
	r.until(func() string {
		for _, m := range r.sentTo(r.site) {
			if m["link"] == address {
				notice = m
				return ""
			}
		}
		return "the host was not asked to tell the owner"
	})
	if link["told"] != true || notice["sub"] != "u-vic" {
		r.Errorf("told %v: %v", link["told"], notice)
	}
	for key := range notice {
		if !slices.Contains([]string{"type", "notice", "link", "sub", "challenge", "conversation", "commit"}, key) {
			r.Errorf("the notice has %q", key)
		}
	}
	if raw, _ := json.Marshal(notice); strings.Contains(string(raw), secret) || strings.Contains(string(raw), p.cv) {
		r.Errorf("the notice says %s", raw)
	}
	r.until(func() string {
		if !r.site.told(r.T, "u-vic", "read a conversation with support") {
			return "the owner was not told"
		}
		return ""
	})
	r.ownersMail(address, secret)
	r.stays(change, verify.Applied)
	for _, m := range r.mails() {
		if strings.Contains(string(m.Raw), secret) || strings.Contains(string(m.Raw), "/transcript#") {
			r.Errorf("a mail to %s: %s", m.To, m.Raw)
		}
	}
}

// ownersMail asserts that the host has mailed the link to the address of the account, with one line and no message.
func (r *row) ownersMail(address, secret string) {
	r.Helper()
	var found []string
	r.until(func() string {
		files, _ := filepath.Glob(filepath.Join(r.site.shop.Data, "mail", "*.eml"))
		found = nil
		for _, f := range files {
			if b, err := os.ReadFile(f); err == nil && strings.Contains(string(b), address) {
				found = append(found, string(b))
			}
		}
		if len(found) == 0 {
			return "the host has mailed nothing"
		}
		return ""
	})
	var owner string // a row before may have changed it, by an honest login
	if err := r.site.db.QueryRow("SELECT email FROM customers WHERE id = 'u-vic'").Scan(&owner); err != nil {
		r.Fatal(err)
	}
	_, body, _ := strings.Cut(found[0], "\r\n\r\n")
	if len(found) != 1 || !strings.Contains(found[0], "To: <"+owner+">") || strings.Count(body, "\r\n") != 1 || strings.Contains(found[0], secret) {
		r.Errorf("the host mailed %q", found)
	}
}

// mails gives every mail that was ever made.
func (r *row) mails() (out []gateway.Mail) {
	r.Helper()
	box, err := r.Service.Store.Outbox(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	for _, b := range box {
		m, err := r.Service.Store.Mail(r.Context(), b.Message)
		if err != nil {
			r.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func otherTyped(r *row) {
	b := newBrowser(r.T)
	k := r.talkAs(b, "ag1", map[string]any{"text": "Please send me our chat", "email": evil})
	r.honest(k)
	r.given()
	r.noDestination(k, evil)
	link := k.mia.ok("transcript.link", map[string]any{"conversation": k.cv})
	r.until(func() string {
		for _, m := range r.sentTo(r.site) {
			if m["link"] == link["url"] && m["sub"] == "u-vic" && m["claimed"] == nil {
				return ""
			}
		}
		return "the host was not asked"
	})
	for _, m := range r.mails() {
		if m.To == evil {
			r.Errorf("a mail to the typed address: %s", m.Raw)
		}
	}
	f := k.vic.do("transcript.link", map[string]any{"conversation": k.cv})
	if e, _ := f["error"].(map[string]any); e["code"] != "too_many" {
		r.Errorf("a second link on the same day: %v", f)
	}
}

// stranger logs in as somebody else, at the host of the link.
func (r *row) stranger(o reader) {
	r.Helper()
	as := func(e map[string]any) { e["sub"] = "u-mal" }
	status, answer := r.site.press(r.T, o.login(r), verify.LoginConfirmed, as)
	r.answered(status, answer, http.StatusForbidden, "proof.subject")
	r.tokenless(answer)
	r.stays(o.change, verify.Failed)
	r.logged(o.change, "proof.subject", 1)
	r.locked(o.vic, o.change)
}

func someoneElse(r *row) {
	r.alone(options{clock: true})
	const said = "Where is the parcel with the red lid?"
	k := r.talkIn(newBrowser(r.T), "ag1", said)
	other := r.talkIn(newBrowser(r.T), "ag2", "Another conversation altogether")
	r.honest(k)
	r.given()
	k.mia.ok("note.send", map[string]any{"conversation": k.cv, "client_id": "n", "text": "A word among us"})
	k.mia.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "a", "text": "It is on its way."})
	token := r.token(k.mia.ok("transcript.link", map[string]any{"conversation": k.cv}))
	r.onlyHash(token)

	o := r.comes(token)
	r.locked(o.vic, o.change)
	r.refused(k.mia, "role", "transcript.read", map[string]any{"change": o.change})
	r.refused(k.mia, "role", "transcript.open", map[string]any{"token": token})
	if f := k.vic.do("transcript.open", map[string]any{"token": token}); f["error"].(map[string]any)["code"] != "unauthenticated" {
		r.Errorf("the conversation's own browser opens the link: %v", f)
	}
	r.stranger(o)

	r.again(&o, token)
	back := r.confirm(o.login(r))
	thief := r.comes(token) // the same link in another browser, which has caught the finish token
	stolen := thief
	stolen.cv = o.cv
	stolen.talk.vic = o.vic
	args := stolen.finish(r.T, thief.b, o.change, back)
	f := thief.vic.do("change.finish", args)
	if e, _ := f["error"].(map[string]any); e["code"] != "not_found" { // it may not even name the other's visit
		r.Errorf("a caught token in another browser: %v", f)
	}
	text := o.reads(r, back)
	if !strings.Contains(text, said) || !strings.Contains(text, "on its way") {
		r.Errorf("the owner reads %s", text)
	}
	for _, never := range []string{"among us", "Another conversation", other.cv, k.cv} {
		if strings.Contains(text, never) {
			r.Errorf("the owner reads %q", never)
		}
	}
	r.locked(thief.vic, o.change)
	r.locked(thief.vic, thief.change)
	r.refused(k.mia, "role", "transcript.read", map[string]any{"change": o.change})
	r.reached(o, said)
	r.audit(r.T)
	if out := say(r.T, exitOK, nil, "audit", "verify", r.export()); !strings.Contains(out, "ok:") {
		r.Errorf("the bundle: %s", out)
	}

	r.clock.set(r.T, 10*time.Minute+time.Second)
	r.locked(o.vic, o.change)
	r.clock.set(r.T, 7*24*time.Hour-time.Minute)
	r.comes(token)
	r.clock.set(r.T, 7*24*time.Hour+time.Minute)
	r.nothing(token)
	if status, answer := r.look(token); status != http.StatusNotFound {
		r.Errorf("after 7 days the page learns %d %v", status, answer)
	}
}

// reached asserts that what is proven stays proven, without a receipt or a delivery: there is nothing to carry out.
func (r *row) reached(o reader, said string) {
	r.Helper()
	row := r.change(o.change)
	if row.State != verify.Proven || row.Receipt != nil || row.Proof.Subject != "u-vic" {
		r.Errorf("the change is %s with receipt %v", row.State, row.Receipt)
	}
	if _, err := r.Service.Guard.Release(r.Context(), o.change); verify.ReasonOf(err) != verify.ChangeState {
		r.Errorf("it was released: %v", err)
	}
	for _, b := range r.site.bodies {
		if strings.Contains(string(b), o.change) || strings.Contains(string(b), said) {
			r.Errorf("the host was sent %s", b)
		}
	}
}

// onlyHash looks for a link's token in the whole database.
func (r *row) onlyHash(token string) {
	r.Helper()
	for _, table := range []string{"transcripts", "jobs", "events", "changes", "log_leaves", "settings"} {
		for _, text := range r.all(table) {
			if strings.Contains(text, token) {
				r.Errorf("%s holds the token", table)
			}
		}
	}
	if strings.Contains(r.log.String(), token) {
		r.Error("the process's log holds the token")
	}
}

// all gives the rows of a table as text.
func (r *row) all(table string) []string {
	r.Helper()
	rows, err := r.sql(r.T).Query("SELECT * FROM " + table)
	if err != nil {
		r.Fatal(err)
	}
	return texts(r.T, rows)
}

// look is what the page asks for before anybody logs in.
func (r *row) look(token string) (int, map[string]any) {
	r.Helper()
	res, out, _ := r.web("POST", "/v1/transcript/look", "", `{"token":"`+token+`"}`)
	return res.StatusCode, out
}

func continuedElsewhere(r *row) {
	const said = "My kettle never came"
	k := r.talkIn(newBrowser(r.T), "ag1", said)
	s := r.begin(k)
	s.back()
	s.applied(k) // proven at the club's provider
	r.given()
	k.mia.ok("conversation.release", map[string]any{"conversation": k.cv})
	k.vic.ok("conversation.ticket", map[string]any{"conversation": k.cv, "email": evil})
	token := r.token(r.as("ag1").ok("transcript.link", map[string]any{"conversation": k.cv}))
	status, page := r.look(token)
	if raw, _ := json.Marshal(page); status != http.StatusOK || strings.Contains(string(raw), said) || strings.Contains(string(raw), k.cv) {
		r.Errorf("before the login the page learns %d %s", status, raw)
	}
	o := r.comes(token)
	if o.cv == k.cv || r.change(o.change).Conversation == k.cv {
		r.Error("the link works on the old conversation itself")
	}
	r.bend(verifytest.Bend{Subject: "u-mal"})
	defer r.bend(verifytest.Bend{})
	s = r.logs(o)
	s.back() // the page after it says in neutral words that there is nothing
	s.refused(verify.Failed, "proof.subject")
	r.bend(verifytest.Bend{})
	r.locked(o.vic, o.change)

	r.again(&o, token)
	s = r.logs(o)
	s.back()
	r.locked(o.vic, o.change)
	status, out := s.press(verify.PressApprove)
	back, _ := out["next"].(string)
	if status != http.StatusOK {
		r.Fatalf("approve: %d %v %+v", status, out, r.leaves())
	}
	if text := o.reads(r, back); !strings.Contains(text, said) {
		r.Errorf("the owner reads %s", text)
	}
	cv, err := r.Service.Store.Conversation(r.Context(), gateway.ID(k.cv))
	if err != nil {
		r.Fatal(err)
	}
	old, err := r.Service.Store.Visitor(r.Context(), cv.Visitor)
	if err != nil || old.KeyJKT == "" || old.KeyJKT == r.change(o.change).Challenge.JKT {
		r.Errorf("the widget key is the conversation's own, %v", err)
	}
	r.refused(k.vic, "change.state", "change.draft", r.draft(k, "renewal.cancel", map[string]string{"plan": "plus"})) // the ticket itself proves nothing
}

// logs begins the login of a link at the club's provider.
func (r *row) logs(o reader) step {
	r.Helper()
	before, token, _ := strings.Cut(o.login(r), "#")
	if before != r.url+"/verify/start" {
		r.Fatalf("opened %q", before)
	}
	s, status, out := r.redeem(o.change, token)
	if status != http.StatusOK || s.next == "" {
		r.Fatalf("start: %d %v", status, out)
	}
	return s
}

// What was erased of an account is not kept in links: they end, for nobody knows any more whose login opens them.
func TestErasureEndsLinks(t *testing.T) {
	onBoth(t, func(t *testing.T, r *row) {
		k := r.talk("ag1")
		r.honest(k)
		token := r.token(k.mia.ok("transcript.link", map[string]any{"conversation": k.cv}))
		r.comes(token)
		r.audits(exitOK, "erase", "--subject", "shop:u-vic")
		r.nothing(token)
		for _, text := range r.all("transcripts") {
			if strings.Contains(text, "u-vic") {
				t.Errorf("the link knows %s", text)
			}
		}
	})
}
