package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	netmail "net/mail"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/mail"
	"github.com/postern-chat/postern/verify"
)

// invited lets mia answer a ticket with a link into a chat, and gives the link's token out of the mail.
func (r *row) invited(k talk) string {
	r.Helper()
	k.mia.ok("conversation.claim", map[string]any{"conversation": k.cv})
	k.mia.ok("resume", map[string]any{"topic": k.cv, "seq": 0})
	return r.linkOf(k, map[string]any{"conversation": k.cv, "client_id": "link", "text": "Let us go on in a chat.", "continue": true})
}

func (r *row) linkOf(k talk, send map[string]any) string {
	r.Helper()
	seq := k.mia.ok("message.send", send)["seq"].(float64)
	events, err := r.Service.Store.EventsBefore(r.Context(), k.cv, uint64(seq)+1, 1)
	var said gateway.Message
	if err != nil || len(events) != 1 || json.Unmarshal(events[0].Payload, &said) != nil || !said.Continue {
		r.Fatal(events, err)
	}
	m, err := r.Service.Store.Mail(r.Context(), said.ID)
	if err != nil {
		r.Fatal(err)
	}
	return continueToken(r.T, m.Raw, r.config.PublicURL)
}

// continueToken reads the token of the one link into a chat in a mail, whatever the words are written in.
func continueToken(t *testing.T, raw []byte, public string) string {
	t.Helper()
	tokens := map[string]bool{}
	for _, text := range mailTexts(t, raw) {
		for _, m := range regexp.MustCompile(regexp.QuoteMeta(public)+`/continue/support#([\w.-]+)`).FindAllStringSubmatch(text, -1) {
			tokens[m[1]] = true
		}
	}
	if len(tokens) != 1 {
		t.Fatalf("%d links into a chat in %s", len(tokens), raw)
	}
	for token := range tokens {
		return token
	}
	return ""
}

// mailTexts gives the text parts of a mail of ours.
func mailTexts(t *testing.T, raw []byte) (out []string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	read := func(r io.Reader) {
		text, err := io.ReadAll(quotedprintable.NewReader(r))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		read(m.Body)
		return out
	}
	for body := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := body.NextRawPart()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		read(p)
	}
}

// looksAt asks what the page of a link asks.
func (r *row) looksAt(token string) (int, map[string]any) {
	r.Helper()
	raw, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		r.Fatal(err)
	}
	res, out, _ := r.web("POST", "/v1/continue/look", "", string(raw))
	return res.StatusCode, out
}

// goesOn begins a chat by a link in a new browser, and lets mia take it.
func (r *row) goesOn(k talk, token string) talk {
	r.Helper()
	on := talk{n: r.node, mia: k.mia, b: newBrowser(r.T)}
	on.vic = r.visit(on.b)
	on.cv = r.starts(on.vic, map[string]any{"text": "I come from your mail", "from": token})
	on.mia.ok("conversation.claim", map[string]any{"conversation": on.cv})
	on.mia.ok("resume", map[string]any{"topic": on.cv, "seq": 0})
	return on
}

// tiesOf lists what belongs to a conversation for one of the staff.
func (r *row) tiesOf(name, cv string) (out []string) {
	r.Helper()
	status, answer, raw := r.get(name, "/v1/conversations/"+cv+"/ties")
	if status != http.StatusOK {
		r.Fatalf("ties: %d %s", status, raw)
	}
	for _, t := range answer["ties"].([]any) {
		tie := t.(map[string]any)
		out = append(out, tie["kind"].(string)+" "+tie["id"].(string))
	}
	return out
}

// toldNothing asserts that nothing of a ticket has reached a browser: no word, no number, not that it exists.
func (r *row) toldNothing(c *client, k talk, words ...string) {
	r.Helper()
	raw, err := json.Marshal(c.frames)
	if err != nil {
		r.Fatal(err)
	}
	for _, w := range append(words, k.cv, "conversation.continued") {
		if bytes.Contains(raw, []byte(w)) {
			r.Errorf("a browser that came by the link reads %q", w)
		}
	}
}

// The owner asks for a change by mail, from his true address, signed: nothing can be drafted there. The agent sends the
// link. A stranger who opens it reads no word of the ticket and proves nothing. The owner logs in there, and the change
// goes through in the new conversation, with its receipt; the ticket has none.
func TestOwnersMailLeadsIntoAChat(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			r, k := wished(t, engine)
			draft := func(k talk) map[string]any { return r.draft(k, "renewal.cancel", map[string]string{"plan": "plus"}) }
			r.refused(k.mia, "change.state", "change.draft", draft(k))
			token := r.invited(k)
			r.refused(k.mia, "change.state", "change.draft", draft(k)) // the link opens nothing in the ticket

			eve := r.goesOn(k, token)
			r.toldNothing(eve.vic, k, "x@evil.test", "Is anybody there?", vicsMail)
			r.refusedAs(eve.vic, "not_found", "resume", map[string]any{"topic": k.cv, "seq": 0})
			r.refusedAs(eve.vic, "not_found", "message.send", map[string]any{"conversation": k.cv, "client_id": "e", "text": "It is me"})
			r.refused(eve.vic, "context.locked", "tickets.read", map[string]any{"change": "ch_none", "conversation": k.cv})
			cv, err := r.Service.Store.Conversation(t.Context(), gateway.ID(eve.cv))
			if err != nil || cv.Claimed.Email != "" || cv.Number != 0 {
				t.Errorf("the stranger's conversation knows %+v, %v", cv.Claimed, err)
			}
			if v, err := r.Service.Store.Visitor(t.Context(), cv.Visitor); err != nil || v.Identity.How != "" {
				t.Errorf("the link made him %+v, %v", v.Identity, err)
			}
			change := eve.mia.ok("change.draft", draft(eve))["change"].(map[string]any)["id"].(string)
			eve.mia.ok("change.offer", map[string]any{"change": change})
			eve.vic.event("change.offered", eve.cv)
			r.stays(change, verify.Offered) // without a login it stays so
			r.untouched()

			vic := r.goesOn(k, token)
			own := vic.mia.ok("change.draft", draft(vic))["change"].(map[string]any)["id"].(string)
			vic.mia.ok("change.offer", map[string]any{"change": own})
			vic.vic.event("change.offered", vic.cv)
			page := r.url + "/continue/support"
			address, _ := vic.vic.ok("change.open", map[string]any{"change": own, "page": page})["url"].(string)
			back := r.confirm(address)
			if !strings.HasPrefix(back, page+"#postern=") {
				t.Fatalf("the login comes back to %s", back)
			}
			f := eve.vic.do("change.finish", vic.finish(t, eve.b, own, back))
			if f["error"] == nil {
				t.Errorf("another browser brings the login home: %v", f)
			}
			vic.vic.ok("change.finish", vic.finish(t, vic.b, own, back))
			r.reaches(own, verify.Applied)
			if c := r.change(own); c.Receipt == nil || c.Conversation != vic.cv {
				t.Errorf("applied in %s with receipt %v", c.Conversation, c.Receipt)
			}
			r.none(k)
			r.toldNothing(vic.vic, k, "x@evil.test", "Is anybody there?") // a ticket that came by mail is no account's
			if got, want := strings.Join(r.tiesOf("su1", k.cv), ", "), "onward "+eve.cv+", onward "+vic.cv; got != want {
				t.Errorf("the ticket's ties: %s, want %s", got, want)
			}
		})
	}
}

// A link leads into a chat for 14 days; a wrong one, one that is over and somebody else's all answer the same, and the
// chat begins all the same, tied to nothing. Looking changes nothing.
func TestLinksIntoAChat(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			r := newRow(t, startFixture(t, engine, options{clock: true}))
			k, other := r.ticket(vicsMail), r.ticket("mal@example.net")
			chat := r.talk("ag1")
			for _, c := range []struct {
				by *client
				cv string
			}{{chat.mia, chat.cv}, {k.vic, k.cv}} { // a chat has no mail, and a visitor sends none
				c.by.refused("invalid", "message.send", map[string]any{"conversation": c.cv, "client_id": "no", "text": "hi", "continue": true})
			}
			token, foreign := r.invited(k), r.invited(other)
			want := map[string]any{"mailbox": "support", "name": "Support", "locale": "", "tickets": true}
			before := r.tiesOf("su1", k.cv)
			for range 3 {
				if status, got := r.looksAt(token); status != http.StatusOK || !maps.Equal(got, want) {
					t.Errorf("the page is told %d %v", status, got)
				}
				if status, _, b := r.call("", "GET", "/continue/support?from="+token, ""); status != http.StatusOK && status != http.StatusServiceUnavailable || bytes.Contains(b, []byte(token)) {
					t.Errorf("the page: %d %s", status, b)
				}
			}
			if now := r.tiesOf("su1", k.cv); len(now) != len(before) {
				t.Errorf("a look tied %v", now)
			}
			r.wrongLinks(k, token, foreign)
			r.clock.set(t, gateway.ContinueFor-time.Minute)
			on := r.goesOn(k, token)
			if got := strings.Join(r.tiesOf("ag1", on.cv), ", "); got != "before "+k.cv {
				t.Errorf("the chat's ties: %s", got)
			}
			cv, err := r.Service.Store.Conversation(t.Context(), gateway.ID(k.cv))
			if err != nil {
				t.Fatal(err)
			}
			if first, err := r.Service.Store.ServedBy(t.Context(), gateway.ID(on.cv), r.clock.now().Add(-time.Hour)); err != nil || first != cv.Assignee || first == "" {
				t.Errorf("%q was asked first, the ticket is %q's: %v", first, cv.Assignee, err)
			}
			r.clock.set(t, gateway.ContinueFor+time.Minute)
			r.leadsNowhere("over", token)
			if strings.Contains(r.log.String(), token) {
				t.Error("the log holds the token")
			}
		})
	}
}

// wrongLinks tries tokens that are not this ticket's.
func (r *row) wrongLinks(k talk, token, foreign string) {
	r.Helper()
	made, cut := mail.Tokens{Key: r.secret}, strings.LastIndexByte(token, '.')+1
	id, until := gateway.ID(k.cv), time.Now().Add(time.Hour)
	for what, wrong := range map[string]string{
		"another's signature":      token[:cut] + foreign[strings.LastIndexByte(foreign, '.')+1:],
		"another recipient's":      made.Continue(id, "mal@example.net", until),
		"nobody's":                 made.Continue(id, "", until),
		"another key's":            mail.Tokens{Key: []byte("guessed")}.Continue(id, vicsMail, until),
		"a conversation not there": made.Continue("cv_01ARZ3NDEKTSV4RRFFQ69G5FAV", vicsMail, until),
		"another thing's id":       made.Continue(r.box.ID, vicsMail, until),
		"one that is over":         made.Continue(id, vicsMail, time.Now().Add(-time.Second)),
		"a rating":                 made.Make('r', k.cv, vicsMail),
		"a reply's":                made.Make('t', k.cv, vicsMail),
		"cut":                      token[:len(token)-1],
		"longer":                   token + "a",
		"nothing":                  "",
		"long":                     strings.Repeat("c.", 20_000),
	} {
		r.leadsNowhere(what, wrong)
	}
}

// leadsNowhere asserts the one answer to every link that is not valid, and that a chat that names it is tied to nothing.
func (r *row) leadsNowhere(what, token string) {
	r.Helper()
	r.ip = newAddress() // each may try so often
	status, got := r.looksAt(token)
	delete(got, "id")
	if want := map[string]any{"code": "not_found", "retry": "no"}; status != http.StatusNotFound || !maps.Equal(got, want) {
		r.Errorf("%s: %d %v", what, status, got)
	}
	c := r.visit(newBrowser(r.T))
	cv := r.starts(c, map[string]any{"text": "hello", "from": token})
	if ties := r.tiesOf("su1", cv); len(ties) != 0 {
		r.Errorf("%s: ties %v", what, ties)
	}
	c.ok("conversation.close", map[string]any{"conversation": cv})
}
