package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-chat/postern/verify"
)

const oldSecret = "an old secret of the site"

// oldHash is what the site's page would bring with an address.
func oldHash(secret, email string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(email))
	return hex.EncodeToString(m.Sum(nil))
}

// An address with its HMAC is shown to staff as the old form and nothing more: it names no account, brings no version,
// and takes the place of nothing that a session token said.
func TestLegacyIdentity(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "old")
			if err := os.WriteFile(file, []byte(oldSecret+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			r := newRow(t, startFixture(t, engine, options{config: func(c *Config) { c.Hosts[0].LegacySecret = file }}))
			r.given()
			good := map[string]any{"email": vicsMail, "hash": oldHash(oldSecret, vicsMail)}
			r.badLegacies(good)

			k := r.talk("ag1")
			for range 2 { // again: nothing new
				if got := k.vic.ok("identify", good)["identity"].(map[string]any); got["how"] != "legacy" || got["subject"] != nil {
					t.Errorf("identity: %v", got)
				}
			}
			if how := r.knownAs("ag1", k.cv); how != "legacy" {
				t.Errorf("the console says %q", how)
			}
			told := k.mia.event("identity.claimed", k.cv+"/staff")
			if data := told["data"].(map[string]any); data["how"] != "legacy" || data["email"] != nil {
				t.Errorf("staff was told %v", data)
			}
			change, address := k.offer(t) // whoever logs in is the subject, not the address
			if c := r.change(change); c.Challenge.Subject != "" || c.Change.Base != verify.AnyBase || c.Subject() != "" {
				t.Errorf("the address bounds the change: %q, base %q", c.Challenge.Subject, c.Change.Base)
			}
			status, answer := r.site.press(t, address, verify.LoginConfirmed, func(e map[string]any) { e["sub"] = "u-mal" })
			if status != http.StatusOK {
				t.Errorf("a login as somebody else: %d %v", status, answer)
			}

			k.vic.ok("identify", map[string]any{"token": r.site.session(t, "u-vic")}) // a token replaces it
			if got := k.vic.ok("identify", good)["identity"].(map[string]any); got["how"] != "signed" {
				t.Errorf("the old form took the place of a token: %v", got)
			}
			if how := r.knownAs("ag1", k.cv); how != "signed" {
				t.Errorf("the console says %q", how)
			}
			_, address = k.offer(t)
			status, answer = r.site.press(t, address, verify.LoginConfirmed, func(e map[string]any) { e["sub"] = "u-mal" })
			r.answered(status, answer, http.StatusForbidden, "proof.subject")
			if strings.Contains(r.log.String(), vicsMail) {
				t.Error("the address stands in the log")
			}
			r.watched(t, "the old form") // every byte that went to staff
		})
	}
}

// badLegacies tries pairs that are none; nothing may be known of the browser then.
func (r *row) badLegacies(good map[string]any) {
	r.Helper()
	for name, bad := range map[string]map[string]any{
		"another secret":        {"email": vicsMail, "hash": oldHash("another secret of the site", vicsMail)},
		"an empty secret":       {"email": vicsMail, "hash": oldHash("", vicsMail)},
		"another address":       {"email": "mal@evil.test", "hash": good["hash"]},
		"in capitals":           {"email": strings.ToUpper(vicsMail), "hash": good["hash"]},
		"half a hash":           {"email": vicsMail, "hash": good["hash"].(string)[:32]},
		"no hash":               {"email": vicsMail, "hash": "zz"},
		"no address":            {"email": "vic", "hash": oldHash(oldSecret, "vic")},
		"a token that is none":  {"token": "x", "email": vicsMail, "hash": good["hash"]},
		"an address of 4,000 B": {"email": strings.Repeat("x", 4000) + "@x.test", "hash": oldHash(oldSecret, strings.Repeat("x", 4000)+"@x.test")},
	} {
		r.Log(name)
		r.ip = newAddress()
		k := r.talk("ag1")
		r.refused(k.vic, "identify.invalid", "identify", bad)
		if how := r.knownAs("ag1", k.cv); how != "" {
			r.Errorf("%s: the conversation is known as %q", name, how)
		}
	}
}

// A host without the secret takes none.
func TestLegacyIdentityOff(t *testing.T) {
	r := newRow(t, startFixture(t, "SQLite", options{}))
	r.given()
	for _, secret := range []string{oldSecret, ""} {
		r.ip = newAddress()
		k := r.talk("ag1")
		r.refused(k.vic, "identify.invalid", "identify", map[string]any{"email": vicsMail, "hash": oldHash(secret, vicsMail)})
	}
}
