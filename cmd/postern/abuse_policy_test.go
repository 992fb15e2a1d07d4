package main

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/verifytest"
)

// abusePolicy: one admin who writes the files.
func abusePolicy() map[string]func(r *row) {
	return map[string]func(r *row){"G08": loosensAlone, "G09": editsTheFile, "G11": addsProvider}
}

// writes edits the policy file and restarts the gateway.
func (r *row) writes(old, text string) {
	r.Helper()
	r.restart(r.T, options{}, func(c *Config) {
		policy, err := os.ReadFile(c.PolicyFile)
		if err != nil {
			r.Fatal(err)
		}
		if !strings.Contains(string(policy), old) {
			r.Fatalf("the policy file has no %q", old)
		}
		if err := os.WriteFile(c.PolicyFile, []byte(strings.ReplaceAll(string(policy), old, text)), 0o600); err != nil {
			r.Fatal(err)
		}
	})
}

const (
	sensitiveEmail = "name = \"email.change\"\nhost = \"shop\"\ntier = \"sensitive\""
	plainEmail     = "name = \"email.change\"\nhost = \"shop\"\ntier = \"plain\""
)

// tier is the tier of a kind that is in force, "off" if it is off.
func (r *row) tier(kind string) string {
	r.Helper()
	p, err := r.Service.Policy()
	if err != nil {
		r.Fatal(err)
	}
	k, ok := p.Kind(kind)
	if !ok || k.Off {
		return "off"
	}
	return string(k.Tier)
}

// waits is the policy that waits, as a member of the staff sees it.
func (r *row) waits(name string) map[string]any {
	r.Helper()
	w, _ := r.desk(r.T, name).ok("GET", "/v1/verification", nil)["waits"].(map[string]any)
	return w
}

func (r *row) noted(why verify.Reason) {
	r.Helper()
	if !slices.ContainsFunc(r.leaves(), func(l verify.Leaf) bool { return l.Reason == why }) {
		r.Errorf("the log of changes has no line %s", why)
	}
}

// longStanding makes the fixture's admins old ones, who stay signed in: it has made them just now, for two days.
func (r *row) longStanding() {
	r.Helper()
	db := r.sql(r.T)
	for _, q := range []string{`UPDATE agents SET held_since = 1`, `UPDATE sessions SET until = until + 604800000`} {
		if _, err := db.Exec(q); err != nil {
			r.Fatal(err)
		}
	}
}

func loosensAlone(r *row) {
	r.alone(options{clock: true})
	r.longStanding()
	r.writes(sensitiveEmail, plainEmail)
	ad1 := r.desk(r.T, "ad1")
	w := r.waits("ad1")
	hash, _ := w["hash"].(string)
	yes, no := map[string]any{"hash": hash, "yes": true}, map[string]any{"hash": hash, "yes": false}
	if len(w["changes"].([]any)) == 0 || w["act"] != "ask" {
		r.Errorf("what waits: %v", w)
	}
	ad1.refused("forbidden", "PUT", "/v1/verification/policy", yes) // a cookie alone
	ad1.stepsUp()
	for range 2 {
		ad1.ok("PUT", "/v1/verification/policy", yes)
	}
	made := ad1.ok("POST", "/v1/agents", map[string]any{"email": "ad3@shop.test", "name": "Ad Three", "role": "admin", "capacity": 1})
	ad3 := ad1.takesOver(made["agent"].(map[string]any)["id"].(string))
	ad3.stepsUp()
	ad3.refused("forbidden", "PUT", "/v1/verification/policy", yes)
	for _, name := range []string{"su1", "au1", "ag1", "ed1"} {
		r.desk(r.T, name).refused("forbidden", "PUT", "/v1/verification/policy", yes)
	}
	r.clock.all(r.T, 25*time.Hour) // alone it does not get through, however long
	if got := r.tier("email.change"); got != "sensitive" {
		r.Errorf("email.change is %s after a day of one admin", got)
	}
	if w := r.waits("su1"); w["ask"].(map[string]any)["on_at"] != nil {
		r.Errorf("one admin's word has a time: %v", w)
	}
	k := r.talk("ag1")
	r.refused(k.mia, "role", "change.draft", r.draft(k, "email.change", map[string]string{"email": "x@evil.test"}))
	r.banner(true)
	r.noted(verify.PolicyWaits)
	r.noted(verify.PolicyAsked)

	ad1.ok("PUT", "/v1/verification/policy", no)
	ad1.stepsUp().ok("PUT", "/v1/verification/policy", yes)
	r.desk(r.T, "ad2").stepsUp().ok("PUT", "/v1/verification/policy", yes)
	r.noted(verify.PolicyAgreed)
	r.clock.all(r.T, 25*time.Hour+23*time.Hour)
	if got := r.tier("email.change"); got != "sensitive" {
		r.Errorf("email.change is %s 23 hours after it was asked for", got)
	}
	r.clock.all(r.T, 25*time.Hour+24*time.Hour+time.Minute)
	if got := r.tier("email.change"); got != "plain" {
		r.Errorf("email.change is %s after two admins and 24 hours", got)
	}
	if b, err := r.Service.PolicyWaiting(r.Context()); err != nil || b != nil {
		r.Errorf("waits still: %+v, %v", b, err)
	}
}

// banner asserts what consoles and overview say to supervisors, and that agents read nothing of it.
func (r *row) banner(want bool) {
	r.Helper()
	for name, says := range map[string]bool{"su1": want, "ad2": want, "ag1": false} {
		c := r.dial(http.Header{"Cookie": {r.staff[name].cookie}})
		hello := c.ok("hello", map[string]any{"as": "agent", "topics": map[string]int{}})
		if hello["policy_waits"] != says {
			r.Errorf("%s reads policy_waits %v, want %v", name, hello["policy_waits"], says)
		}
	}
	health := r.desk(r.T, "su1").ok("GET", "/v1/overview", nil)["health"].(map[string]any)
	if (health["policy"] == "waits") != want {
		r.Errorf("the overview says %v", health["policy"])
	}
}

func editsTheFile(r *row) {
	r.alone(options{})
	before, err := r.Service.Policy()
	if err != nil {
		r.Fatal(err)
	}
	r.writes(sensitiveEmail, plainEmail+"\nassisted = true")
	r.writes("name = \"name.change\"\nhost = \"shop\"\ntier = \"plain\"", "name = \"name.change\"\nhost = \"shop\"\ntier = \"sensitive\"")
	if email, name := r.tier("email.change"), r.tier("name.change"); email != "sensitive" || name != "sensitive" {
		r.Errorf("in force: email.change %s, name.change %s, want the stricter of both", email, name)
	}
	now, err := r.Service.Policy()
	if err != nil || !verify.Tightens(before, now) {
		r.Errorf("invariant 10: in force is %+v, %v", now, err)
	}
	if !strings.Contains(r.log.String(), "loosen the policy") {
		r.Error("no alarm in the log of the process")
	}
	r.noted(verify.PolicyWaits)
	r.banner(true)
	// A file that says what was approved needs nobody.
	r.writes(plainEmail+"\nassisted = true", sensitiveEmail)
	r.banner(false)
	r.noted(verify.PolicyTightened)
	if got := r.tier("name.change"); got != "sensitive" {
		r.Errorf("name.change is %s: stricter acts at once", got)
	}
}

func addsProvider(r *row) {
	r.alone(options{})
	mine, own := verifytest.NewHostile(r.T), verify.Secret(strings.Repeat("own secret ", 3))
	dir := r.TempDir()
	file := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			r.Fatal(err)
		}
		return p
	}
	r.restart(r.T, options{}, func(c *Config) {
		c.Sources = append(slices.Clone(c.Sources),
			SourceConfig{Name: "mine", Adapter: "oidc", Host: "shop", Issuer: mine.URL, ClientID: mine.Client, ClientSecretFile: file("client", mine.Secret), Strong: []string{"phr"}, Allow: []string{"127.0.0.1/32"}},
			SourceConfig{Name: "hook", Adapter: "webhook", Host: "shop", SecretsFile: file("secrets", "whsec_"+base64.StdEncoding.EncodeToString(own))})
	})
	r.noted(verify.PolicyWaits)
	r.banner(true)
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	if !strings.HasPrefix(address, r.site.URL+"/support-verify?h=") {
		r.Errorf("the login is made at %s", address)
	}
	body := r.site.event(r.T, address, verify.LoginConfirmed, nil)
	if status, raw := r.signed("hook", own, hookID(), r.clock.now(), body, body); status != http.StatusServiceUnavailable || !strings.Contains(string(raw), "policy.unavailable") {
		r.Errorf("the own source: %d %s", status, raw)
	}
	r.stays(change, verify.Challenged)
	// Whatever the gateway believes, the backend takes no token of a provider that it has not pinned.
	g := r.rogue()
	g.claims.SubIss = mine.URL
	g.seal()
	g.claims.Ev = &verify.Evidence{Kind: verify.EvidenceIDToken, JWT: r.idToken(g, nil)}
	r.delivered("/postern", g.message(), http.StatusForbidden, "evidence.missing")
}
