package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// abuseKey: programs with an API key.
func abuseKey() map[string]func(r *row) { return map[string]func(r *row){"G13": writesByKey} }

// keyed speaks HTTP with an API key.
func (r *row) keyed(key, method, path, body string) (int, string) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("X-Postern", "1")
	req.Header.Set("X-Forwarded-For", newAddress())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func writesByKey(r *row) {
	store := r.Service.Store
	said, err := addKey(r.Context(), store, "desk of the shop", "support", gateway.Scopes(), r.clock.now())
	if err != nil {
		r.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	key, id := lines[len(lines)-1], strings.Fields(strings.ReplaceAll(lines[0], ",", " "))[0]
	k := r.talk("ag1")
	drafts := "/v1/conversations/" + k.cv + "/drafts"
	status, text := r.keyed(key, "POST", drafts, `{"kind":"renewal.cancel","fields":{"plan":"plus"}}`)
	if status != http.StatusOK {
		r.Fatalf("a plain draft: %d %s", status, text)
	}
	rows, err := r.store.ledger.Live(r.Context(), k.cv)
	if err != nil || len(rows) != 1 || rows[0].State != verify.Draft || rows[0].DraftedBy != (verify.Actor{Role: verify.API, ID: id}) {
		r.Fatalf("drafted: %+v, %v", rows, err)
	}
	change := rows[0].ID
	if status, text := r.keyed(key, "POST", drafts, `{"kind":"email.change","fields":{"email":"x@evil.test"}}`); status != http.StatusForbidden || !strings.Contains(text, `"`+r.says("role")+`"`) {
		r.Errorf("a sensitive draft: %d %s", status, text)
	}
	for _, verb := range []string{"offer", "open", "finish", "deny", "withdraw", "second", "apply"} { // there is no way to say it
		for _, path := range []string{"/v1/changes/" + change + "/" + verb, drafts + "/" + change + "/" + verb} {
			if status, text := r.keyed(key, "POST", path, `{}`); status != http.StatusNotFound {
				r.Errorf("POST %s: %d %s", path, status, text)
			}
		}
	}
	r.gateRefuses(verify.Actor{Role: verify.API, ID: id}, change)
	for _, path := range []string{"/v1/me", "/v1/agents", "/v1/verification", "/v1/conversations/" + k.cv, "/v1/audit/changes"} {
		if status, text := r.keyed(key, "GET", path, ""); status == http.StatusOK {
			r.Errorf("GET %s: %d %s", path, status, text)
		}
	}
	c := r.dial(http.Header{"Authorization": {"Bearer " + key}})
	if f := c.do("hello", map[string]any{"as": "agent", "topics": map[string]int{}}); f["error"] == nil {
		r.Errorf("a key opened a console: %v", f) // and nobody says anything before hello
	}
	other := r.talk("ag2")
	for name, bad := range map[string]string{"a guessed key": key[:len(key)-4] + "AAAA", "its id": id, "no key": ""} {
		if status, _ := r.keyed(bad, "POST", "/v1/conversations/"+other.cv+"/drafts", `{"kind":"renewal.cancel","fields":{"plan":"plus"}}`); status != http.StatusUnauthorized {
			r.Errorf("%s: %d", name, status)
		}
	}
	if err := store.EndAPIKey(r.Context(), gateway.ID(id), r.clock.now().Add(time.Second)); err != nil {
		r.Fatal(err)
	}
	if status, _ := r.keyed(key, "POST", drafts, `{"kind":"renewal.cancel","fields":{"plan":"plus"}}`); status != http.StatusUnauthorized {
		r.Errorf("an ended key: %d", status)
	}
	r.stays(change, verify.Draft)
	if strings.Contains(r.log.String(), key) {
		r.Error("the key stands in the log")
	}
}

// gateRefuses asserts that the gate itself moves nothing for this actor, whatever door he may find.
func (r *row) gateRefuses(by verify.Actor, change string) {
	r.Helper()
	g, ctx := r.Service.Guard, r.Context()
	do := map[string]func() error{
		"offer": func() error { _, err := g.Offer(ctx, by, change); return err },
		"open": func() error {
			_, err := g.Open(ctx, by, verify.OpenRequest{Change: change, Page: "https://shop.test/"})
			return err
		},
		"finish":   func() error { _, err := g.Finish(ctx, by, verify.FinishRequest{Change: change}); return err },
		"deny":     func() error { _, err := g.Deny(ctx, by, change); return err },
		"withdraw": func() error { _, err := g.Withdraw(ctx, by, change); return err },
		"second":   func() error { _, err := g.Second(ctx, by, change); return err },
	}
	var names []string
	for name := range do {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := do[name](); verify.ReasonOf(err) != verify.RoleRefused {
			r.Errorf("%s by %s: %v, want role", name, by.Role, err)
		}
	}
}
