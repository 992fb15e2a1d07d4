package main

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// abuseCooling: changes that wait for a second pair of eyes.
func abuseCooling() map[string]func(r *row) { return map[string]func(r *row){"G04": ownSecond} }

const movedTo = "9 Quay Street, second floor"

// cools offers a change of the club's address in a conversation and lets its owner log in for it, at a login that is
// not phishing-resistant: the change cools.
func (r *row) cools(k talk) (change string) {
	r.Helper()
	change, args := r.approves(k)
	k.vic.ok("change.finish", args)
	r.reaches(change, verify.Cooling)
	return change
}

// approves goes the way of cools up to the approval; it gives what the widget finishes with.
func (r *row) approves(k talk) (change string, finish map[string]any) {
	r.Helper()
	k.types("I have moved to " + movedTo)
	draft := k.mia.ok("change.draft", map[string]any{"conversation": k.cv, "kind": "address.change", "fields": map[string]string{"address": movedTo}})
	change = draft["change"].(map[string]any)["id"].(string)
	r.stepsUp(k.by)
	k.mia.ok("change.offer", map[string]any{"change": change})
	k.vic.event("change.offered", k.cv)
	s, status, out := r.redeem(change, r.open(k, change))
	if status != http.StatusOK {
		r.Fatalf("start: %d %v", status, out)
	}
	s.back()
	status, out = s.press(verify.PressApprove)
	back, _ := out["next"].(string)
	if status != http.StatusOK {
		r.Fatalf("approve: %d %v", status, out)
	}
	return change, k.finish(r.T, k.b, change, back)
}

func ownSecond(r *row) {
	k := r.talk("su1")
	change := r.cools(k)
	r.given() // the backend keeps what was announced
	args := map[string]any{"change": change}
	r.refused(r.as("su1"), r.says("four_eyes"), "change.second", args)
	for _, name := range []string{"tr1", "ag1", "sn1", "ad1", "au1", "ed1"} {
		r.refused(r.as(name), "role", "change.second", args)
	}
	if f := k.vic.do("change.second", args); f["error"] == nil {
		r.Errorf("the visitor gave the second approval: %v", f)
	}
	r.logged(change, "four_eyes", 1)
	r.stays(change, verify.Cooling)
	if c := r.change(change); c.Cool.Second.ID != "" || c.Receipt != nil {
		r.Errorf("agreed to by %v, receipt %v", c.Cool.Second, c.Receipt)
	}
}

// withHook lets the club tell the gateway of what its members cancel.
func (f *fixture) withHook(t *testing.T) func(*Config) {
	return func(c *Config) {
		secret := make(verify.Secret, 32)
		if _, err := rand.Read(secret); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "club.secrets")
		if err := os.WriteFile(file, []byte("whsec_"+base64.StdEncoding.EncodeToString(secret)), 0o600); err != nil {
			t.Fatal(err)
		}
		c.Sources = append(slices.Clone(c.Sources), SourceConfig{Name: "club", Adapter: "webhook", Host: "club", SecretsFile: file})
		f.club.shop.Source, f.club.shop.EventSecret = "club", secret
	}
}

var mailedLink = regexp.MustCompile(`(https://shop\.test)/cancel#([A-Za-z0-9_-]{43})`)

// mailed reads the newest letter of the club's shop: to whom, and its link's token.
func (h *hostSite) mailed(t *testing.T) (to, token string) {
	t.Helper()
	letters, err := filepath.Glob(filepath.Join(h.shop.Data, "mail", "*.eml"))
	if err != nil || len(letters) == 0 {
		t.Fatalf("no letter: %v", err)
	}
	slices.Sort(letters)
	text, err := os.ReadFile(letters[len(letters)-1])
	if err != nil {
		t.Fatal(err)
	}
	m := mailedLink.FindStringSubmatch(string(text))
	_, to, _ = strings.Cut(string(text), "To: <")
	to, _, _ = strings.Cut(to, ">")
	if m == nil {
		t.Fatalf("no link in\n%s", text)
	}
	return to, m[2]
}

var formToken = regexp.MustCompile(`name="csrf" value="([^"]*)"`)

// cancels opens the mailed page and presses its button, without a login. It gives the status of the press.
func (h *hostSite) cancels(t *testing.T, token string) int {
	t.Helper()
	server := httptest.NewServer(h.backend)
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := http.Client{Jar: jar}
	res, err := c.Get(server.URL + "/cancel")
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	_, err = copyTo(&page, res)
	_ = res.Body.Close()
	m := formToken.FindStringSubmatch(page.String())
	if err != nil || res.StatusCode != http.StatusOK || m == nil {
		t.Fatalf("GET /cancel: %d, %v\n%s", res.StatusCode, err, page.String())
	}
	res, err = c.PostForm(server.URL+"/cancel", url.Values{"csrf": {m[1]}, "t": {token}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// A change whose login is not the strongest: announced, mailed to its owner, agreed to by a second person, applied a
// day later. Another one is cancelled by its owner.
func TestWalkCooling(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := startFixture(t, engine, options{clock: true, made: func(f *fixture) { f.withHook(t)(&f.config) }})
			r := newRow(t, f)
			r.club.opened.Do(func() { r.club.shop.Gateway, r.club.shop.Audience = r.url, clubAudience })
			k := r.talk("sn1")
			change := r.cools(k)
			r.stepsUp("su1")
			r.as("su1").ok("change.second", map[string]any{"change": change})
			_, token := r.club.mailed(t)
			if status := r.club.cancels(t, strings.Repeat("A", 43)); status != http.StatusGone {
				t.Errorf("a guessed link: %d", status)
			}
			r.stays(change, verify.Cooling)
			if status := r.club.cancels(t, token); status != http.StatusOK {
				t.Errorf("cancel: %d", status)
			}
			r.reaches(change, verify.Denied)
			k.vic.event("change.denied", k.cv)
			if status := r.club.cancels(t, token); status != http.StatusGone {
				t.Errorf("cancelled twice: %d", status)
			}
			if r.club.customer(t, movedTo) {
				t.Error("a cancelled change was applied")
			}

			k = r.talk("sn1")
			before := r.club.dump(t)
			change = r.cools(k)
			if to, _ := r.club.mailed(t); to != "harriet.quill@example-mail.com" {
				t.Errorf("the letter went to %s", to)
			}
			view := k.mia.event("change.cooling", k.cv)
			if until, _ := view["data"].(map[string]any)["until"].(float64); time.UnixMilli(int64(until)).Before(r.clock.now().Add(23 * time.Hour)) {
				t.Errorf("waits until %v", view)
			}
			r.stepsUp("su1")
			r.as("su1").ok("change.second", map[string]any{"change": change})
			k.mia.ok("conversation.close", map[string]any{"conversation": k.cv, "outcome": "resolved"})
			r.clock.all(t, 23*time.Hour)
			r.stays(change, verify.Cooling)
			if r.club.customer(t, movedTo) {
				t.Error("applied before its time")
			}
			r.clock.all(t, 25*time.Hour)
			r.reaches(change, verify.Applied)
			if !r.club.customer(t, movedTo) || before == r.club.dump(t) {
				t.Error("the address did not change")
			}
			r.until(func() string {
				if !r.club.told(t, "u-vic", "through support") {
					return "the owner was not told that it was applied"
				}
				return ""
			})
			f.audit(t)
		})
	}
}

// all moves the clocks of database, gateway and hosts.
func (c *testClock) all(t *testing.T, d time.Duration) {
	t.Helper()
	c.set(t, d)
	c.mu.Lock()
	c.beside = d
	c.mu.Unlock()
}

// customer reports whether vic's address is this.
func (h *hostSite) customer(t *testing.T, address string) bool {
	t.Helper()
	var n int
	if err := h.db.QueryRow(`SELECT COUNT(*) FROM customers WHERE id = 'u-vic' AND address = $1`, address).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n == 1
}
