package site_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

const handle = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// ask opens a challenge at the gateway for a change.
func (s *shop) ask(c verify.Change) {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	now := s.now().Unix()
	s.gate.views[handle] = verify.View{
		Change: c, Commit: "the-commitment", T0: now, Expires: now + 600,
		Conversation: verify.ViewConversation{Started: now - 300, Browser: "Chromium on Linux <b>", Mailbox: "accounts"},
	}
}

func (s *shop) forget() {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	clear(s.gate.views)
}

var idField = regexp.MustCompile(`name="id" value="([^"]+)"`)

// confirming brings a browser to the confirm page by a fresh login.
func (s *shop) confirming(b *browser, email string) (id string) {
	s.t.Helper()
	b.get("/support-verify?h=" + handle)
	if code := b.send("/support-verify/login", "h", handle, "email", email, "password", password); code != http.StatusSeeOther {
		s.t.Fatalf("log in to confirm: %d %s", code, b.page)
	}
	if code := b.get("/support-verify?h=" + handle); code != http.StatusOK {
		s.t.Fatalf("confirm page: %d", code)
	}
	m := idField.FindStringSubmatch(b.page)
	if m == nil {
		s.t.Fatalf("no confirm form in %s", b.page)
	}
	return m[1]
}

func TestConfirmPage(t *testing.T) {
	s := newShop(t)
	s.ask(renewal("plus"))
	b := s.browser()
	b.signIn("robin@example.com")
	if b.get("/support-verify?h=" + handle); !strings.Contains(b.page, `type="password"`) || strings.Contains(b.page, "Approve") {
		t.Fatal("an open session is enough: the page must ask for a fresh login")
	}
	id := s.confirming(b, "robin@example.com")
	for _, want := range []string{
		"Cancel the renewal of your plan?", "robin@example.com", "Tea Post Plus", "Renewal off", "Accounts and plans",
		"If you are not in this conversation right now, press", `value="deny" autofocus`,
	} {
		if !strings.Contains(b.page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	csp := b.head.Get("Content-Security-Policy")
	if !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "script-src 'none'") || b.head.Get("X-Frame-Options") != "DENY" || b.head.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("headers: %v", b.head)
	}
	before := s.dump()
	for range 2 { // pressed twice: the same event again
		if code := b.send("/support-verify", "id", id, "choice", "approve"); code != http.StatusSeeOther || b.head.Get("Location") != s.gate.back {
			t.Fatalf("approve: %d to %q", code, b.head.Get("Location"))
		}
		b.page = `name="csrf" value="` + s.token(b) + `"`
	}
	events := s.gate.heard()
	if len(events) != 2 || s.gate.ids[0] != s.gate.ids[1] {
		t.Fatalf("events: %v %v", s.gate.ids, events)
	}
	chg, _ := renewal("plus").Digest()
	e := events[0]
	at := int64(e["auth_time"].(float64))
	if e["type"] != verify.LoginConfirmed || e["handle"] != handle || e["chg"] != chg || e["sub"] != "cu_robin" ||
		e["witness"] != verify.Witness(ownKey, "the-commitment", chg, "cu_robin", at) || at < s.gate.views[handle].T0 {
		t.Errorf("event: %v", e)
	}
	if s.dump() != before {
		t.Error("confirming alone has changed an account")
	}
}

// token is a valid form token of the browser as it is now.
func (s *shop) token(b *browser) string {
	s.t.Helper()
	b.get("/teas/hedgerow")
	return csrfField.FindStringSubmatch(b.page)[1]
}

// No and Not me carry no witness; a yes may become a no, never the other way round.
func TestDenyAndDisown(t *testing.T) {
	for choice, typ := range map[string]string{"deny": verify.LoginDenied, "disown": verify.LoginDisowned, "nonsense": verify.LoginDenied} {
		s := newShop(t)
		s.ask(renewal("plus"))
		b := s.browser()
		id := s.confirming(b, "robin@example.com")
		if code := b.send("/support-verify", "id", id, "choice", choice); code != http.StatusSeeOther {
			t.Fatalf("%s: %d", choice, code)
		}
		csrf := s.token(b)
		if code := b.send("/support-verify", "id", id, "choice", "approve", "csrf", csrf); code != http.StatusGone {
			t.Errorf("approve after %s: %d, want 410", choice, code)
		}
		events := s.gate.heard()
		if len(events) != 1 || events[0]["type"] != typ || events[0]["witness"] != nil {
			t.Errorf("%s: events %v", choice, events)
		}
	}
	s := newShop(t)
	s.ask(renewal("plus"))
	b := s.browser()
	id := s.confirming(b, "robin@example.com")
	b.send("/support-verify", "id", id, "choice", "approve")
	b.send("/support-verify", "id", id, "choice", "disown", "csrf", s.token(b))
	if events := s.gate.heard(); len(events) != 2 || events[1]["type"] != verify.LoginDisowned {
		t.Errorf("Not me after Approve: %v", events)
	}
}

// Who presses must be who logged in for it, in the same browser, with a form of our own page.
func TestNobodyElsePresses(t *testing.T) {
	s := newShop(t)
	s.ask(renewal("plus"))
	b := s.browser()
	id := s.confirming(b, "robin@example.com")
	if code := b.send("/support-verify", "id", id, "choice", "approve", "csrf", "forged"); code != http.StatusForbidden {
		t.Errorf("forged form token: %d, want 403", code)
	}
	if code := s.browser().send("/support-verify", "id", id, "choice", "approve"); code != http.StatusForbidden {
		t.Errorf("a browser without our form: %d, want 403", code)
	}
	other := s.browser()
	other.signIn("sasha@example.com")
	if code := other.send("/support-verify", "id", id, "choice", "approve", "csrf", s.token(other)); code != http.StatusGone {
		t.Errorf("another customer: %d, want 410", code)
	}
	stranger := s.browser()
	if stranger.get("/support-verify?h=" + handle); strings.Contains(stranger.page, "Approve") {
		t.Error("the page is shown to a browser that did not log in")
	}
	if code := stranger.send("/support-verify/login", "h", handle, "email", "robin@example.com", "password", "wrong password"); code != http.StatusUnprocessableEntity {
		t.Errorf("a wrong password: %d, want 422", code)
	}
	if events := s.gate.heard(); len(events) != 0 {
		t.Errorf("events were sent: %v", events)
	}
}

func TestConfirmEnds(t *testing.T) {
	s := newShop(t)
	b := s.browser()
	if code := b.get("/support-verify?h=" + handle); code != http.StatusGone || !strings.Contains(b.page, "This request is over") {
		t.Errorf("unknown handle: %d", code)
	}
	s.ask(renewal("plus"))
	b.get("/support-verify?h=" + handle)
	s.forget()
	if code := b.send("/support-verify/login", "h", handle, "email", "robin@example.com", "password", password); code != http.StatusGone {
		t.Errorf("over while logging in: %d", code)
	}
	s.ask(verify.Change{V: "1", Kind: "account.delete", Base: "*", Fields: map[string]string{}})
	b.get("/support-verify?h=" + handle)
	b.send("/support-verify/login", "h", handle, "email", "robin@example.com", "password", password)
	if code := b.get("/support-verify?h=" + handle); code != http.StatusGone || strings.Contains(b.page, "Approve") {
		t.Errorf("a change that the shop does not know: %d", code)
	}
	s.gate.back = "https://evil.example/#postern=tok"
	s.ask(renewal("plus"))
	s.later(time.Second)
	id := s.confirming(s2(b, s), "robin@example.com")
	if code := b.send("/support-verify", "id", id, "choice", "deny", "csrf", s.token(b)); code == http.StatusSeeOther {
		t.Errorf("followed a return to another site: %s", b.head.Get("Location"))
	}
	s.gate.Close()
	if code := b.get("/support-verify?h=" + handle); code != http.StatusBadGateway || !strings.Contains(b.page, "cannot be reached") {
		t.Errorf("gateway down: %d", code)
	}
}

// s2 gives b a fresh set of cookies: a person who starts again.
func s2(b *browser, s *shop) *browser {
	*b = *s.browser()
	return b
}
