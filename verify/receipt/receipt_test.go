package receipt_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

const (
	gate = "https://chat.site.test"
	aud  = "https://acct.site.test"
	t0   = 1795312800
)

var ownKey = []byte("the host's own key, 32 bytes long")

func key(t testing.TB, fill byte) *ecdsa.PrivateKey {
	t.Helper()
	d := make([]byte, 32)
	for i := range d {
		d[i] = fill
	}
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t testing.TB, k *ecdsa.PrivateKey, b []byte) string {
	t.Helper()
	sum := sha256.Sum256(b)
	r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return base64.RawURLEncoding.EncodeToString(sig)
}

// rogue is a gateway that holds its own signing key and may say what it likes; the widget key is its own
// too. What it does not have is the host's key.
type rogue struct {
	testing.TB
	signer *verify.LocalSigner
	widget *ecdsa.PrivateKey
	change verify.Change
	claims verify.Claims
}

func newRogue(t testing.TB) *rogue {
	s, err := verify.NewLocalSigner(key(t, 7), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	g := &rogue{TB: t, signer: s, widget: key(t, 1), change: verify.Change{V: "1", Kind: "email.change", Base: "*", Fields: map[string]string{"email": "new@b.example"}}}
	jwk, _ := verify.NewJWK(&g.widget.PublicKey)
	g.claims = verify.Claims{
		Iss: gate, Aud: aud, JTI: "rc_1", Iat: t0 + 100, Exp: t0 + 220, Use: "apply", Sub: "u-vic", SubIss: aud, Kind: "email.change",
		Challenge: "cl_1", Conversation: "cv_1", Salt: "AAECAwQFBgcICQoLDA0ODw", T0: t0, ApprovedAt: t0 + 90, Level: verify.A3,
		Policy: "p", Cnf: verify.Cnf{JWK: jwk}, Fin: verify.Fin{Token: verify.TokenHash("t")},
	}
	g.seal()
	g.login("u-vic")
	return g
}

// seal makes everything consistent that a gateway can make: chg, commit, finish signature.
func (g *rogue) seal() {
	g.claims.Chg, _ = g.change.Digest()
	g.claims.Commit, _ = verify.Commitment{
		Host: g.claims.Aud, Challenge: g.claims.Challenge, Conversation: g.claims.Conversation, Chg: g.claims.Chg,
		JKT: g.claims.Cnf.JWK.Thumbprint(), Salt: g.claims.Salt, T0: g.claims.T0,
	}.Hash()
	m, _ := verify.FinishMessage(g.claims.Challenge, g.claims.Chg, g.claims.Commit, g.claims.Fin.Token)
	g.claims.Fin.Sig = sign(g.TB, g.widget, m)
}

// login is the host's page: only it makes a witness.
func (g *rogue) login(sub string) {
	at := g.claims.T0 + 50
	g.claims.Ev = &verify.Evidence{Kind: "witness", AuthTime: at, Witness: verify.Witness(ownKey, g.claims.Commit, g.claims.Chg, sub, at)}
}

func (g *rogue) message() receipt.Message {
	jws, err := g.signer.Sign(context.Background(), g.claims)
	if err != nil {
		g.Fatal(err)
	}
	return receipt.Message{Type: "change.apply", Change: g.change, Commit: g.claims.Commit, Challenge: g.claims.Challenge, Receipt: jws}
}

func (g *rogue) checker() receipt.Checker {
	return receipt.Checker{
		Gateway: gate, Audience: aud, Keys: verify.KeySet{g.signer.Key()}, OwnKey: ownKey,
		Minimum: func(string) verify.Level { return verify.A3 },
		Linked: func(iss, sub string) error {
			if iss == aud && (sub == "u-vic" || sub == "u-mal") {
				return nil
			}
			return errors.New("no such account")
		},
	}
}

func TestAbuseReceipts(t *testing.T) {
	now := time.Unix(t0+110, 0)
	for _, c := range []struct {
		name string
		bend func(g *rogue, c *receipt.Checker, m *receipt.Message, now *time.Time)
		want verify.Reason
	}{
		{"honest", func(*rogue, *receipt.Checker, *receipt.Message, *time.Time) {}, ""},
		{"R01 delivered with another value", func(_ *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			m.Change.Fields = map[string]string{"email": "x@evil.test"}
		}, verify.ReceiptChangeMismatch},
		{"R01 delivered with another kind", func(_ *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) { m.Change.Kind = "account.delete" }, verify.ReceiptChangeMismatch},
		{"E08 delivered with one more field", func(_ *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			m.Change.Fields = map[string]string{"email": "new@b.example", "role": "owner"}
		}, verify.ReceiptChangeMismatch},
		{"R04 an evil change with an honest login's witness", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			ev := g.claims.Ev
			g.change.Fields = map[string]string{"email": "x@evil.test"}
			g.seal()
			g.claims.Ev = ev
			*m = g.message()
		}, verify.EvidenceWitness},
		{"R04 an evil change under the honest commitment", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			commit := g.claims.Commit
			g.change.Fields = map[string]string{"email": "x@evil.test"}
			g.seal()
			g.claims.Commit = commit
			*m = g.message()
		}, verify.ReceiptCommit},
		{"R06 no evidence", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			g.claims.Ev = nil
			*m = g.message()
		}, verify.EvidenceMissing},
		{"R06 evidence of an unknown kind", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			g.claims.Ev.Kind = "trust_me"
			*m = g.message()
		}, verify.EvidenceMissing},
		{"an ID token at a backend that knows no provider", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			g.claims.Ev = &verify.Evidence{Kind: "id_token", JWT: "a.b.c"}
			*m = g.message()
		}, verify.EvidenceMissing},
		{"R08 for another backend", func(_ *rogue, c *receipt.Checker, _ *receipt.Message, _ *time.Time) {
			c.Audience = "https://other.site.test"
		}, verify.ReceiptAud},
		{"R08 re-signed with the other backend as aud", func(g *rogue, c *receipt.Checker, m *receipt.Message, _ *time.Time) {
			c.Audience, g.claims.Aud = "https://other.site.test", "https://other.site.test"
			*m = g.message()
		}, verify.ReceiptCommit},
		{"R08 and with its commitment", func(g *rogue, c *receipt.Checker, m *receipt.Message, _ *time.Time) {
			c.Audience, g.claims.Aud = "https://other.site.test", "https://other.site.test"
			ev := g.claims.Ev
			g.seal()
			g.claims.Ev = ev
			*m = g.message()
		}, verify.EvidenceWitness},
		{"R10 a day long", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			g.claims.Exp = g.claims.Iat + 86400
			*m = g.message()
		}, verify.ReceiptLifetime},
		{"R11 121 s after iat", func(_ *rogue, _ *receipt.Checker, _ *receipt.Message, now *time.Time) { *now = time.Unix(t0+221, 0) }, verify.ReceiptExpired},
		{"R11 exactly at exp", func(_ *rogue, _ *receipt.Checker, _ *receipt.Message, now *time.Time) { *now = time.Unix(t0+220, 0) }, verify.ReceiptExpired},
		{"R12 issued in the future", func(_ *rogue, _ *receipt.Checker, _ *receipt.Message, now *time.Time) { *now = time.Unix(t0+94, 0) }, verify.ReceiptLifetime},
		{"an old login minted again and again", func(g *rogue, _ *receipt.Checker, m *receipt.Message, now *time.Time) {
			*now = time.Unix(t0+781, 0)
			g.claims.Iat, g.claims.Exp = t0+781, t0+900
			*m = g.message()
		}, verify.ReceiptExpired},
		{"R13 u-mal's evidence, receipt claims u-vic", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			g.login("u-mal")
			*m = g.message()
		}, verify.EvidenceWitness},
		{"R13 the message names another account", func(_ *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) { m.Sub = "u-mal" }, verify.EvidenceSubjectMismatch},
		{"R13 an account that is not linked", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			g.claims.Sub = "u-none"
			g.login("u-none")
			*m = g.message()
		}, verify.EvidenceSubjectMismatch},
		{"R15 signed by another key", func(g *rogue, c *receipt.Checker, _ *receipt.Message, _ *time.Time) {
			other, _ := verify.NewLocalSigner(key(g, 9), rand.Reader)
			c.Keys = verify.KeySet{other.Key()}
		}, verify.ReceiptSig},
		{"R16 on A1", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			g.claims.Ev, g.claims.Level = &verify.Evidence{Kind: "event", AuthTime: t0 + 50}, verify.A1
			*m = g.message()
		}, verify.ReceiptLevel},
		{"R16 on A1, claiming A3, at a backend that takes A1", func(g *rogue, c *receipt.Checker, m *receipt.Message, _ *time.Time) {
			c.Minimum = func(string) verify.Level { return verify.A1 }
			g.claims.Ev = &verify.Evidence{Kind: "event", AuthTime: t0 + 50}
			*m = g.message()
		}, verify.ReceiptLevel},
		{"a kind that the backend does not know", func(_ *rogue, c *receipt.Checker, _ *receipt.Message, _ *time.Time) {
			c.Minimum = func(string) verify.Level { return "" }
		}, verify.ReceiptLevel},
		{"a backend without own key", func(_ *rogue, c *receipt.Checker, _ *receipt.Message, _ *time.Time) { c.OwnKey = nil }, verify.EvidenceWitness},
		{"R05 a login before t0", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			at := int64(t0 - 3)
			g.claims.Ev = &verify.Evidence{Kind: "witness", AuthTime: at, Witness: verify.Witness(ownKey, g.claims.Commit, g.claims.Chg, "u-vic", at)}
			*m = g.message()
		}, verify.EvidenceStale},
		{"the finish signature of another key", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			text, _ := verify.FinishMessage(g.claims.Challenge, g.claims.Chg, g.claims.Commit, g.claims.Fin.Token)
			g.claims.Fin.Sig = sign(g, key(g, 2), text)
			*m = g.message()
		}, verify.FinishSig},
		{"approved before t0", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			g.claims.ApprovedAt = t0 - 1
			*m = g.message()
		}, verify.ReceiptExpired},
		{"another issuer", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			g.claims.Iss = "https://x"
			*m = g.message()
		}, verify.ReceiptIss},
		{"another use", func(g *rogue, _ *receipt.Checker, m *receipt.Message, _ *time.Time) {
			g.claims.Use = "announce"
			*m = g.message()
		}, verify.ReceiptIss},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRogue(t)
			ck, m, at := g.checker(), g.message(), now
			c.bend(g, &ck, &m, &at)
			p, err := ck.Check(m, at)
			if verify.ReasonOf(err) != c.want || (c.want == "") != (err == nil) {
				t.Fatalf("Check = %v, want reason %q", err, c.want)
			}
			if err == nil && (p.Sub != "u-vic" || p.Level != verify.A3 || p.Commit != g.claims.Commit) {
				t.Errorf("proven = %+v", p)
			}
		})
	}
}

// raw signs any header and payload with the gateway's key: what a library would let through.
func (g *rogue) raw(header, payload string) string {
	enc := base64.RawURLEncoding.EncodeToString
	text := enc([]byte(header)) + "." + enc([]byte(payload))
	return text + "." + sign(g, key(g, 7), []byte(text))
}

func TestAbuseFrontDoor(t *testing.T) {
	g := newRogue(t)
	b, _ := json.Marshal(g.claims)
	body, kid := string(b), g.signer.Key().ID
	head := fmt.Sprintf(`"alg":"ES256","typ":"postern-receipt+jwt","kid":"%s"`, kid)
	now := time.Unix(t0+110, 0)
	for _, c := range []struct{ name, jws string }{
		{"R14 crit", g.raw(`{`+head+`,"crit":["x"],"x":1}`, body)},
		{"R14 jwk", g.raw(`{`+head+`,"jwk":{}}`, body)},
		{"R14 a duplicate claim", g.raw(`{`+head+`}`, strings.Replace(body, `"sub":`, `"sub":"u-mal","sub":`, 1))},
		{"R14 CHG beside chg", g.raw(`{`+head+`}`, strings.Replace(body, `"chg":`, `"CHG":"x","chg":`, 1))},
		{"R14 CHG instead of chg", g.raw(`{`+head+`}`, strings.Replace(body, `"chg":`, `"CHG":`, 1))},
		{"R14 a duplicate claim in depth", g.raw(`{`+head+`}`, strings.Replace(body, `"kty":`, `"kty":"x","kty":`, 1))},
		{"an unknown claim", g.raw(`{`+head+`}`, strings.Replace(body, `"sub":`, `"admin":true,"sub":`, 1))},
		{"a duplicate alg", g.raw(`{"alg":"none",`+head+`}`, body)},
		{"alg none", g.raw(strings.Replace(`{`+head+`}`, "ES256", "none", 1), body)},
		{"alg HS256", g.raw(strings.Replace(`{`+head+`}`, "ES256", "HS256", 1), body)},
		{"b64 false", g.raw(`{`+head+`,"b64":false}`, body)},
		{"another typ", g.raw(strings.Replace(`{`+head+`}`, "postern-receipt+jwt", "JWT", 1), body)},
		{"no typ", g.raw(strings.Replace(`{`+head+`}`, `"typ":"postern-receipt+jwt",`, "", 1), body)},
		{"an unknown kid", g.raw(strings.Replace(`{`+head+`}`, kid, "other", 1), body)},
		{"no kid", g.raw(`{"alg":"ES256","typ":"postern-receipt+jwt"}`, body)},
		{"exp as a float", g.raw(`{`+head+`}`, strings.Replace(body, fmt.Sprint(t0+220), fmt.Sprint(t0+220)+".0", 1))},
		{"padding", g.raw(`{`+head+`}`, body) + "="},
		{"four parts", g.raw(`{`+head+`}`, body) + ".x"},
		{"a line break", strings.Replace(g.raw(`{`+head+`}`, body), ".", ".\n", 1)},
		{"over 16 KiB", g.raw(`{`+head+`}`, strings.Replace(body, `"rc_1"`, `"`+strings.Repeat("x", 17<<10)+`"`, 1))},
		{"empty", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := g.message()
			m.Receipt = c.jws
			if _, err := g.checker().Check(m, now); verify.ReasonOf(err) != verify.ReceiptSig {
				t.Errorf("Check = %v, want receipt.sig", err)
			}
		})
	}
	t.Run("R14 aud as a list", func(t *testing.T) {
		m := g.message()
		m.Receipt = g.raw(`{`+head+`}`, strings.Replace(body, `"aud":"`+aud+`"`, `"aud":["`+aud+`","x"]`, 1))
		if _, err := g.checker().Check(m, now); verify.ReasonOf(err) != verify.ReceiptAudSingle {
			t.Errorf("Check = %v, want receipt.aud_single", err)
		}
	})
}

// table is the burn table of a backend in memory; tx is its transaction.
type table struct {
	mu   sync.Mutex
	rows map[string][2]string
}

func (t *table) Find(_ context.Context, commit string) (string, []byte, bool, error) {
	r, ok := t.rows[commit]
	return r[0], []byte(r[1]), ok, nil
}

func (t *table) Insert(_ context.Context, commit, chg string, answer []byte) (bool, error) {
	if _, ok := t.rows[commit]; ok {
		return false, nil
	}
	t.rows[commit] = [2]string{chg, string(answer)}
	return true, nil
}

func (t *table) tx(f func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return f()
}

func TestAbuseOnce(t *testing.T) {
	g := newRogue(t)
	ck, now := g.checker(), time.Unix(t0+110, 0)
	tab := &table{rows: map[string][2]string{}}
	applied := 0
	deliver := func(m receipt.Message) (answer []byte, err error) {
		err = tab.tx(func() error {
			var found bool
			if answer, found, err = receipt.Lookup(t.Context(), tab, m); found || err != nil {
				return err
			}
			p, err := ck.Check(m, now)
			if err != nil {
				return err
			}
			answer, err = receipt.Once(t.Context(), tab, p, []byte(`{"result":"applied"}`), func() error { applied++; return nil })
			return err
		})
		return answer, err
	}
	m := g.message()
	t.Run("R02 64 racers: applied once, all get the stored answer", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				if a, err := deliver(m); err != nil || string(a) != `{"result":"applied"}` {
					t.Errorf("deliver = %s, %v", a, err)
				}
			})
		}
		wg.Wait()
		if applied != 1 {
			t.Errorf("applied %d times", applied)
		}
	})
	t.Run("R03 a new receipt from the same evidence", func(t *testing.T) {
		g.claims.JTI = "rc_2"
		if a, err := deliver(g.message()); err != nil || string(a) != `{"result":"applied"}` || applied != 1 {
			t.Errorf("deliver = %s, %v; applied %d", a, err, applied)
		}
	})
	t.Run("R03 with another change", func(t *testing.T) {
		m := g.message()
		m.Change.Fields = map[string]string{"email": "x@evil.test"}
		if _, err := deliver(m); verify.ReasonOf(err) != verify.ReceiptAlreadyUsed || applied != 1 {
			t.Errorf("deliver = %v; applied %d", err, applied)
		}
		p, _ := ck.Check(g.message(), now)
		p.Chg = "other"
		if _, err := receipt.Once(t.Context(), tab, p, nil, func() error { applied++; return nil }); verify.ReasonOf(err) != verify.ReceiptAlreadyUsed || applied != 1 {
			t.Errorf("Once = %v; applied %d", err, applied)
		}
	})
}

func TestParseMessage(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       verify.Reason
	}{
		{"honest", `{"type":"change.apply","change":{"v":"1","kind":"a.b","base":"*","fields":{"x":"y"}},"sub":"u","commit":"c","t0":1}`, ""},
		{"settle", `{"type":"change.settle","challenge":"cl","commit":"c"}`, ""},
		{"duplicate", `{"type":"x","type":"y"}`, verify.JSONDuplicate},
		{"a number as value", `{"change":{"v":"1","kind":"a.b","base":"*","fields":{"x":1}}}`, verify.ChangeValue},
		{"an unknown key in the change", `{"change":{"v":"1","kind":"a.b","base":"*","fields":{},"force":"1"}}`, verify.ChangeSchema},
		{"E09 case variants", `{"change":{"v":"1","kind":"a.b","base":"*","fields":{"x":"1","X":"2"}}}`, verify.JSONDuplicate},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := receipt.ParseMessage([]byte(c.body)); verify.ReasonOf(err) != c.want {
				t.Errorf("ParseMessage = %v, want %q", err, c.want)
			}
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	g := newRogue(b)
	ck, m, now := g.checker(), g.message(), time.Unix(t0+110, 0)
	for b.Loop() {
		if _, err := ck.Check(m, now); err != nil {
			b.Fatal(err)
		}
	}
}
