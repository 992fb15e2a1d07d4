package site_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// An honest receipt is carried out once; each repetition gets the same bytes, also after the receipt's end.
func TestApplyOnce(t *testing.T) {
	s := newShop(t)
	c := renewal("plus")
	r := s.claims(c, "cu_robin")
	login(&r, ownKey)
	d := s.delivery(r, c)
	code, first := s.deliver(d)
	if code != http.StatusOK || first != `{"result":"applied","version":"2"}` {
		t.Fatalf("first delivery: %d %s", code, first)
	}
	after := s.dump()
	s.later(time.Hour)
	if code, again := s.deliver(d); code != http.StatusOK || again != first {
		t.Errorf("second delivery: %d %s, want the same answer", code, again)
	}
	settle := body(t, map[string]string{"type": "change.settle", "commit": r.Commit, "challenge": r.Challenge})
	if _, text := s.deliver(settle); text != first {
		t.Errorf("settle: %s, want %s", text, first)
	}
	if _, text := s.deliver(body(t, map[string]string{"type": "change.settle", "commit": "unknown"})); text != `{"result":"unknown"}` {
		t.Errorf("settle of nothing: %s", text)
	}
	if s.dump() != after {
		t.Error("a repetition has changed an account")
	}
	b := s.browser()
	b.signIn("robin@example.com")
	if b.get("/account/plan"); !strings.Contains(b.page, r.JTI) || !strings.Contains(b.page, "Renewal off") {
		t.Error("the plan page does not show the receipt")
	}
	if b.get("/account/security"); !strings.Contains(b.page, "Receipt "+r.JTI) {
		t.Error("the security log does not show the receipt")
	}
}

// Each kind that the shop knows does what it says, and counts the version up.
func TestEachKind(t *testing.T) {
	s := newShop(t)
	for _, x := range []struct{ kind, field, value string }{
		{"plan.change", "plan", "basic"},
		{"name.change", "name", "Robin A. Quay"},
		{"newsletter.change", "newsletter", "off"},
		{"address.change", "address", "1 New Street, Marwick"},
		{"email.change", "email", "new@xn--bcher-kva.example"},
		{"renewal.cancel", "plan", "basic"},
	} {
		c := verify.Change{V: "1", Kind: x.kind, Base: "*", Fields: map[string]string{x.field: x.value}}
		r := s.claims(c, "cu_robin")
		login(&r, ownKey)
		before := s.dump()
		if code, text := s.deliver(s.delivery(r, c)); code != http.StatusOK {
			t.Errorf("%s: %d %s", x.kind, code, text)
		}
		if s.dump() == before {
			t.Errorf("%s: nothing has changed", x.kind)
		}
	}
	b := s.browser()
	b.signIn("new@xn--bcher-kva.example")
}

// Whoever holds the gateway's own signing key still gets nothing past the shop: every account stays byte for byte.
func TestRefusedReceipts(t *testing.T) {
	s := newShop(t)
	honest := renewal("plus")
	for _, x := range []struct {
		name string
		bend func(r *verify.Claims, c *verify.Change)
		want string
	}{
		{"no login", func(r *verify.Claims, _ *verify.Change) { r.Ev = nil }, "evidence.missing"},
		{"only the gateway's word", func(r *verify.Claims, _ *verify.Change) {
			r.Ev = &verify.Evidence{Kind: verify.EvidenceEvent, AuthTime: r.T0}
			r.Level = verify.A1
		}, "receipt.level"},
		{"a guessed witness", func(r *verify.Claims, _ *verify.Change) { login(r, []byte("guessed")) }, "evidence.witness"},
		{"another change under an honest login", func(r *verify.Claims, c *verify.Change) {
			*c = verify.Change{V: "1", Kind: "email.change", Base: "*", Fields: map[string]string{"email": "x@evil.example"}}
			r.Kind = c.Kind
			s.seal(r, *c)
		}, "evidence.witness"},
		{"delivered with another value", func(_ *verify.Claims, c *verify.Change) { c.Fields = map[string]string{"plan": "basic"} }, "receipt.change_mismatch"},
		{"delivered with one more field", func(_ *verify.Claims, c *verify.Change) {
			c.Fields = maps.Clone(c.Fields)
			c.Fields["role"] = "owner"
		}, "receipt.change_mismatch"},
		{"somebody else's login", func(r *verify.Claims, _ *verify.Change) { r.Sub = "cu_sasha" }, "evidence.witness"},
		{"nobody's login", func(r *verify.Claims, _ *verify.Change) { r.Sub = "cu_none"; login(r, ownKey) }, "evidence.subject_mismatch"},
		{"a login before the challenge", func(r *verify.Claims, _ *verify.Change) {
			at := r.T0 - 3
			r.Ev = &verify.Evidence{Kind: verify.EvidenceOfWitness, AuthTime: at, Witness: verify.Witness(ownKey, r.Commit, r.Chg, r.Sub, at)}
		}, "evidence.stale"},
		{"a receipt that is over", func(r *verify.Claims, _ *verify.Change) { r.Iat -= 200; r.Exp -= 200 }, "receipt.expired"},
		{"a receipt for an hour", func(r *verify.Claims, _ *verify.Change) { r.Exp += 3600 }, "receipt.lifetime"},
		{"for another shop", func(r *verify.Claims, _ *verify.Change) { r.Aud = "https://other.example" }, "receipt.aud"},
		{"by another gateway", func(r *verify.Claims, _ *verify.Change) { r.Iss = "https://other.example" }, "receipt.iss"},
		{"an announcement", func(r *verify.Claims, _ *verify.Change) { r.Use = "announce" }, "receipt.iss"},
		{"another browser's signature", func(r *verify.Claims, _ *verify.Change) { r.Fin.Token = verify.TokenHash("other") }, "finish.sig"},
		{"an old account version", func(r *verify.Claims, c *verify.Change) { c.Base = "41"; s.seal(r, *c); login(r, ownKey) }, "change.base"},
		{"a plan that is not the customer's", func(r *verify.Claims, c *verify.Change) {
			c.Fields = map[string]string{"plan": "basic"}
			s.seal(r, *c)
			login(r, ownKey)
		}, "change.state"},
		{"a value that does not exist", func(r *verify.Claims, c *verify.Change) {
			c.Fields = map[string]string{"plan": "gold"}
			s.seal(r, *c)
			login(r, ownKey)
		}, "change.value"},
		{"a kind that the shop does not know", func(r *verify.Claims, c *verify.Change) {
			c.Kind, r.Kind = "account.delete", "account.delete"
			s.seal(r, *c)
			login(r, ownKey)
		}, "receipt.level"},
		{"recovery", func(r *verify.Claims, c *verify.Change) {
			c.Kind, r.Kind = "recovery.password", "recovery.password"
			s.seal(r, *c)
			login(r, ownKey)
		}, "receipt.level"},
		{"somebody's e-mail", func(r *verify.Claims, c *verify.Change) {
			*c = verify.Change{V: "1", Kind: "email.change", Base: "*", Fields: map[string]string{"email": "sasha@example.com"}}
			r.Kind = c.Kind
			s.seal(r, *c)
			login(r, ownKey)
		}, "change.state"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c, before := honest, s.dump()
			r := s.claims(c, "cu_robin")
			login(&r, ownKey)
			x.bend(&r, &c)
			code, text := s.deliver(s.delivery(r, c))
			var got struct{ Code string }
			_ = json.Unmarshal([]byte(text), &got)
			if code < 400 || code >= 500 || got.Code != x.want {
				t.Errorf("answer %d %s, want %s", code, text, x.want)
			}
			if s.dump() != before {
				t.Error("an account has changed")
			}
		})
	}
}

// A key that was not published, a broken body and a used commitment change nothing either.
func TestRefusedDeliveries(t *testing.T) {
	s := newShop(t)
	c := renewal("plus")
	r := s.claims(c, "cu_robin")
	login(&r, ownKey)
	before, published := s.dump(), s.gate.signer
	d := s.delivery(r, c)
	other := newGate(t)
	s.gate.signer = other.signer
	foreign := s.delivery(r, c)
	s.gate.signer = published
	for name, b := range map[string][]byte{
		"another key": foreign, "no JSON": []byte("{"), "two subs": []byte(`{"type":"change.apply","sub":"a","sub":"b"}`),
		"too large": []byte(`{"type":"` + strings.Repeat("x", 70<<10) + `"}`),
	} {
		if code, text := s.deliver(b); code < 400 {
			t.Errorf("%s: %d %s", name, code, text)
		}
	}
	if s.dump() != before {
		t.Fatal("an account has changed")
	}
	if code, text := s.deliver(d); code != http.StatusOK {
		t.Fatalf("honest: %d %s", code, text)
	}
	after := s.dump()
	changed := c
	changed.Fields = map[string]string{"plan": "basic"}
	if code, text := s.deliver(s.delivery(r, changed)); code != http.StatusConflict || !strings.Contains(text, "receipt.already_used") {
		t.Errorf("a used commitment with another change: %d %s", code, text)
	}
	if s.dump() != after {
		t.Error("an account has changed")
	}
}

// Of 16 racing deliveries of one receipt one applies, and all hear the same.
func TestRacingDeliveries(t *testing.T) {
	s := newShop(t)
	c := renewal("plus")
	r := s.claims(c, "cu_robin")
	login(&r, ownKey)
	d := s.delivery(r, c)
	var all sync.WaitGroup
	answers := make([]string, 16)
	for i := range answers {
		all.Go(func() { _, answers[i] = s.deliver(d) })
	}
	all.Wait()
	for i, a := range answers {
		if a != `{"result":"applied","version":"2"}` {
			t.Errorf("racer %d: %s", i, a)
		}
	}
}

// Notices are read by people, so only signed ones are kept, each once; other types are let pass.
func TestNotices(t *testing.T) {
	s := newShop(t)
	before := s.dump()
	n := body(t, map[string]string{"type": "owner.notice", "notice": "disowned", "sub": "cu_robin", "challenge": "cl_1"})
	for range 2 {
		if code, text := s.deliver(n); code != http.StatusNoContent {
			t.Fatalf("notice: %d %s", code, text)
		}
	}
	right := s.gate.secret
	s.gate.secret = make(verify.Secret, 32)
	if code, _ := s.deliver(n); code != http.StatusUnauthorized {
		t.Errorf("forged notice: %d, want 401", code)
	}
	s.gate.secret = right
	if code, _ := s.deliver(body(t, map[string]string{"type": "change.other"})); code != http.StatusNoContent {
		t.Errorf("a type that the shop does not act on: %d, want 204", code)
	}
	b := s.browser()
	b.signIn("robin@example.com")
	if b.get("/account/security"); strings.Count(b.page, "Support has stopped a request") != 1 {
		t.Error("the security log should have the notice once")
	}
	if s.dump() != before {
		t.Error("an account has changed")
	}
}
