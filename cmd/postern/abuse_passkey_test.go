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

// sensitive lets the conversation's agent draft a sensitive change.
func (r *row) sensitive(k talk, c *client) map[string]any {
	r.Helper()
	k.types("My mail is x@evil.test from now on")
	draft := c.ok("change.draft", r.draft(k, "email.change", map[string]string{"email": "x@evil.test"}))
	return map[string]any{"change": draft["change"].(map[string]any)["id"]}
}

// stolenCookie hashes passwords before any console is open: that takes long, and a console must answer pings meanwhile.
func stolenCookie(r *row) {
	r.alone(options{})
	own := r.signsIn("sn1")
	own.refused("conflict", "stepup.none", "/v1/stepup/begin", map[string]any{})
	options := own.ok("/v1/passkeys/begin", map[string]any{"password": password})["options"]
	a := newAuthenticator(r.T, r.url)
	own.ok("/v1/passkeys", map[string]any{"name": "Desk", "response": a.create(r.T, options)})
	r.logged("", string(verify.SessionDevice), 0)

	thief := own
	thief.agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	thief.refused("invalid", "", "/v1/passkeys/begin", map[string]any{"password": "a guess of mine"})

	k := r.talk("sn1")
	change := r.sensitive(k, k.mia)
	r.refused(k.mia, "stepup.required", "change.offer", change) // also on his own device
	seen := own.ok("/v1/stepup/begin", map[string]any{})["options"]
	proof := a.get(r.T, seen)
	own.ok("/v1/stepup/finish", map[string]any{"response": proof})
	k.mia.ok("change.offer", change)

	c := r.node.dial(r.T, http.Header{"Cookie": {own.cookie}, "User-Agent": {thief.agent}, "X-Forwarded-For": {newAddress()}})
	c.ok("hello", map[string]any{"as": "agent", "topics": map[string]int{}})
	c.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "t1", "text": "One moment"}) // ordinary chat goes on
	change = r.sensitive(k, c)
	r.refused(c, "stepup.required", "change.offer", change) // the owner's step-up is his device's
	thief.refused("forbidden", "stepup.required", "/v1/passkeys/begin", map[string]any{})
	thief.refused("gone", "", "/v1/stepup/finish", map[string]any{"response": proof})
	asked := thief.ok("/v1/stepup/begin", map[string]any{})["options"]
	thief.refused("forbidden", "stepup.failed", "/v1/stepup/finish", map[string]any{"response": proof}) // of another challenge
	forged := newAuthenticator(r.T, r.url)
	forged.id, forged.count = a.id, 100
	thief.refused("forbidden", "stepup.failed", "/v1/stepup/finish", map[string]any{"response": forged.get(r.T, asked)})
	r.refused(c, "stepup.required", "change.offer", change)
	r.stays(change["change"].(string), verify.Draft)
	k.mia.ok("change.offer", change) // the owner himself, on his own device
	r.toldOfDevice("sn1")
}

// toldOfDevice asserts that admins were told, once, that this one's session came from another device.
func (r *row) toldOfDevice(name string) {
	r.Helper()
	r.logged("", string(verify.SessionDevice), 1)
	events, err := r.Service.Store.Events(r.Context(), "settings", 0, 500)
	if err != nil {
		r.Fatal(err)
	}
	told := 0
	for _, e := range events {
		if strings.Contains(string(e.Payload), `"session"`) && strings.Contains(string(e.Payload), string(r.staff[name].ID)) {
			told++
		}
	}
	if told != 1 {
		r.Errorf("admins were told %d times", told)
	}
	for who, want := range map[string]string{"ad1": "device", "ag1": "ok"} {
		if h := r.desk(r.T, who).ok("GET", "/v1/overview", nil)["health"].(map[string]any); h["sessions"] != want {
			r.Errorf("%s reads %v about sessions, want %s", who, h["sessions"], want)
		}
	}
}
