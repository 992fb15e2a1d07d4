package verify_test

import (
	"context"
	"crypto/rand"
	"maps"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

const idp = "https://idp.site.test"

// login2 is a provider in this process: its ID tokens are real, its network is not.
type login2 struct {
	w        *world
	mu       sync.Mutex
	asked    []verify.LoginRequest
	traded   atomic.Int32
	bend     func(c jwt.MapClaims)
	exchange error
	begin    error
}

func (p *login2) Begin(_ context.Context, r verify.LoginRequest) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, r)
	return idp + "/authorize?state=" + url.QueryEscape(r.State), p.begin
}

func (p *login2) Exchange(_ context.Context, r verify.LoginRequest, _ verify.LoginAnswer) (verify.IDToken, error) {
	p.traded.Add(1)
	if p.exchange != nil {
		return verify.IDToken{}, p.exchange
	}
	now := p.w.now().Unix()
	claims := jwt.MapClaims{
		"iss": idp, "aud": "postern", "sub": "u-vic", "nonce": r.Nonce, "iat": now, "exp": now + 300, "auth_time": now, "email": "vic@site.test",
	}
	if p.bend != nil {
		p.bend(claims)
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	t.Header["kid"] = "idp"
	raw, err := t.SignedString(goldenKey(p.w.T, 5))
	if err != nil {
		return verify.IDToken{}, err
	}
	it, err := verify.OpenIDToken(raw, p.keys(), p.w.now())
	if err != nil {
		return it, verify.RefuseCause(verify.OIDCExchange, err)
	}
	return it, nil
}

func (p *login2) keys() verify.KeySet {
	return verify.KeySet{{ID: "idp", Alg: "ES256", Public: &goldenKey(p.w.T, 5).PublicKey}}
}

// newStepUp is a world whose plain changes are confirmed at a provider.
func newStepUp(t *testing.T) (*world, *login2) {
	w := newWorld(t)
	p := &login2{w: w}
	w.policy.Sources = []verify.SourceEntry{{Name: "idp", Adapter: "oidc", Host: "shop", Issuer: idp, Client: "postern", Strong: []string{"phr"}}, {Name: "shop", Adapter: "webhook", Host: "shop"}}
	w.guard.Providers = map[string]verify.Provider{"idp": p}
	w.backend.check.IDPs = []receipt.IDP{{Relying: w.policy.Sources[0].Relying(), Keys: p.keys()}}
	return w, p
}

func startToken(t *testing.T, o verify.Opened) string {
	t.Helper()
	before, token, ok := strings.Cut(o.URL, "#")
	if !ok || before != gate+"/verify/start" {
		t.Fatalf("opened %q", o.URL)
	}
	return token
}

// begun opens a change and starts its login.
func (w *world) begun() (verify.Opened, verify.Started) {
	w.Helper()
	o := w.open(w.offered(cv1, cancelPlus), 1)
	s, err := w.guard.Start(w.Context(), startToken(w.T, o))
	if err != nil {
		w.Fatal(err)
	}
	return o, s
}

func stateOf(t *testing.T, s verify.Started) string {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("state")
}

func (w *world) back(s verify.Started) (verify.Verdict, error) {
	return w.guard.Return(w.Context(), s.Cookie, verify.LoginAnswer{State: stateOf(w.T, s), Code: "c"})
}

func TestStepUp(t *testing.T) {
	w, p := newStepUp(t)
	o, s := w.begun()
	if r := p.asked[0]; r.Nonce != o.Row.Challenge.Commit || r.Strong || len(r.Verifier) != 43 || len(r.State) != 43 || r.State == s.Cookie {
		t.Errorf("asked the provider for %+v", r)
	}
	w.after(3 * time.Second)
	v, err := w.back(s)
	if err != nil || v.To != verify.Matched || v.Level != verify.A2 || strings.Contains(v.Return, "postern=") {
		t.Fatalf("Return = %+v, %v", v, err)
	}
	again, err := w.back(s)
	if err != nil || again.To != verify.Matched || p.traded.Load() != 1 {
		t.Errorf("the same callback again: %+v, %v, %d exchanges", again, err, p.traded.Load())
	}
	c, err := w.guard.Confirmation(t.Context(), s.Cookie)
	if err != nil || c.State != verify.Matched || c.Approved || c.Account != "vic@site.test" || c.Kind.Name != "renewal.cancel" ||
		c.Change.Fields["plan"] != "plus" || c.Site != "https://site.test/" || c.Talk.Browser != "Firefox" || c.Return != "https://site.test/plan" {
		t.Errorf("Confirmation = %+v, %v", c, err)
	}
	if _, err := w.guard.Press(t.Context(), s.Cookie, "yes"); verify.ReasonOf(err) != verify.EventType {
		t.Errorf("an unknown press: %v", err)
	}
	v, err = w.guard.Press(t.Context(), s.Cookie, verify.PressApprove)
	if err != nil || token(v) == "" {
		t.Fatalf("Press = %+v, %v", v, err)
	}
	row, err := w.guard.Finish(t.Context(), w.visitor(cv1, 1), w.finishRequest(w.row(o.Row.ID), token(v), 1))
	if err != nil {
		t.Fatal(err)
	}
	if row, err = w.guard.Release(t.Context(), row.ID); err != nil || row.State != verify.Applied {
		t.Fatalf("Release = %s (%s), %v", row.State, row.Reason, err)
	}
	if row.Proof.Issuer != idp || row.Proof.Subject != "u-vic" || row.Proof.Evidence.Kind != verify.EvidenceIDToken {
		t.Errorf("proof = %+v", row.Proof)
	}
	w.wantClean()
	leaves, _ := w.led.Leaves(t.Context(), 0, 100)
	for _, l := range leaves {
		for _, secret := range []string{"u-vic", "vic@", s.Cookie, p.asked[0].State, p.asked[0].Verifier, row.Proof.Evidence.JWT} {
			if strings.Contains(string(l), secret) {
				t.Errorf("leaf %s holds %q", l, secret)
			}
		}
	}
	if _, err := w.guard.Press(t.Context(), s.Cookie, verify.PressApprove); verify.ReasonOf(err) != verify.ChangeState {
		t.Errorf("Approve after the end: %v", err)
	}
}

// Everything that an ID token may get wrong: where the change goes, and that nothing is applied.
func TestAbuseIDTokens(t *testing.T) {
	t0 := func(w *world) int64 { return w.now().Unix() - 5 } // the callback comes 5 s later
	for _, c := range []struct {
		name   string
		bend   func(w *world, c jwt.MapClaims)
		state  verify.State
		reason verify.Reason
	}{
		{"honest", func(*world, jwt.MapClaims) {}, verify.Matched, ""},
		{"C01 without auth_time", func(_ *world, c jwt.MapClaims) { delete(c, "auth_time") }, verify.Failed, verify.ProofNoAuthTime},
		{"C02 auth_time 3 s before t0", func(w *world, c jwt.MapClaims) { c["auth_time"] = t0(w) - 3 }, verify.Failed, verify.ProofStale},
		{"C03 auth_time 2 s before t0", func(w *world, c jwt.MapClaims) { c["auth_time"] = t0(w) - 2 }, verify.Matched, ""},
		{"C03 auth_time in 5 s", func(w *world, c jwt.MapClaims) { c["auth_time"] = w.now().Unix() + 5 }, verify.Matched, ""},
		{"C03 auth_time in 6 s", func(w *world, c jwt.MapClaims) { c["auth_time"] = w.now().Unix() + 6 }, verify.Failed, verify.ClockSkew},
		{"C03 auth_time with a fraction", func(w *world, c jwt.MapClaims) { c["auth_time"] = float64(w.now().Unix()) + 0.5 }, verify.Challenged, verify.OIDCExchange},
		{"C10 a clock 40 s behind", func(w *world, c jwt.MapClaims) {
			for _, k := range []string{"iat", "auth_time", "exp"} {
				c[k] = c[k].(int64) - 40
			}
		}, verify.Failed, verify.ClockSkew},
		{"issued in 6 s", func(w *world, c jwt.MapClaims) { c["iat"] = w.now().Unix() + 6 }, verify.Failed, verify.ClockSkew},
		{"expired", func(w *world, c jwt.MapClaims) { c["exp"] = w.now().Unix() }, verify.Failed, verify.ProofStale},
		{"ends before it begins", func(w *world, c jwt.MapClaims) { c["exp"] = c["iat"] }, verify.Failed, verify.ProofStale},
		{"without exp", func(_ *world, c jwt.MapClaims) { delete(c, "exp") }, verify.Challenged, verify.OIDCExchange},
		{"without iat", func(_ *world, c jwt.MapClaims) { delete(c, "iat") }, verify.Challenged, verify.OIDCExchange},
		{"without sub", func(_ *world, c jwt.MapClaims) { delete(c, "sub") }, verify.Challenged, verify.OIDCExchange},
		{"an empty sub", func(_ *world, c jwt.MapClaims) { c["sub"] = "" }, verify.Challenged, verify.OIDCExchange},
		{"without aud", func(_ *world, c jwt.MapClaims) { delete(c, "aud") }, verify.Challenged, verify.OIDCExchange},
		{"aud that is a number", func(_ *world, c jwt.MapClaims) { c["aud"] = 1 }, verify.Challenged, verify.OIDCExchange},
		{"aud with a number in it", func(_ *world, c jwt.MapClaims) { c["aud"] = []any{"postern", 1} }, verify.Challenged, verify.OIDCExchange},
		{"amr that is a number", func(_ *world, c jwt.MapClaims) { c["amr"] = 1 }, verify.Challenged, verify.OIDCExchange},
		{"acr that is a number", func(_ *world, c jwt.MapClaims) { c["acr"] = 1 }, verify.Challenged, verify.OIDCExchange},
		{"over 8 KiB", func(_ *world, c jwt.MapClaims) { c["groups"] = strings.Repeat("g", 8<<10) }, verify.Challenged, verify.OIDCExchange},
		{"another issuer", func(_ *world, c jwt.MapClaims) { c["iss"] = idp + "/" }, verify.Challenged, verify.OIDCIss},
		{"for another client", func(_ *world, c jwt.MapClaims) { c["aud"] = "other" }, verify.Challenged, verify.OIDCAud},
		{"for two, without azp", func(_ *world, c jwt.MapClaims) { c["aud"] = []string{"postern", "other"} }, verify.Challenged, verify.OIDCAud},
		{"for two, issued to the other", func(_ *world, c jwt.MapClaims) { c["aud"], c["azp"] = []string{"postern", "other"}, "other" }, verify.Challenged, verify.OIDCAud},
		{"for two, issued to us", func(_ *world, c jwt.MapClaims) { c["aud"], c["azp"] = []string{"postern", "other"}, "postern" }, verify.Matched, ""},
		{"for us, issued to another", func(_ *world, c jwt.MapClaims) { c["azp"] = "other" }, verify.Challenged, verify.OIDCAud},
		{"another nonce", func(_ *world, c jwt.MapClaims) { c["nonce"] = verify.TokenHash("x") }, verify.Challenged, verify.OIDCNonce},
		{"no nonce", func(_ *world, c jwt.MapClaims) { delete(c, "nonce") }, verify.Challenged, verify.OIDCNonce},
		{"another subject than the session's", func(_ *world, c jwt.MapClaims) { c["sub"] = "u-mal" }, verify.Failed, verify.ProofSubject},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, p := newStepUp(t)
			cv, _ := w.led.Conversation(t.Context(), cv1)
			cv.Host, cv.Subject = "shop", "u-vic"
			w.led.PutConversation(cv)
			o, s := w.begun()
			w.after(5 * time.Second)
			p.bend = func(claims jwt.MapClaims) { c.bend(w, claims) }
			head, _ := w.led.Head(t.Context())
			v, err := w.back(s)
			got := v.Reason
			if err != nil {
				got = verify.ReasonOf(err)
			}
			r := w.row(o.Row.ID)
			if got != c.reason || r.State != c.state {
				t.Errorf("Return = %+v, %v; the change is %s; want %s, %q", v, err, r.State, c.state, c.reason)
			}
			if now, _ := w.led.Head(t.Context()); now.Size != head.Size+1 {
				t.Errorf("%d leaves, want one", now.Size-head.Size)
			}
			w.wantUnchanged()
			w.wantClean()
		})
	}
}

// What comes before the exchange: cookie, state, time, and who asks for what.
func TestAbuseCallback(t *testing.T) {
	for _, c := range []struct {
		name   string
		act    func(w *world, p *login2, o verify.Opened, s verify.Started) error
		reason verify.Reason
		state  verify.State
		traded int32
	}{
		{"D10 no state", func(w *world, _ *login2, _ verify.Opened, s verify.Started) error {
			_, err := w.guard.Return(w.Context(), s.Cookie, verify.LoginAnswer{Code: "c"})
			return err
		}, verify.StateInvalid, verify.Challenged, 0},
		{"D10 another state", func(w *world, _ *login2, _ verify.Opened, s verify.Started) error {
			_, err := w.guard.Return(w.Context(), s.Cookie, verify.LoginAnswer{State: verify.TokenHash("x"), Code: "c"})
			return err
		}, verify.StateInvalid, verify.Challenged, 0},
		{"D11 the right state in a browser without the cookie", func(w *world, _ *login2, _ verify.Opened, s verify.Started) error {
			_, err := w.guard.Return(w.Context(), "", verify.LoginAnswer{State: stateOf(w.T, s), Code: "c"})
			return err
		}, verify.StateInvalid, verify.Challenged, 0},
		{"D11 a cookie that nobody was given", func(w *world, _ *login2, _ verify.Opened, s verify.Started) error {
			_, err := w.guard.Return(w.Context(), verify.TokenHash("x"), verify.LoginAnswer{State: stateOf(w.T, s), Code: "c"})
			return err
		}, verify.StateInvalid, verify.Challenged, 0},
		{"D12 the provider refuses the code", func(w *world, p *login2, _ verify.Opened, s verify.Started) error {
			p.exchange = verify.Refuse(verify.OIDCExchange)
			_, err := w.back(s)
			return err
		}, verify.OIDCExchange, verify.Challenged, 1},
		{"D13 the iss of another provider", func(w *world, p *login2, _ verify.Opened, s verify.Started) error {
			p.exchange = verify.Refuse(verify.OIDCIss)
			_, err := w.back(s)
			return err
		}, verify.OIDCIss, verify.Challenged, 1},
		{"L04 the provider is down", func(w *world, p *login2, _ verify.Opened, s verify.Started) error {
			p.exchange = verify.Refuse(verify.IDPUnavailable)
			_, err := w.back(s)
			return err
		}, verify.IDPUnavailable, verify.Challenged, 1},
		{"C05 10 min 1 s after t0", func(w *world, _ *login2, _ verify.Opened, s verify.Started) error {
			w.after(10*time.Minute + time.Second)
			_, err := w.back(s)
			return err
		}, verify.ChallengeExpired, verify.Expired, 0},
		{"the login of a challenge that was started over", func(w *world, _ *login2, o verify.Opened, s verify.Started) error {
			if _, err := w.guard.Open(w.Context(), w.visitor(cv1, 1), verify.OpenRequest{Change: o.Row.ID, Over: true}); err != nil {
				w.Fatal(err)
			}
			_, err := w.back(s)
			return err
		}, verify.ChallengeExpired, verify.Challenged, 0},
		{"the provider is no longer in the policy", func(w *world, _ *login2, _ verify.Opened, s verify.Started) error {
			w.policy.Sources = nil
			_, err := w.back(s)
			return err
		}, verify.PolicyUnavailable, verify.Challenged, 0},
		{"the kind is off", func(w *world, _ *login2, _ verify.Opened, s verify.Started) error {
			w.policy.Kinds[0].Off = true
			_, err := w.back(s)
			return err
		}, verify.PolicyUnavailable, verify.Challenged, 0},
		{"C07 a start token 121 s old", func(w *world, _ *login2, o verify.Opened, _ verify.Started) error {
			again, err := w.guard.Open(w.Context(), w.visitor(cv1, 1), verify.OpenRequest{Change: o.Row.ID})
			if err != nil {
				w.Fatal(err)
			}
			w.after(121 * time.Second)
			_, err = w.guard.Start(w.Context(), startToken(w.T, again))
			return err
		}, verify.StartExpired, verify.Challenged, 0},
		{"D03 a start token again", func(w *world, _ *login2, o verify.Opened, _ verify.Started) error {
			_, err := w.guard.Start(w.Context(), startToken(w.T, o))
			return err
		}, verify.StartUsed, verify.Challenged, 0},
		{"a start token of a challenge that was started over", func(w *world, _ *login2, o verify.Opened, _ verify.Started) error {
			again, err := w.guard.Open(w.Context(), w.visitor(cv1, 1), verify.OpenRequest{Change: o.Row.ID})
			if err == nil {
				_, err = w.guard.Open(w.Context(), w.visitor(cv1, 1), verify.OpenRequest{Change: o.Row.ID, Over: true})
			}
			if err != nil {
				w.Fatal(err)
			}
			_, err = w.guard.Start(w.Context(), startToken(w.T, again))
			return err
		}, verify.StartExpired, verify.Challenged, 0},
		{"a guessed start token", func(w *world, _ *login2, _ verify.Opened, _ verify.Started) error {
			_, err := w.guard.Start(w.Context(), verify.TokenHash("guess"))
			return err
		}, verify.StartExpired, verify.Challenged, 0},
		{"a start token that is no token", func(w *world, _ *login2, _ verify.Opened, _ verify.Started) error {
			_, err := w.guard.Start(w.Context(), "x")
			return err
		}, verify.StartExpired, verify.Challenged, 0},
		{"a press before the login", func(w *world, _ *login2, _ verify.Opened, s verify.Started) error {
			_, err := w.guard.Press(w.Context(), s.Cookie, verify.PressApprove)
			return err
		}, verify.ChangeState, verify.Challenged, 0},
		{"a press by another browser", func(w *world, _ *login2, o verify.Opened, s verify.Started) error {
			again, err := w.guard.Open(w.Context(), w.visitor(cv1, 1), verify.OpenRequest{Change: o.Row.ID})
			if err != nil {
				w.Fatal(err)
			}
			other, err := w.guard.Start(w.Context(), startToken(w.T, again))
			if err != nil {
				w.Fatal(err)
			}
			if _, err := w.back(s); err != nil {
				w.Fatal(err)
			}
			if c, err := w.guard.Confirmation(w.Context(), other.Cookie); err != nil || c.Account != "" {
				w.Errorf("the other browser reads %+v, %v", c, err)
			}
			_, err = w.guard.Press(w.Context(), other.Cookie, verify.PressApprove)
			return err
		}, verify.ChangeState, verify.Matched, 1},
		{"C11 5 min 1 s on the confirm page", func(w *world, _ *login2, _ verify.Opened, s verify.Started) error {
			if _, err := w.back(s); err != nil {
				w.Fatal(err)
			}
			w.after(5*time.Minute + time.Second)
			_, err := w.guard.Press(w.Context(), s.Cookie, verify.PressApprove)
			return err
		}, verify.ChallengeExpired, verify.Expired, 1},
		{"J04 the conversation ended meanwhile", func(w *world, _ *login2, _ verify.Opened, s verify.Started) error {
			if err := w.led.Close(cv1); err != nil {
				w.Fatal(err)
			}
			_, err := w.back(s)
			return err
		}, verify.ChallengeExpired, verify.Revoked, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, p := newStepUp(t)
			o, s := w.begun()
			err := c.act(w, p, o, s)
			w.wantReason(err, c.reason)
			if r := w.row(o.Row.ID); r.State != c.state || p.traded.Load() != c.traded {
				t.Errorf("the change is %s after %d exchanges, want %s and %d", r.State, p.traded.Load(), c.state, c.traded)
			}
			w.wantUnchanged()
			w.wantClean()
		})
	}
}

// The bounds can be set wider, to 30 s and no further, at the gateway and at the backend alike.
func TestClockSkew(t *testing.T) {
	const t0 = 1795312800
	now := time.Unix(t0+100, 0)
	for _, c := range []struct {
		skew, iat, auth int64
		want            verify.Reason
	}{
		{0, t0 - 2, t0 - 2, ""},
		{0, t0 - 3, t0, verify.ClockSkew},
		{0, t0, t0 - 3, verify.ProofStale},
		{0, t0, t0 + 105, ""},
		{0, t0, t0 + 106, verify.ClockSkew},
		{1, t0 - 2, t0 - 2, ""},
		{1, t0, t0 + 105, ""}, // never narrower
		{20, t0 - 20, t0 - 20, ""},
		{20, t0 - 21, t0, verify.ClockSkew},
		{20, t0, t0 - 21, verify.ProofStale},
		{20, t0 + 120, t0 + 120, ""},
		{20, t0, t0 + 121, verify.ClockSkew},
		{3600, t0, t0 - 30, ""},
		{3600, t0, t0 - 31, verify.ProofStale},
		{-5, t0, t0 - 3, verify.ProofStale},
	} {
		r := verify.Relying{Issuer: idp, Client: "postern", Skew: c.skew}
		tok := verify.IDToken{Issuer: idp, Audience: []string{"postern"}, Nonce: "n", Iat: c.iat, Exp: c.iat + 300, AuthTime: c.auth}
		if _, why := r.Judge(tok, "n", t0, now, 0); why != c.want {
			t.Errorf("skew %d, iat t0%+d, auth_time t0%+d: %q, want %q", c.skew, c.iat-t0, c.auth-t0, why, c.want)
		}
	}
}

// What the owner reads as his account is a plain name, or nothing.
func TestAccountLabel(t *testing.T) {
	for name, c := range map[string]struct {
		claims jwt.MapClaims
		want   string
	}{
		"an e-mail":              {jwt.MapClaims{"email": "vic@site.test", "name": "Vic"}, "vic@site.test"},
		"a user name":            {jwt.MapClaims{"preferred_username": "vic", "name": "Vic Quill"}, "vic"},
		"a name with a blank":    {jwt.MapClaims{"name": "Vic Quill"}, "Vic Quill"},
		"none":                   {jwt.MapClaims{}, ""},
		"a number":               {jwt.MapClaims{"email": 1, "name": "Vic"}, "Vic"},
		"an override of reading": {jwt.MapClaims{"email": "vic@\u202etset.etis", "name": "Vic"}, "Vic"},
		"a zero-width space":     {jwt.MapClaims{"email": "vic@site\u200b.test"}, ""},
		"a line break":           {jwt.MapClaims{"email": "vic@site.test\nAccount: mal"}, ""},
		"over 320 bytes":         {jwt.MapClaims{"email": strings.Repeat("v", 321)}, ""},
	} {
		w, p := newStepUp(t)
		_, s := w.begun()
		p.bend = func(claims jwt.MapClaims) {
			delete(claims, "email")
			maps.Copy(claims, c.claims)
		}
		if _, err := w.back(s); err != nil {
			t.Fatal(err)
		}
		if got, err := w.guard.Confirmation(t.Context(), s.Cookie); err != nil || got.Account != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got.Account, err, c.want)
		}
	}
}

// Which way a change is confirmed: the host's own page for what needs A3, if there is one.
func TestProviderOf(t *testing.T) {
	w, p := newStepUp(t)
	mail := func() verify.Opened {
		senior := w.stepped(verify.Actor{Role: verify.Senior, ID: "ag1"})
		row, err := w.guard.Draft(t.Context(), senior, cv1, []byte(`{"kind":"email.change","fields":{"email":"new@b.example"}}`))
		if err == nil {
			row, err = w.guard.Offer(t.Context(), senior, row.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		return w.open(row, 1)
	}
	o := mail()
	if o.Row.Challenge.Handle == "" || !strings.HasPrefix(o.URL, "https://site.test/support-verify?h=") {
		t.Errorf("a sensitive change goes to %s", o.URL)
	}
	if _, err := w.guard.Deny(t.Context(), w.visitor(cv1, 1), o.Row.ID); err != nil {
		t.Fatal(err)
	}
	w.policy.Hosts[0].VerifyURL = ""
	if bad := w.policy.Mistakes(); len(bad) > 0 {
		t.Errorf("a host with a provider only: %v", bad)
	}
	o = mail()
	s, err := w.guard.Start(t.Context(), startToken(t, o))
	if err != nil || !p.asked[0].Strong {
		t.Fatalf("Start = %v, asked %+v", err, p.asked)
	}
	v, err := w.back(s)
	if err != nil || v.To != verify.Failed || v.Reason != verify.ProofLevel {
		t.Errorf("A2 for a sensitive change: %+v, %v", v, err)
	}
	for name, bend := range map[string]func(c jwt.MapClaims){
		"acr": func(c jwt.MapClaims) { c["acr"] = "phr" },
		"amr": func(c jwt.MapClaims) { c["amr"] = []string{"pwd", "phr"} },
	} {
		p.bend = bend
		w.after(11 * time.Minute) // the limit of challenges
		if s, err = w.guard.Start(t.Context(), startToken(t, mail())); err != nil {
			t.Fatal(err)
		}
		if v, err := w.back(s); err != nil || v.To != verify.Matched || v.Level != verify.A3 {
			t.Errorf("a phishing-resistant login by %s: %+v, %v", name, v, err)
		}
	}
	w.policy.Sources[0].Strong = nil
	if bad := strings.Join(w.policy.Mistakes(), "\n"); !strings.Contains(bad, "email.change: needs A3") {
		t.Errorf("a kind that can never be proved is no mistake: %s", bad)
	}
}

// Presses: the first committed one wins; a second Approve kills the first token; everything leaves its leaf.
func TestPresses(t *testing.T) {
	matched := func(t *testing.T) (*world, verify.Opened, verify.Started) {
		w, _ := newStepUp(t)
		o, s := w.begun()
		if _, err := w.back(s); err != nil {
			t.Fatal(err)
		}
		return w, o, s
	}
	t.Run("a second Approve kills the first token", func(t *testing.T) {
		w, o, s := matched(t)
		first, err := w.guard.Press(t.Context(), s.Cookie, verify.PressApprove)
		second, err2 := w.guard.Press(t.Context(), s.Cookie, verify.PressApprove)
		if err != nil || err2 != nil || token(first) == token(second) {
			t.Fatal(err, err2)
		}
		row := w.row(o.Row.ID)
		_, err = w.guard.Finish(t.Context(), w.visitor(cv1, 1), w.finishRequest(row, token(first), 1))
		w.wantReason(err, verify.FinishExpired)
		if _, err = w.guard.Finish(t.Context(), w.visitor(cv1, 1), w.finishRequest(row, token(second), 1)); err != nil {
			t.Error(err)
		}
		w.wantClean()
	})
	t.Run("a token 61 s old", func(t *testing.T) {
		w, o, s := matched(t)
		v, err := w.guard.Press(t.Context(), s.Cookie, verify.PressApprove)
		if err != nil {
			t.Fatal(err)
		}
		w.after(61 * time.Second)
		_, err = w.guard.Finish(t.Context(), w.visitor(cv1, 1), w.finishRequest(w.row(o.Row.ID), token(v), 1))
		w.wantReason(err, verify.FinishExpired)
		w.wantUnchanged()
	})
	for _, c := range []struct {
		first, second string
		state         verify.State
	}{
		{verify.PressApprove, verify.PressDeny, verify.Matched},
		{verify.PressApprove, verify.PressDisown, verify.Matched},
		{verify.PressDeny, verify.PressApprove, verify.Denied},
		{verify.PressDisown, verify.PressApprove, verify.Disowned},
	} {
		t.Run("E10 "+c.first+", then "+c.second, func(t *testing.T) {
			w, o, s := matched(t)
			head, _ := w.led.Head(t.Context())
			if _, err := w.guard.Press(t.Context(), s.Cookie, c.first); err != nil {
				t.Fatal(err)
			}
			_, err := w.guard.Press(t.Context(), s.Cookie, c.second)
			w.wantReason(err, verify.ChangeState)
			if now, _ := w.led.Head(t.Context()); now.Size != head.Size+2 || w.row(o.Row.ID).State != c.state {
				t.Errorf("%d leaves, the change is %s", now.Size-head.Size, w.row(o.Row.ID).State)
			}
			w.wantClean()
		})
	}
	t.Run("64 racers on Approve and Deny: one of the two holds", func(t *testing.T) {
		w, o, s := matched(t)
		var denied atomic.Int32
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				choice := []string{verify.PressApprove, verify.PressDeny}[i%2]
				v, err := w.guard.Press(t.Context(), s.Cookie, choice)
				if v.To == verify.Denied && err == nil {
					denied.Add(1)
				}
				if err != nil && verify.ReasonOf(err) != verify.ChangeState {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if st := w.row(o.Row.ID).State; denied.Load() > 1 || (st == verify.Denied) != (denied.Load() == 1) {
			t.Errorf("%s, denied %d times", st, denied.Load())
		}
		w.wantClean()
	})
	t.Run("Not me freezes, tells the owner and ends the rest", func(t *testing.T) {
		w, o, s := matched(t)
		other := w.offered(cv1, cancelPlus)
		if _, err := w.guard.Press(t.Context(), s.Cookie, verify.PressDisown); err != nil {
			t.Fatal(err)
		}
		if err := w.guard.Notice(t.Context(), o.Row.ID); err != nil || len(w.backend.notices) != 1 || w.backend.notices[0].Subject != "u-vic" {
			t.Errorf("notice: %v, %+v", err, w.backend.notices)
		}
		w.wantState(other.ID, verify.Revoked, verify.ChangeState)
		cv, _ := w.led.Conversation(t.Context(), cv1)
		if !cv.Frozen {
			t.Error("the conversation is not frozen")
		}
	})
	t.Run("a webhook cannot name a login at a provider", func(t *testing.T) {
		w, o, _ := matched(t)
		v, err := w.guard.Observe(t.Context(), verify.LoginEvent{
			Source: "shop", Host: "shop", ID: "e", Kind: verify.LoginDenied, Handle: verify.TokenHash("any"), Chg: o.Row.Chg, Subject: "u-vic",
		})
		if err != nil || v.To != "" {
			t.Errorf("Observe = %+v, %v", v, err)
		}
		w.wantState(o.Row.ID, verify.Matched, "")
	})
}

// Start tokens and cookies need randomness; without it nothing begins.
func TestStepUpWithoutRandomness(t *testing.T) {
	w, _ := newStepUp(t)
	o, s := w.begun()
	if _, err := w.back(s); err != nil {
		t.Fatal(err)
	}
	row := w.offered(cv2, cancelPlus)
	o2 := w.open(row, 2)
	w.guard.Rand = strings.NewReader("")
	_, err := w.guard.Press(t.Context(), s.Cookie, verify.PressApprove)
	w.wantReason(err, verify.GuardUnavailable)
	_, err = w.guard.Start(t.Context(), startToken(t, o2))
	w.wantReason(err, verify.GuardUnavailable)
	_, err = w.guard.Open(t.Context(), w.visitor(cv2, 2), verify.OpenRequest{Change: row.ID})
	w.wantReason(err, verify.GuardUnavailable)
	w.guard.Rand = rand.Reader
	w.wantState(o.Row.ID, verify.Matched, "")
}
