package main

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/postern-chat/postern/gateway/token"
	"github.com/postern-chat/postern/verify"
)

// abusePasskey: a session without the person.
func abusePasskey() map[string]func(r *row) { return map[string]func(r *row){"G03": stolenCookie} }

// signsIn gives one of the staff a password and signs him in, in Firefox on Linux.
func (r *row) signsIn(name string) browserOf {
	r.Helper()
	phc, err := token.HashPassword(password, rand.Reader)
	if err != nil {
		r.Fatal(err)
	}
	if err := r.Service.Store.SetPassword(r.Context(), r.staff[name].ID, phc, r.clock.now()); err != nil {
		r.Fatal(err)
	}
	req, err := http.NewRequestWithContext(r.Context(), "POST", r.url+"/v1/login", strings.NewReader(`{"email":"`+name+`@shop.test","password":"`+password+`"}`))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("X-Postern", "1")
	req.Header.Set("User-Agent", firefox)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if len(res.Cookies()) != 1 {
		r.Fatalf("login: %s", res.Status)
	}
	c := res.Cookies()[0]
	m := r.staff[name]
	m.cookie = c.Name + "=" + c.Value
	r.staff[name] = m
	return browserOf{r.T, r.node, m.cookie, firefox}
}

// drafts lets the conversation's agent draft a sensitive change.
func (r *row) sensitive(k talk, c *client) map[string]any {
	r.Helper()
	draft := c.ok("change.draft", r.draft(k, "email.change", map[string]string{"email": "x@evil.test"}))
	return map[string]any{"change": draft["change"].(map[string]any)["id"]}
}

func stolenCookie(r *row) {
	r.alone(options{})
	ad1 := r.as("ad1")
	own := r.signsIn("sn1")
	k := r.talk("sn1")
	r.refused(k.mia, "stepup.required", "change.offer", r.sensitive(k, k.mia)) // before there is a passkey at all
	own.refused("conflict", "stepup.none", "/v1/stepup/begin", map[string]any{})
	options := own.ok("/v1/passkeys/begin", map[string]any{"password": password})["options"]
	a := newAuthenticator(r.T, r.url)
	own.ok("/v1/passkeys", map[string]any{"name": "Desk", "response": a.create(r.T, options)})
	seen := own.ok("/v1/stepup/begin", map[string]any{})["options"]
	proof := a.get(r.T, seen)
	own.ok("/v1/stepup/finish", map[string]any{"response": proof})
	k.mia.ok("change.offer", r.sensitive(k, k.mia))
	r.logged("", string(verify.SessionDevice), 0)

	thief := own
	thief.agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	c := r.node.dial(r.T, http.Header{"Cookie": {own.cookie}, "User-Agent": {thief.agent}, "X-Forwarded-For": {newAddress()}})
	c.ok("hello", map[string]any{"as": "agent", "topics": map[string]int{}})
	c.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "t1", "text": "One moment"}) // ordinary chat goes on
	change := r.sensitive(k, c)
	r.refused(c, "stepup.required", "change.offer", change) // the owner's step-up is his device's
	thief.refused("forbidden", "stepup.required", "/v1/passkeys/begin", map[string]any{})
	thief.refused("invalid", "", "/v1/passkeys/begin", map[string]any{"password": "a guess of mine"})
	thief.refused("gone", "", "/v1/stepup/finish", map[string]any{"response": proof})
	asked := thief.ok("/v1/stepup/begin", map[string]any{})["options"]
	thief.refused("forbidden", "stepup.failed", "/v1/stepup/finish", map[string]any{"response": proof}) // of another challenge
	forged := newAuthenticator(r.T, r.url)
	forged.id, forged.count = a.id, 100
	thief.refused("forbidden", "stepup.failed", "/v1/stepup/finish", map[string]any{"response": forged.get(r.T, asked)})
	r.refused(c, "stepup.required", "change.offer", change)
	r.stays(change["change"].(string), verify.Draft)

	r.logged("", string(verify.SessionDevice), 1) // once, however often he comes
	told := ad1.event("setting.changed", "settings")
	if d := told["data"].(map[string]any); d["what"] != "session" || d["id"] != string(r.staff["sn1"].ID) {
		r.Errorf("admins were told %v", d)
	}
	for name, want := range map[string]string{"ad1": "device", "ag1": "ok"} {
		if h := r.desk(r.T, name).ok("GET", "/v1/overview", nil)["health"].(map[string]any); h["sessions"] != want {
			r.Errorf("%s reads %v about sessions, want %s", name, h["sessions"], want)
		}
	}
	k.mia.ok("change.offer", change) // the owner himself, on his own device
}
