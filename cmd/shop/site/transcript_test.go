package site_test

import (
	"net/http"
	"strings"
	"testing"
)

// The link to an old conversation reaches the account's own address and log, once, and only if it is the gateway's.
func TestTranscriptNotice(t *testing.T) {
	s := newShop(t)
	say := func(sub, link string) {
		t.Helper()
		n := body(t, map[string]string{"type": "owner.notice", "notice": "transcript", "sub": sub, "link": link, "challenge": "", "conversation": "", "commit": ""})
		if code, text := s.deliver(n); code != http.StatusNoContent || text != "" {
			t.Errorf("%s: %d %q", link, code, text)
		}
	}
	log := func() string {
		b := s.browser()
		b.signIn("robin@example.com")
		b.get("/account/security")
		return b.page
	}
	link := s.gate.URL + "/transcript#a-token"
	say("cu_nobody", link)
	say("cu_robin", "https://evil.test/transcript#a-token")
	say("cu_robin", s.gate.URL+".evil.test/transcript#a-token")
	if page := log(); strings.Contains(page, "transcript#") {
		t.Errorf("a stranger's link is shown: %s", page)
	}
	say("cu_robin", link)
	page := log()
	if n := strings.Count(page, `href="`+link+`"`); n != 1 {
		t.Errorf("the link is shown %d times: %s", n, page)
	}
}
