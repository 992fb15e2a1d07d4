package main

import (
	"bytes"
	"encoding/json"
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
	const text = "I am Harriet Quill, 1742 Maple Hollow Drive Apt 5B"
	r.typed = append(r.typed, typedEmail, text)
	mia := r.as("ag1")
	mia.ok("availability.set", map[string]any{"value": "available"})
	b := newBrowser(r.T)
	k := talk{n: r.node, vic: r.visit(b), mia: mia, b: b}
	k.cv = k.vic.ok("conversation.start", map[string]any{
		"command_id": "x", "client_id": "m", "text": text, "name": "Harriet Quill", "email": typedEmail,
	})["conversation"].(map[string]any)["id"].(string)
	mia.ok("conversation.claim", map[string]any{"conversation": k.cv})
	mia.ok("resume", map[string]any{"topic": k.cv, "seq": 0})
	mia.ok("resume", map[string]any{"topic": k.cv + "/staff", "seq": 0})
	r.talks = append(r.talks, k)
	return k
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
	vic := r.talk("ag1") // vic's own conversation, from before
	vic.vic.ok("conversation.close", map[string]any{"conversation": vic.cv})
	x := r.impostor()
	status, answer, b := r.get("ag1", "/v1/conversations/"+x.cv)
	row, _ := answer["conversation"].(map[string]any)
	claimed, _ := row["claimed"].(map[string]any)
	if status != http.StatusOK || claimed["email"] != typedEmail || answer["context"].(map[string]any)["earlier"] != 0.0 {
		r.Errorf("the console shows %s", b)
	}
	if how, _ := row["identity"].(map[string]any); how["how"] == "signed" || how["how"] == "proven" {
		r.Errorf("a typed e-mail counts as %v", how)
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
	for _, route := range r.server.Routes() {
		path, ok := strings.CutPrefix(route, "GET ")
		if !ok || path == "/v1/socket" {
			continue
		}
		path = strings.NewReplacer(":id", x.cv, ":handle", "x", ":name", "x", "*", "x").Replace(path)
		status, answer, b := r.get("ag1", path)
		r.holdsNoFact(path, b)
		if strings.HasSuffix(path, "/account") {
			r.answered(status, answer, http.StatusForbidden, r.says("context.locked"))
		}
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
	r.impostor()
	for _, q := range []string{typedEmail, "+14155552671", "112-8834921-5567", "u-vic", "8213", "1742 Maple"} {
		for _, name := range []string{"ag1", "su1", "ad1"} {
			_, answer, b := r.get(name, "/v1/conversations?q="+url.QueryEscape(q))
			r.holdsNoFact("the search", b)
			if bytes.Contains(b, []byte(vic.cv)) {
				r.Errorf("%q finds vic's conversation: %v", q, answer)
			}
		}
	}
}

func continued(r *row) {
	vic := r.talkIn(newBrowser(r.T), "ag1", "My parcel has not come")
	x := r.impostor()
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
	n := 0
	for name, m := range r.staff {
		if m.Role == "editor" || m.Role == "auditor" {
			continue // they read no conversation at all
		}
		c := r.as(name)
		for _, kind := range []string{"recovery.password", "recovery.mfa", "Recovery.Email"} {
			r.refused(c, r.says("recovery.refused"), "change.draft", r.draft(k, kind, map[string]string{}))
		}
		n++ // one line for each who tried
	}
	r.logged("", "recovery.refused", n)
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
