package site_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The shop's own recovery: the mail goes to the login e-mail, its link works once, and nobody learns which
// addresses have an account.
func TestReset(t *testing.T) {
	s := newShop(t)
	b := s.browser()
	b.get("/forgot")
	b.send("/forgot", "email", "nobody@example.com")
	unknown := csrfField.ReplaceAllString(b.page, "")
	b.send("/forgot", "email", "robin@example.com")
	if csrfField.ReplaceAllString(b.page, "") != unknown {
		t.Error("the page tells which e-mail has an account")
	}
	files, err := filepath.Glob(filepath.Join(s.Data, "mail", "*.eml"))
	if err != nil || len(files) != 1 {
		t.Fatalf("mails: %v %v, want one", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	token := regexp.MustCompile(`/reset#(\S+)`).FindSubmatch(text)[1]
	b.get("/reset")
	if code := b.send("/reset", "t", string(token), "password", "brand new password"); code != http.StatusSeeOther {
		t.Fatalf("reset: %d", code)
	}
	b.get("/reset")
	if code := b.send("/reset", "t", string(token), "password", "a second password"); code != http.StatusGone {
		t.Errorf("the same link again: %d, want 410", code)
	}
	b.get("/signin")
	if code := b.send("/signin", "email", "robin@example.com", "password", "brand new password"); code != http.StatusSeeOther {
		t.Errorf("sign in with the new password: %d", code)
	}
}

// The token of a mailed link never stands in an address that a server, a log or another page could see, and the page
// that takes it loads nothing from anybody else.
func TestResetTokenStaysInTheFragment(t *testing.T) {
	s := newShop(t)
	var log bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b := s.browser()
	b.get("/forgot")
	b.send("/forgot", "email", "robin@example.com")
	files, err := filepath.Glob(filepath.Join(s.Data, "mail", "*.eml"))
	if err != nil || len(files) != 1 {
		t.Fatalf("mails: %v %v, want one", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	link, err := url.Parse(string(regexp.MustCompile(`http\S+/reset\S+`).Find(text)))
	if err != nil || link.Fragment == "" || link.RawQuery != "" || strings.Contains(link.Path, link.Fragment) {
		t.Fatalf("the mailed link is %s, %v; want the token behind the #", link, err)
	}
	b.get("/reset?t=" + link.Fragment) // as links once were
	if strings.Contains(b.page, link.Fragment) {
		t.Error("the page takes a token from its query")
	}
	for _, password := range []string{"short", "brand new password"} {
		b.get("/reset")
		if got := b.head.Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("Referrer-Policy %q", got)
		}
		if csp := b.head.Get("Content-Security-Policy"); strings.Contains(csp, s.gate.URL) || !strings.Contains(csp, "script-src 'self';") {
			t.Errorf("the page may load from elsewhere: %s", csp)
		}
		if strings.Contains(b.page, s.gate.URL) || !strings.Contains(b.page, "/static/reset.js") {
			t.Errorf("the page: %s", b.page)
		}
		b.send("/reset", "t", link.Fragment, "password", password)
	}
	if b.head.Get("Location") != "/signin" {
		t.Errorf("reset leads to %q", b.head.Get("Location"))
	}
	b.get("/reset")
	if err := s.Close(); err != nil { // and what fails for another reason
		t.Fatal(err)
	}
	b.send("/reset", "t", link.Fragment, "password", "another new password")
	if !strings.Contains(log.String(), "/reset") || strings.Contains(log.String(), link.Fragment) {
		t.Errorf("log: %s", log.String())
	}
}

// A page without referrer sends its forms from the origin "null": they are taken if the browser says that the page
// was ours, and only then.
func TestFormsFromNull(t *testing.T) {
	for _, c := range []struct {
		origin, site string
		want         int
	}{
		{"null", "same-origin", http.StatusOK},
		{"null", "cross-site", http.StatusForbidden},
		{"null", "same-site", http.StatusForbidden},
		{"null", "none", http.StatusForbidden},
		{"null", "", http.StatusForbidden},
		{"https://evil.example", "same-origin", http.StatusForbidden},
		{"", "", http.StatusOK},
	} {
		s := newShop(t)
		b := s.browser()
		b.get("/forgot")
		if c.origin != "" {
			b.more = http.Header{"Origin": {c.origin}, "Sec-Fetch-Site": {c.site}}
		}
		if code := b.send("/forgot", "email", "nobody@example.com"); code != c.want {
			t.Errorf("%+v: %d", c, code)
		}
	}
}

// A link that was mailed before the e-mail or the password changed opens nothing any more.
func TestResetVoid(t *testing.T) {
	for _, name := range []string{"email", "password"} {
		s := newShop(t)
		b := s.browser()
		b.get("/forgot")
		b.send("/forgot", "email", "robin@example.com")
		files, err := filepath.Glob(filepath.Join(s.Data, "mail", "*.eml"))
		if err != nil || len(files) != 1 {
			t.Fatalf("mails: %v %v, want one", files, err)
		}
		text, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		link := regexp.MustCompile(`/reset#(\S+)`).FindSubmatch(text)[1]
		b.get("/signin")
		b.send("/signin", "email", "robin@example.com", "password", password)
		b.get("/account/settings")
		if code := b.send("/account/settings/"+name, "value", "robin@new.example.com", "password", password); code != http.StatusSeeOther {
			t.Fatalf("change of %s: %d", name, code)
		}
		b.get("/reset")
		if code := b.send("/reset", "t", string(link), "password", "brand new password"); code != http.StatusGone {
			t.Errorf("a link from before the change of %s: %d, want 410", name, code)
		}
	}
}
