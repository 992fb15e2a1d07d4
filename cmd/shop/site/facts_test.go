package site_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

func reading(names string) verify.Change {
	return verify.Change{V: "1", Kind: verify.ReadKind, Base: "*", Fields: map[string]string{verify.ReadField: names}}
}

// A proven read gives what was asked for and nothing else, and changes nothing; what the shop does not show, or no
// proof, gives nothing.
func TestReadAccount(t *testing.T) {
	s := newShop(t)
	accounts := func() string { // without what was burned
		all, _, _ := strings.Cut(s.dump(), "burned ")
		return all
	}
	before := accounts()
	for names, want := range map[string][]string{
		"orders,plan,status": {"orders", "plan", "status"}, "plan": {"plan"}, "plan,orders": nil, "plan,plan": nil, "address": nil, "": nil,
	} {
		c := reading(names)
		r := s.claims(c, "cu_robin")
		login(&r, ownKey)
		code, text := s.deliver(s.delivery(r, c))
		var got struct {
			Result, Version string
			Facts           map[string]string
		}
		_ = json.Unmarshal([]byte(text), &got) // checked by what is in it
		if len(got.Facts) != len(want) || (code == http.StatusOK) != (want != nil) {
			t.Errorf("%q: %d %s", names, code, text)
		}
		for _, n := range want {
			if got.Facts[n] == "" || got.Version != "1" {
				t.Errorf("%q: %s is %q, version %s", names, n, got.Facts[n], got.Version)
			}
		}
		if strings.Contains(text, "Quay Lane") || strings.Contains(text, "robin@example.com") {
			t.Errorf("%q shows more than it may: %s", names, text)
		}
	}
	c := reading("plan")
	r := s.claims(c, "cu_robin")
	login(&r, []byte("a key that is not the shop's own"))
	if code, text := s.deliver(s.delivery(r, c)); code != http.StatusForbidden || strings.Contains(text, "facts") {
		t.Errorf("without a witness: %d %s", code, text)
	}
	if accounts() != before {
		t.Error("a read has changed an account")
	}
}

// The owner is told once a day that somebody typed the address; who has no account here gets the same answer.
func TestClaimedNotice(t *testing.T) {
	s := newShop(t)
	say := func(conversation, email string) {
		t.Helper()
		n := body(t, map[string]string{"type": "owner.notice", "notice": "claimed", "claimed": email, "challenge": "", "conversation": conversation})
		if code, text := s.deliver(n); code != http.StatusNoContent || text != "" {
			t.Errorf("%s: %d %q", email, code, text)
		}
	}
	told := func() int {
		b := s.browser()
		b.signIn("robin@example.com")
		b.get("/account/security")
		return strings.Count(b.page, "Somebody wrote to support")
	}
	say("cv_1", "nobody@example.com")
	if told() != 0 {
		t.Error("told of another address")
	}
	say("cv_2", "Robin@Example.com")
	say("cv_3", "robin@example.com")
	if n := told(); n != 1 {
		t.Errorf("told %d times in a day, want once", n)
	}
	s.later(24*time.Hour + time.Minute)
	say("cv_4", "robin@example.com")
	if n := told(); n != 2 {
		t.Errorf("told %d times in two days, want twice", n)
	}
}
