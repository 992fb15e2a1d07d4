package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// An only admin loosens the policy alone after 72 hours, and every admin and auditor is written to.
func TestPolicyByOnlyAdmin(t *testing.T) {
	f := startFixture(t, "SQLite", options{clock: true})
	r := newRow(t, f)
	r.longStanding()
	if _, err := f.sql(t).Exec(`UPDATE agents SET role = 'agent', admin_until = 0 WHERE email = 'ad2@shop.test'`); err != nil {
		t.Fatal(err)
	}
	r.writes(sensitiveEmail, plainEmail)
	ad1 := f.desk(t, "ad1").stepsUp()
	yes := map[string]any{"hash": r.waits("ad1")["hash"], "yes": true}
	ad1.ok("PUT", "/v1/verification/policy", yes)
	ad1.ok("PUT", "/v1/verification/policy", yes) // again changes nothing, nor does it write again
	r.until(func() string {
		letters, err := filepath.Glob(filepath.Join(f.config.Data, "spool", "letter-*.eml"))
		if err != nil {
			t.Fatal(err)
		}
		to := map[string]int{}
		for _, name := range letters {
			if strings.HasPrefix(filepath.Base(name), "letter-passkey.") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, who := range []string{"ad1", "ad2", "au1", "su1"} {
				if strings.Contains(string(text), "<"+who+"@shop.test>") {
					to[who]++
				}
			}
		}
		if to["ad1"] != 1 || to["au1"] != 1 || len(to) != 2 {
			return "letters to " + strings.Join(letters, " ")
		}
		return ""
	})
	f.clock.all(t, 71*time.Hour)
	if got := r.tier("email.change"); got != "sensitive" {
		t.Errorf("email.change is %s after 71 hours", got)
	}
	f.clock.all(t, 72*time.Hour+time.Minute)
	if got := r.tier("email.change"); got != "plain" {
		t.Errorf("email.change is %s after 72 hours", got)
	}
}

// A book that cannot be read switches changes off, and chat goes on.
func TestPolicyBookBroken(t *testing.T) {
	f := startFixture(t, "SQLite", options{})
	if _, err := f.sql(t).Exec(`UPDATE settings SET value = '{' WHERE name = 'policy.book'`); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Service.Policy(); gateway.CodeOf(err) != "internal" {
		t.Errorf("Policy = %v, want an error", err)
	}
	r := newRow(t, f)
	k := r.talk("ag1")
	if f := k.mia.do("change.draft", map[string]any{"conversation": k.cv, "kind": "renewal.cancel", "fields": map[string]string{"plan": "plus"}}); f["error"] == nil {
		t.Errorf("drafted: %v", f)
	}
}
