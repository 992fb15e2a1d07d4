package site_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
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
	token := regexp.MustCompile(`reset\?t=(\S+)`).FindSubmatch(text)[1]
	b.get("/reset?t=" + string(token))
	if code := b.send("/reset", "t", string(token), "password", "brand new password"); code != http.StatusSeeOther {
		t.Fatalf("reset: %d", code)
	}
	b.get("/reset?t=" + string(token))
	if code := b.send("/reset", "t", string(token), "password", "a second password"); code != http.StatusGone {
		t.Errorf("the same link again: %d, want 410", code)
	}
	b.get("/signin")
	if code := b.send("/signin", "email", "robin@example.com", "password", "brand new password"); code != http.StatusSeeOther {
		t.Errorf("sign in with the new password: %d", code)
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
		link := regexp.MustCompile(`reset\?t=(\S+)`).FindSubmatch(text)[1]
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
