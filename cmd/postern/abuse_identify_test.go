package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// abuseIdentify: what the host's session token says, and what it does not.
func abuseIdentify() map[string]func(r *row) {
	return map[string]func(r *row){"A04": theirOtherAccount, "A05": signedLongAgo, "A08": badTokens, "A09": claimedByBots}
}

// knownAs gives what the console says of who is in a conversation.
func (r *row) knownAs(name, cv string) string {
	r.Helper()
	status, answer, b := r.get(name, "/v1/conversations/"+cv)
	row, _ := answer["conversation"].(map[string]any)
	identity, _ := row["identity"].(map[string]any)
	if status != http.StatusOK || identity == nil {
		r.Fatalf("%s: %d %s", cv, status, b)
	}
	how, _ := identity["how"].(string)
	return how
}

// signs gives a session token of the host, bent.
func (r *row) signs(sub string, key any, bend func(claims map[string]any)) string {
	r.Helper()
	now := r.site.now().Unix()
	claims := map[string]any{"iss": r.site.audience, "aud": "support", "sub": sub, "iat": now, "exp": now + 300, "jti": rand.Text()}
	if bend != nil {
		bend(claims)
	}
	return sign(r.T, key, "postern-session+jwt", claims)
}

func theirOtherAccount(r *row) {
	k := r.talkIn(newBrowser(r.T), "ag1", "My other account is vic's, please stop the renewal there")
	k.vic.ok("identify", map[string]any{"token": r.site.session(r.T, "u-mal")})
	for _, kind := range k.vic.greeting()["kinds"].([]any) {
		if strings.Contains(fmt.Sprint(kind.(map[string]any)["fields"]), "account") {
			r.Errorf("the form asks for an account: %v", kind)
		}
	}
	for _, c := range []*client{k.mia, k.vic} {
		for _, name := range []string{"account", "sub", "account_id", "user", "customer"} {
			args := r.draft(k, "renewal.cancel", map[string]string{"plan": "plus"})
			args[name] = "u-vic"
			r.refused(c, r.says("change.subject_forbidden"), "change.draft", args)
			r.refused(c, "change.subject_forbidden", "change.draft", r.draft(k, "renewal.cancel", map[string]string{"plan": "plus", name: "u-vic"}))
		}
	}
	r.none(k)
	change, address := k.offer(r.T)
	status, answer := r.site.press(r.T, address, verify.LoginConfirmed, nil) // vic himself logs in
	r.answered(status, answer, http.StatusForbidden, "proof.subject")
	r.stays(change, verify.Failed)
	r.logged(change, "proof.subject", 1)
	change, address = k.offer(r.T)
	back := r.site.event(r.T, address, verify.LoginConfirmed, func(e map[string]any) { e["sub"] = "u-mal" })
	if status, answer := r.site.post(r.T, r.site.secret, back); status != http.StatusOK {
		r.Errorf("mal's own login: %d %v", status, answer)
	}
	if c := r.change(change); c.Subject() != "u-mal" || c.State != verify.Matched {
		r.Errorf("the change is %s, about %q", c.State, c.Subject())
	}
}

func signedLongAgo(r *row) {
	r.alone(options{clock: true})
	const ago = 20 * 24 * time.Hour
	b := newBrowser(r.T)
	r.visit(b).ok("identify", map[string]any{"token": r.site.session(r.T, "u-vic")})
	r.clock.set(r.T, ago)
	if _, err := r.sql(r.T).Exec(`UPDATE sessions SET until = $1`, r.clock.now().Add(time.Hour).UnixMilli()); err != nil { // the staff signed in again
		r.Fatal(err)
	}
	k := r.talkIn(b, "ag1", "Please stop my renewal")
	if how := r.knownAs("ag1", k.cv); how != "signed" {
		r.Errorf("the badge says %q", how)
	}
	draft := k.mia.ok("change.draft", r.draft(k, "renewal.cancel", map[string]string{"plan": "plus"}))
	change := draft["change"].(map[string]any)["id"].(string)
	k.mia.ok("change.offer", map[string]any{"change": change})
	k.vic.event("change.offered", k.cv)
	forged := map[string]any{"conversation": k.cv, "change": change, "finish": strings.Repeat("A", 43), "sig": strings.Repeat("A", 86)}
	if f := k.vic.do("change.finish", forged); f["error"] == nil {
		r.Errorf("finished without a challenge: %v", f)
	}
	r.stays(change, verify.Offered)
	r.shut(k.cv)
	if how := r.knownAs("ag1", k.cv); how != "signed" {
		r.Errorf("the badge says %q", how)
	}
	k.vic.ok("change.open", map[string]any{"change": change, "page": "https://shop.test/plan"})
	r.stays(change, verify.Challenged)
}

func badTokens(r *row) {
	public, err := publicPEM(r.site.sessions)
	if err != nil {
		r.Fatal(err)
	}
	used := r.site.session(r.T, "u-vic")
	r.visit(newBrowser(r.T)).ok("identify", map[string]any{"token": used})
	for name, token := range map[string]string{
		"exp missing":            r.signs("u-vic", r.site.sessions, func(c map[string]any) { delete(c, "exp") }),
		"aud of another mailbox": r.signs("u-vic", r.site.sessions, func(c map[string]any) { c["aud"] = "billing" }),
		"aud a list":             r.signs("u-vic", r.site.sessions, func(c map[string]any) { c["aud"] = []string{"support"} }),
		"HS256":                  r.signs("u-vic", public, nil),
		"jti used before":        used,
		"jti missing":            r.signs("u-vic", r.site.sessions, func(c map[string]any) { delete(c, "jti") }),
		"lives for six minutes":  r.signs("u-vic", r.site.sessions, func(c map[string]any) { c["exp"] = c["iat"].(int64) + 360 }),
		"of another issuer":      r.signs("u-vic", r.site.sessions, func(c map[string]any) { c["iss"] = "https://evil.test" }),
		"a claim that is none":   r.signs("u-vic", r.site.sessions, func(c map[string]any) { c["level"] = "A3" }),
	} {
		r.Log(name)
		r.ip = newAddress()
		k := r.talk("ag1")
		r.refused(k.vic, r.says("identify.invalid"), "identify", map[string]any{"token": token})
		if how := r.knownAs("ag1", k.cv); how != "" {
			r.Errorf("%s: the conversation is known as %q", name, how)
		}
		if v := r.visit(k.b).greeting()["identity"]; v != nil && v.(map[string]any)["how"] != "" {
			r.Errorf("%s: the browser is known as %v", name, v)
		}
	}
}

func claimedByBots(r *row) {
	const bots, nobody = 1000, "nobody.at.all@example-mail.com"
	r.alone(options{}) // a thousand conversations that nobody takes are no place for other rows
	duty := func() { r.as("ag1").ok("availability.set", map[string]any{"value": "available"}) }
	duty()
	begins := func(email string, ticket bool) map[string]any {
		r.ip = newAddress()
		c := r.visit(newBrowser(r.T))
		defer func() { _ = c.ws.CloseNow() }()
		args := map[string]any{"command_id": "s", "client_id": "m", "text": "It is me", "email": email, "ticket": ticket}
		f := c.do("conversation.start", args)
		for f["ok"] == nil && f["error"].(map[string]any)["code"] == "nobody_available" { // ag1's console says nothing, and counts as gone
			duty()
			f = c.do("conversation.start", args)
		}
		cv := f["ok"].(map[string]any)["conversation"].(map[string]any)
		r.typed[cv["id"].(string)] = append(r.typed[cv["id"].(string)], email)
		return cv
	}
	known, unknown := begins(typedEmail, false), begins(nobody, false)
	for range bots - 1 {
		begins(typedEmail, true) // the form: a thousand chats that wait would only make the queue slow
	}
	for n := r.notices(`"claimed"`); n < bots+1; n = r.notices(`"claimed"`) {
		r.until(func() string {
			if r.notices(`"claimed"`) > n {
				return ""
			}
			return fmt.Sprintf("the host was asked %d times, and no more", n)
		})
	}
	var told int
	err := r.site.db.QueryRow(`SELECT COUNT(*) FROM log WHERE customer = 'u-vic' AND what LIKE 'Somebody wrote%'`).Scan(&told)
	if err != nil || told != 1 {
		r.Errorf("the owner was told %d times, %v", told, err)
	}
	for _, volatile := range []string{"id", "started_at", "last_message_at", "seq", "place"} {
		delete(known, volatile)
		delete(unknown, volatile)
	}
	if fmt.Sprint(known) != fmt.Sprint(unknown) {
		r.Errorf("a known address sees %v, an unknown one %v", known, unknown)
	}
}

// notices counts the deliveries to the host that hold a text.
func (r *row) notices(text string) (n int) {
	r.site.mu.Lock()
	defer r.site.mu.Unlock()
	for _, b := range r.site.bodies {
		if strings.Contains(string(b), text) {
			n++
		}
	}
	return n
}

// The version that the host's session names is the base of the change; a backend that has another one refuses, and
// after an applied change its answer is the new one.
func TestBaseOfSession(t *testing.T) {
	onBoth(t, func(t *testing.T, r *row) {
		k := r.talk("ag1")
		version := func(ver string) {
			token := r.signs("u-vic", r.site.sessions, func(c map[string]any) { c["ver"] = ver })
			k.vic.ok("identify", map[string]any{"token": token})
		}
		version("1")
		first := r.honest(k)
		if c := r.change(first); c.Change.Base != "1" || c.Answer.Version != "2" {
			t.Errorf("the first is based on %q, and gives %+v", c.Change.Base, c.Answer)
		}
		r.site.renew(t)
		second := r.honest(k)
		if c := r.change(second); c.Change.Base != "2" {
			t.Errorf("the second is based on %q", c.Change.Base)
		}
		r.site.renew(t)
		version("2") // the host's own page is out of date
		third, address := k.offer(t)
		before := r.dump()
		k.vic.ok("change.finish", k.finish(t, k.b, third, r.confirm(address)))
		r.reaches(third, verify.Failed)
		if c := r.change(third); c.Reason != verify.ChangeBase || c.Reason.Code() != "conflict" || r.dump() != before {
			t.Errorf("an account of another version: %s %s", c.State, c.Reason)
		}
	})
}
