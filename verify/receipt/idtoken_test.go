package receipt_test

import (
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

const idp = "https://idp.site.test"

// idToken is what the provider signs after a login of u-vic for the rogue's commitment, 50 s after t0. fill
// chooses the key: 5 is the provider's.
func (g *rogue) idToken(fill byte, bend func(c jwt.MapClaims)) string {
	claims := jwt.MapClaims{
		"iss": idp, "aud": "postern", "sub": "u-vic", "nonce": g.claims.Commit, "iat": t0 + 50, "exp": t0 + 350, "auth_time": t0 + 50, "acr": "phr",
	}
	if bend != nil {
		bend(claims)
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	t.Header["kid"] = "idp"
	raw, err := t.SignedString(key(g, fill))
	if err != nil {
		g.Fatal(err)
	}
	return raw
}

// proved gives the receipt an ID token as its evidence.
func (g *rogue) proved(bend func(c jwt.MapClaims)) {
	g.claims.SubIss = idp
	g.claims.Ev = &verify.Evidence{Kind: "id_token", JWT: g.idToken(5, bend)}
}

func (g *rogue) withIDP() receipt.Checker {
	c := g.checker()
	c.IDPs = []receipt.IDP{{
		Relying: verify.Relying{Issuer: idp, Client: "postern", Strong: []string{"phr"}},
		Keys:    verify.KeySet{{ID: "idp", Alg: "ES256", Public: &key(g, 5).PublicKey}},
	}}
	c.Linked = func(iss, sub string) error {
		if iss == idp && (sub == "u-vic" || sub == "u-mal") {
			return nil
		}
		return errors.New("no such account")
	}
	return c
}

// A gateway that holds its own key but not the provider's: every use of an ID token that is not one login for
// this one change.
func TestAbuseIDTokenEvidence(t *testing.T) {
	type bend = func(g *rogue, c *receipt.Checker, now *time.Time)
	token := func(f func(c jwt.MapClaims)) bend {
		return func(g *rogue, _ *receipt.Checker, _ *time.Time) { g.proved(f) }
	}
	for _, c := range []struct {
		name string
		bend bend
		want verify.Reason
	}{
		{"honest", func(*rogue, *receipt.Checker, *time.Time) {}, ""},
		{"exp 2 min ago: freshness comes from t0", token(func(c jwt.MapClaims) { c["exp"] = t0 + 51 }), ""},
		{"exp 15 min ago", func(g *rogue, _ *receipt.Checker, now *time.Time) {
			g.proved(func(c jwt.MapClaims) { c["iat"], c["exp"] = t0-2, t0-1 })
			*now = time.Unix(t0-1+900, 0)
			g.claims.Iat, g.claims.Exp = now.Unix(), now.Unix()+60
		}, verify.EvidenceStale},
		{"R05 signed by the gateway itself", func(g *rogue, _ *receipt.Checker, _ *time.Time) { g.claims.Ev.JWT = g.idToken(7, nil) }, verify.EvidenceSig},
		{"R05 no token at all", func(g *rogue, _ *receipt.Checker, _ *time.Time) { g.claims.Ev.JWT = "" }, verify.EvidenceSig},
		{"a key that the provider no longer publishes", func(_ *rogue, c *receipt.Checker, _ *time.Time) { c.IDPs[0].Keys = nil }, verify.EvidenceSig},
		{"R07 A3 claimed, no phishing-resistant acr", token(func(c jwt.MapClaims) { c["acr"] = "pwd" }), verify.ReceiptLevel},
		{"R07 and a backend that takes A2", func(g *rogue, c *receipt.Checker, _ *time.Time) {
			c.Minimum = func(string) verify.Level { return verify.A2 }
			g.proved(func(c jwt.MapClaims) { c["acr"] = "pwd" })
		}, verify.ReceiptLevel},
		{"A2 at a backend that takes A2", func(g *rogue, c *receipt.Checker, _ *time.Time) {
			c.Minimum = func(string) verify.Level { return verify.A2 }
			g.claims.Level = verify.A2
			g.proved(func(c jwt.MapClaims) { c["acr"] = "pwd" })
		}, ""},
		{"R12 of another client, with our nonce", token(func(c jwt.MapClaims) { c["aud"] = "other" }), verify.EvidenceAud},
		{"of another issuer", token(func(c jwt.MapClaims) { c["iss"] = "https://x.test" }), verify.EvidenceIss},
		{"of an issuer that is not pinned", func(g *rogue, _ *receipt.Checker, _ *time.Time) { g.claims.SubIss = "https://x.test" }, verify.EvidenceIss},
		{"sub_iss empty", func(g *rogue, _ *receipt.Checker, _ *time.Time) { g.claims.SubIss = "" }, verify.EvidenceIss},
		{"the backend itself as sub_iss", func(g *rogue, _ *receipt.Checker, _ *time.Time) { g.claims.SubIss = aud }, verify.EvidenceIss},
		{"R04 made for another commitment", token(func(c jwt.MapClaims) { c["nonce"] = verify.TokenHash("x") }), verify.EvidenceNonceMismatch},
		{"R04 made for another change", func(g *rogue, _ *receipt.Checker, _ *time.Time) {
			ev := g.claims.Ev
			g.change.Fields = map[string]string{"email": "x@evil.test"}
			g.seal()
			g.claims.Ev = ev
		}, verify.EvidenceNonceMismatch},
		{"C01 without auth_time", token(func(c jwt.MapClaims) { delete(c, "auth_time") }), verify.EvidenceNoAuthTime},
		{"C02 auth_time 3 s before t0", token(func(c jwt.MapClaims) { c["auth_time"] = t0 - 3 }), verify.EvidenceStale},
		{"auth_time 2 s before t0", token(func(c jwt.MapClaims) { c["auth_time"] = t0 - 2 }), ""},
		{"auth_time in 6 s", token(func(c jwt.MapClaims) { c["auth_time"] = t0 + 116 }), verify.ClockSkew},
		{"auth_time with a fraction", token(func(c jwt.MapClaims) { c["auth_time"] = t0 + 50.5 }), verify.EvidenceSig},
		{"issued before t0", token(func(c jwt.MapClaims) { c["iat"] = t0 - 3 }), verify.ClockSkew},
		{"R13 u-mal's login, the receipt claims u-vic", token(func(c jwt.MapClaims) { c["sub"] = "u-mal" }), verify.EvidenceSubjectMismatch},
		{"an account that is not linked", func(g *rogue, _ *receipt.Checker, _ *time.Time) {
			g.claims.Sub = "u-none"
			g.proved(func(c jwt.MapClaims) { c["sub"] = "u-none" })
		}, verify.EvidenceSubjectMismatch},
		{"as a witness", func(g *rogue, _ *receipt.Checker, _ *time.Time) {
			g.claims.Ev.Kind, g.claims.Ev.Witness = "witness", g.claims.Ev.JWT
		}, verify.EvidenceWitness},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, now := newRogue(t), time.Unix(t0+110, 0)
			g.proved(nil)
			ck := g.withIDP()
			c.bend(g, &ck, &now)
			m := g.message()
			m.Change = g.change
			p, err := ck.Check(m, now)
			if verify.ReasonOf(err) != c.want || (c.want == "") != (err == nil) {
				t.Fatalf("Check = %v, want %q", err, c.want)
			}
			if err == nil && (p.Sub != "u-vic" || p.SubIss != idp) {
				t.Errorf("proven = %+v", p)
			}
		})
	}
}

func BenchmarkCheckIDToken(b *testing.B) {
	g := newRogue(b)
	g.proved(nil)
	ck, m, now := g.withIDP(), g.message(), time.Unix(t0+110, 0)
	for b.Loop() {
		if _, err := ck.Check(m, now); err != nil {
			b.Fatal(err)
		}
	}
}
