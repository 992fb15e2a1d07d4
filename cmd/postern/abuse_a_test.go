package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/postern-chat/postern/gateway/web"
	"github.com/postern-chat/postern/verify"
)

// abuseA: claimed identity, data before proof.
func abuseA() map[string]func(r *row) {
	return map[string]func(r *row){"A01": typedIdentity, "A02": everyConsoleRoute, "A03": searched, "A07": continued, "A10": recovery}
}

const typedEmail = "harriet.quill@example-mail.com"

// impostor is X's conversation under vic's name, e-mail and address.
func (r *row) impostor() talk {
	r.Helper()
	return r.talkAs(newBrowser(r.T), "ag1", map[string]any{
		"text": "I am Harriet Quill, 1742 Maple Hollow Drive Apt 5B", "name": "Harriet Quill", "email": typedEmail,
	})
}

// owner is vic's own conversation, under the same address.
func (r *row) owner(text string) talk {
	r.Helper()
	return r.talkAs(newBrowser(r.T), "ag1", map[string]any{"text": text, "name": "Harriet Quill", "email": typedEmail})
}

// get reads a route as one of the staff and decodes its answer.
func (r *row) get(name, path string) (int, map[string]any, []byte) {
	r.Helper()
	status, _, b := r.call(name, "GET", path, "")
	out := map[string]any{}
	_ = json.Unmarshal(b, &out) // some routes give no object
	return status, out, b
}

func typedIdentity(r *row) {
	vic := r.owner("Is my parcel on its way?") // from before
	vic.vic.ok("conversation.close", map[string]any{"conversation": vic.cv})
	x := r.impostor()
	status, answer, b := r.get("ag1", "/v1/conversations/"+x.cv)
	row, _ := answer["conversation"].(map[string]any)
	claimed, _ := row["claimed"].(map[string]any)
	if status != http.StatusOK || claimed["email"] != typedEmail || answer["context"].(map[string]any)["earlier"] != 0.0 {
		r.Errorf("the console shows %s", b)
	}
	if how, _ := row["identity"].(map[string]any); how["how"] != nil && how["how"] != "" && how["how"] != "typed" {
		r.Errorf("a typed e-mail counts as %v", how)
	}
	if status, answer, _ := r.get("ag1", "/v1/conversations/"+vic.cv); status != http.StatusOK || answer["conversation"].(map[string]any)["visitor"] == row["visitor"] {
		r.Errorf("one contact for both: %v", row["visitor"])
	}
	r.holdsNoFact("the console's row", b)
	if _, answer, b := r.get("ag1", "/v1/conversations/"+x.cv+"/history"); len(answer["conversations"].([]any)) != 0 {
		r.Errorf("earlier conversations: %s", b)
	}
	status, answer, _ = r.get("ag1", "/v1/conversations/"+x.cv+"/account")
	r.answered(status, answer, http.StatusForbidden, "context.locked")
}

func everyConsoleRoute(r *row) {
	x := r.impostor()
	locked := 0
	for _, route := range r.server.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if path == "/v1/socket" || path == "/v1/logout" {
			continue
		}
		path = strings.NewReplacer(":id", x.cv, ":handle", "x", ":name", "x", "*", "x").Replace(path)
		for _, more := range []string{"", "?q=" + url.QueryEscape(typedEmail) + "&mailbox=support&conversation=" + x.cv} {
			status, _, b := r.call("ag1", method, path+more, `{"conversation":"`+x.cv+`"}`)
			r.holdsNoFact(route, b)
			if strings.HasSuffix(path, "/account") && method == "GET" {
				locked++
				r.wants(status, b, http.StatusForbidden, r.says("context.locked"))
			}
		}
	}
	if locked != 2 {
		r.Errorf("the account card was asked for %d times", locked)
	}
	for _, name := range web.CommandsOf(true) {
		switch name {
		case "hello", "conversation.close", "conversation.release", "conversation.assign":
			continue
		}
		for _, args := range []map[string]any{{}, {"conversation": x.cv}, {"conversation": x.cv, "q": typedEmail}, {"topic": x.cv, "seq": 0}} {
			x.mia.do(name, args)
		}
	}
	r.none(x)
}

func searched(r *row) {
	vic := r.talk("ag2")
	x := r.impostor()
	for _, q := range []string{typedEmail, "+14155552671", "112-8834921-5567", "u-vic", "8213", "1742 Maple"} {
		for _, name := range []string{"ag1", "su1", "ad1"} {
			_, answer, b := r.get(name, "/v1/conversations?q="+url.QueryEscape(q))
			r.holdsNoFact("the search", b)
			if bytes.Contains(b, []byte(vic.cv)) {
				r.Errorf("%q finds vic's conversation: %v", q, answer)
			}
			found, _ := answer["conversations"].([]any)
			for _, c := range found { // by words of the conversation itself, and by nothing else
				if c := c.(map[string]any); !strings.Contains(fmt.Sprint(c["first_words"], " ", c["subject"]), q) {
					r.Errorf("%q finds %v", q, c)
				}
			}
			if q == "1742 Maple" && !bytes.Contains(b, []byte(x.cv)) {
				r.Errorf("the search finds not even what X wrote: %s", b)
			}
		}
	}
}

func continued(r *row) {
	vic := r.owner("My parcel has not come")
	x := r.impostor()
	x.vic.ok("message.send", map[string]any{"conversation": x.cv, "client_id": "go on", "text": "I want to continue where I was"})
	r.refusedCode(x.vic, "not_found", "resume", map[string]any{"topic": vic.cv, "seq": 0})
	r.refusedCode(x.vic, "not_found", "message.send", map[string]any{"conversation": vic.cv, "client_id": "x", "text": "continue where I was"})
	again := r.visit(x.b)
	mine := again.greeting()["conversations"].([]any)
	if len(mine) != 1 || mine[0].(map[string]any)["id"] != x.cv {
		r.Errorf("X has %v", mine)
	}
	pass := x.vic.ok("pass", map[string]any{})["pass"].(string)
	req, err := http.NewRequestWithContext(r.Context(), "GET", r.url+"/v1/conversations/"+vic.cv+"/events", nil)
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+pass)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		r.Errorf("vic's history: %d", res.StatusCode)
	}
	if _, answer, b := r.get("ag1", "/v1/conversations/"+x.cv+"/history"); len(answer["conversations"].([]any)) != 0 {
		r.Errorf("shared: %s", b)
	}
}

// refusedCode asserts the code of a command's refusal, which has no reason.
func (r *row) refusedCode(c *client, code, cmd string, args any) {
	r.Helper()
	c.refused(code, cmd, args)
}

func recovery(r *row) {
	k := r.talkIn(newBrowser(r.T), "ag1", "I can't log in, I have no password")
	tried := map[string]bool{k.vic.greeting()["visitor"].(string): true}
	for name, m := range r.staff {
		if m.Role == "editor" || m.Role == "auditor" {
			continue // they read no conversation at all
		}
		c := r.as(name)
		for _, kind := range []string{"recovery.password", "recovery.mfa", "Recovery.Email"} {
			r.refused(c, r.says("recovery.refused"), "change.draft", r.draft(k, kind, map[string]string{}))
		}
		tried[string(m.ID)] = true
	}
	for _, kind := range []string{"recovery.password", "recovery.mfa"} {
		r.refused(k.vic, "recovery.refused", "change.draft", r.draft(k, kind, map[string]string{}))
	}
	for _, l := range r.leaves() { // at most one line a minute for each who tried
		if l.Reason == verify.RecoveryRefused {
			delete(tried, l.Actor)
		}
	}
	if len(tried) > 0 {
		r.Errorf("the log has no line about %v", tried)
	}
	r.none(k)
	hello := k.vic.greeting()
	for _, kind := range hello["kinds"].([]any) {
		if kind.(map[string]any)["recovery"] != "https://shop.test/forgot" {
			r.Errorf("the site's recovery page is not shown: %v", kind)
		}
	}
	if verify.Recovery("recovery.password") != true {
		r.Error("recovery.* could be configured")
	}
}
