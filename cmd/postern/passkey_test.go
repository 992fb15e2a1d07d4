package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// What a passkey's answer must be, how long and how often a challenge counts, and who may register and remove.
func TestPasskeys(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			r := newRow(t, startFixture(t, engine, options{clock: true}))
			sn1 := r.signsIn("sn1")
			a := newAuthenticator(t, r.url)
			begin := func() any { return sn1.ok("/v1/passkeys/begin", map[string]any{"password": password})["options"] }
			add := func(answer any) map[string]any { return map[string]any{"name": "Desk", "response": answer} }

			sn1.refused("forbidden", "stepup.required", "/v1/passkeys/begin", map[string]any{})
			sn1.refused("gone", "", "/v1/passkeys", add(a.create(t, map[string]any{"challenge": "AAAA"})))
			first := begin()
			sn1.refused("forbidden", "stepup.failed", "/v1/passkeys", add(newAuthenticator(t, "https://evil.test").create(t, first)))
			a.flags = present
			sn1.refused("forbidden", "stepup.failed", "/v1/passkeys", add(a.create(t, first)))
			a.flags = present | verified
			made := add(a.create(t, first))
			begin() // another tab: the first challenge is dead
			sn1.refused("forbidden", "stepup.failed", "/v1/passkeys", made)
			late := add(a.create(t, begin()))
			r.clock.set(t, gateway.PasskeyChallenge)
			sn1.refused("gone", "", "/v1/passkeys", late)
			now := add(a.create(t, begin()))
			sn1.ok("/v1/passkeys", now)
			r.logged("", "passkey.added", 1)
			r.mailsStaff("passkey.added", "sn1@shop.test")
			sn1.refused("gone", "", "/v1/passkeys", now)
			sn1.refused("conflict", "", "/v1/passkeys", add(a.create(t, begin())))

			step := func() any { return sn1.ok("/v1/stepup/begin", map[string]any{})["options"] }
			answer := map[string]any{"response": a.get(t, step())}
			sn1.ok("/v1/stepup/finish", answer)
			sn1.refused("gone", "", "/v1/stepup/finish", answer)
			a.count -= 1
			sn1.refused("forbidden", "stepup.failed", "/v1/stepup/finish", map[string]any{"response": a.get(t, step())}) // a copy's counter
			a.flags = present
			sn1.refused("forbidden", "stepup.failed", "/v1/stepup/finish", map[string]any{"response": a.get(t, step())})
			a.flags = present | verified
			a.origin = "http://localhost:1"
			sn1.refused("forbidden", "stepup.failed", "/v1/stepup/finish", map[string]any{"response": a.get(t, step())})
			a.origin = r.url

			k := r.talk("sn1")
			draft := r.sensitive(k, k.mia)
			r.clock.set(t, gateway.PasskeyChallenge+5*time.Minute)
			r.refused(k.mia, "stepup.required", "change.offer", draft)
			sn1.stepsUp(a)
			k.mia.ok("change.offer", draft)

			list := sn1.ok("/v1/passkeys", add(newAuthenticator(t, r.url).create(t, begin())))["passkeys"].([]any)
			key := "/v1/passkeys/" + list[0].(map[string]any)["id"].(string) + "/remove"
			su1 := browserOf{t, r.node, r.staff["su1"].cookie, firefox}
			su1.stepsUp(su1.holds())
			su1.refused("not_found", "", key, map[string]any{})
			if left := sn1.ok(key, map[string]any{})["passkeys"].([]any); len(list) != 2 || len(left) != 1 {
				t.Errorf("%d passkeys, %d after one was removed", len(list), len(left))
			}
			r.logged("", "passkey.removed", 1)
			r.mailsStaff("passkey.removed", "sn1@shop.test")
			for _, name := range []string{"tr1", "ag1", "ed1", "au1"} {
				b := browserOf{t, r.node, r.staff[name].cookie, firefox}
				for _, path := range []string{"/v1/passkeys/begin", "/v1/passkeys", "/v1/stepup/begin", "/v1/stepup/finish", key} {
					b.refused("forbidden", "role", path, map[string]any{})
				}
			}
		})
	}
}

// mailsStaff waits for a letter about a passkey to this address alone.
func (r *row) mailsStaff(what, to string) {
	r.Helper()
	r.until(func() string {
		letters, err := filepath.Glob(filepath.Join(r.config.Data, "spool", "letter-"+what+"-*.eml"))
		if err != nil {
			r.Fatal(err)
		}
		if len(letters) == 0 {
			return "no letter about " + what
		}
		for _, name := range letters {
			text, err := os.ReadFile(name)
			if err != nil || !strings.Contains(string(text), "To: <"+to+">") {
				return name + " is not to " + to
			}
		}
		return ""
	})
}
