package verify_test

import (
	"slices"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

func TestParseSecrets(t *testing.T) {
	one := "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	two := "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
	for _, c := range []struct {
		name, text string
		n          int // 0 = refused
	}{
		{"one", one + "\n", 1},
		{"two, newest first, with a comment", "# rotated today\n" + two + "\n\n" + one, 2},
		{"three", one + "\n" + two + "\n" + one, 0},
		{"none", "\n# nothing\n", 0},
		{"too short", "whsec_AAAA", 0},
		{"no prefix", one[6:], 0},
		{"not base64", "whsec_!!!!", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := verify.ParseSecrets(c.text)
			if (err == nil) != (c.n > 0) || len(s) != c.n {
				t.Errorf("ParseSecrets = %d, %v; want %d", len(s), err, c.n)
			}
		})
	}
}

func TestParseHookKey(t *testing.T) {
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"32 bytes", "whpk_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", true},
		{"a secret", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", false},
		{"a private key", "whsk_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", false},
		{"24 bytes", "whpk_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", false},
		{"not base64", "whpk_!!!!", false},
		{"nothing", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := verify.ParseHookKey(c.text)
			if (err == nil) != c.ok || (len(k) == 32) != c.ok {
				t.Errorf("ParseHookKey = %d bytes, %v; want ok = %v", len(k), err, c.ok)
			}
		})
	}
}

func TestFieldRules(t *testing.T) {
	k := verify.Kind{Name: "a.b", Fields: []verify.Field{
		{Name: "set", As: "set", Values: []string{"a", "b", "c"}, Label: map[string]string{"en": "S"}},
		{Name: "code", As: "text", Pattern: "[0-9]{4}", Label: map[string]string{"en": "C"}},
	}}
	fine := func(string, string) error { return nil }
	for _, c := range []struct {
		set, code string
		ok        bool
	}{
		{"a,c", "1234", true},
		{"a", "1234", true},
		{"c,a", "1234", false},
		{"a,a", "1234", false},
		{"a,d", "1234", false},
		{"a", "12345", false},
		{"a", "x1234", false},
		{"", "1234", false},
	} {
		ch := verify.Change{V: "1", Kind: "a.b", Base: "*", Fields: map[string]string{"set": c.set, "code": c.code}}
		if err := ch.Validate(k, fine); (err == nil) != c.ok {
			t.Errorf("Validate(%q, %q) = %v, want ok = %v", c.set, c.code, err, c.ok)
		}
	}
}

func TestJobs(t *testing.T) {
	at := time.UnixMilli(1795312800000)
	due := map[verify.State]time.Time{
		verify.Proven: at, verify.Disowned: at, verify.Applied: at, verify.Released: at.Add(verify.ReceiptLife), verify.Unsettled: at.Add(time.Minute),
	}
	for _, s := range verify.States() {
		step := verify.Step{Row: verify.Row{State: s, ExpiresAt: at.Add(verify.ReceiptLife).UnixMilli()}, At: at}
		want, some := due[s]
		if (step.Job() != "") != some || some && !step.JobAt().Equal(want) {
			t.Errorf("%s: job %q at %s, want one at %s: %v", s, step.Job(), step.JobAt(), want, some)
		}
	}
}

// Match refuses a kind that the policy no longer has.
func TestMatchNeedsItsKind(t *testing.T) {
	ch := verify.Challenge{Host: "shop", Kind: "renewal.cancel", Chg: "c", T0: 1795312800, Handle: verify.TokenHash("h")}
	e := verify.LoginEvent{Host: "shop", Kind: verify.LoginConfirmed, Handle: "h", Chg: "c", Subject: "u", AuthTime: 1795312801, Witness: verify.TokenHash("w")}
	now := time.Unix(1795312802, 0)
	if v := verify.Match(ch, e, shopPolicy(), now); v.To != verify.Matched || v.Level != verify.A3 {
		t.Fatalf("Match = %+v", v)
	}
	off, gone, moved := shopPolicy(), shopPolicy(), shopPolicy()
	off.Kinds[0].Off = true
	gone.Kinds = slices.Delete(gone.Kinds, 0, 1)
	moved.Kinds[0].Host = "other"
	for _, p := range []verify.Policy{off, gone, moved, {}} {
		if v := verify.Match(ch, e, p, now); v.To != verify.Failed || v.Reason != verify.PolicyUnavailable {
			t.Errorf("Match = %+v, want policy.unavailable", v)
		}
	}
}
