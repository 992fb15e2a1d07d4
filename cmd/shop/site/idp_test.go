package site_test

import (
	"crypto/rand"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/cmd/shop/site"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/oidc"
)

const clientSecret = "a secret & of the client"

// newProvider is a shop that is an OpenID provider too, and the gateway's side of it.
func newProvider(t *testing.T, bend func(c *oidc.Config)) (*shop, *oidc.Provider) {
	t.Helper()
	s := newShopWith(t, func(c *site.Config) {
		c.Provider = &site.Provider{Key: p256(t), Client: "postern", Secret: clientSecret, Redirect: c.Gateway + "/verify/callback"}
	})
	c := oidc.Config{
		Issuer: s.url, Client: "postern", Secret: clientSecret, Redirect: s.gate.URL + "/verify/callback",
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Now: s.now, Rand: rand.Reader,
	}
	if bend != nil {
		bend(&c)
	}
	p, err := oidc.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func asking(nonce string) verify.LoginRequest {
	return verify.LoginRequest{State: rand.Text(), Nonce: nonce, Verifier: rand.Text() + rand.Text()}
}

var requestField = regexp.MustCompile(`name="request" value="([^"]+)"`)

// begin opens the provider's login page for a request; it gives the request's field.
func (s *shop) begin(p *oidc.Provider, b *browser, r verify.LoginRequest) string {
	s.t.Helper()
	to, err := p.Begin(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	if code := b.get(strings.TrimPrefix(to, s.url)); code != http.StatusOK {
		s.t.Fatalf("the login page: %d %s", code, b.page)
	}
	if csp := b.head.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' "+s.gate.URL+";") || !strings.Contains(csp, "frame-ancestors 'none'") {
		s.t.Errorf("the login's policy: %s", csp)
	}
	m := requestField.FindStringSubmatch(b.page)
	if m == nil {
		s.t.Fatalf("no login form: %s", b.page)
	}
	return m[1]
}

// cameBack is what the browser brings to the gateway.
func (s *shop) cameBack(b *browser) verify.LoginAnswer {
	s.t.Helper()
	u, err := url.Parse(b.head.Get("Location"))
	if err != nil || !strings.HasPrefix(u.String(), s.gate.URL+"/verify/callback?") {
		s.t.Fatalf("sent to %q", b.head.Get("Location"))
	}
	q := u.Query()
	return verify.LoginAnswer{State: q.Get("state"), Code: q.Get("code"), Iss: q.Get("iss"), Error: q.Get("error")}
}

func (s *shop) logsIn(p *oidc.Provider, b *browser, r verify.LoginRequest) verify.LoginAnswer {
	s.t.Helper()
	id := s.begin(p, b, r)
	if code := b.send("/idp/login", "request", id, "email", "robin@example.com", "password", password); code != http.StatusSeeOther {
		s.t.Fatalf("the login: %d %s", code, b.page)
	}
	return s.cameBack(b)
}

// The shop as a provider: who has a session open logs in again, the ID token is worth A2, and the backend takes it
// for a plain change, once, and for nothing that it keeps for its own page.
func TestProvider(t *testing.T) {
	s, p := newProvider(t, nil)
	b := s.browser()
	b.signIn("robin@example.com")
	s.later(time.Hour)
	c := s.claims(renewal("plus"), "cu_robin")
	c.T0, c.ApprovedAt = s.now().Unix(), s.now().Unix()
	s.seal(&c, renewal("plus"))
	r := asking(c.Commit)
	a := s.logsIn(p, b, r)
	tok, err := p.Exchange(t.Context(), r, a)
	if err != nil || a.State != r.State {
		t.Fatal(err)
	}
	relying := verify.Relying{Issuer: s.url, Client: "postern"}
	if level, why := relying.Judge(tok, c.Commit, c.T0, s.now(), 0); level != verify.A2 || tok.Subject != "cu_robin" || tok.Label != "robin@example.com" {
		t.Fatalf("judged %s (%s): %+v", level, why, tok)
	}
	if _, err := p.Exchange(t.Context(), r, a); verify.ReasonOf(err) != verify.OIDCExchange {
		t.Errorf("the code again: %v", err)
	}
	c.Level, c.Ev = verify.A2, &verify.Evidence{Kind: verify.EvidenceIDToken, JWT: tok.Raw}

	address := verify.Change{V: "1", Kind: "address.change", Base: "*", Fields: map[string]string{"address": "1 Evil Street"}}
	moved := c
	moved.Kind = address.Kind
	s.seal(&moved, address)
	before := s.dump()
	if status, code := s.post(moved, address); status != http.StatusForbidden || code != "evidence.nonce_mismatch" {
		t.Errorf("the same login for another change: %d %s", status, code)
	}
	claimed := c
	claimed.Level = verify.A3
	if status, code := s.post(claimed, renewal("plus")); status != http.StatusForbidden || code != "receipt.level" {
		t.Errorf("A3 claimed: %d %s", status, code)
	}
	r = asking(moved.Commit)
	if tok, err = p.Exchange(t.Context(), r, s.logsIn(p, s.browser(), r)); err != nil {
		t.Fatal(err)
	}
	moved.Ev = &verify.Evidence{Kind: verify.EvidenceIDToken, JWT: tok.Raw}
	if status, code := s.post(moved, address); status != http.StatusForbidden || code != "receipt.level" {
		t.Errorf("an address by a password at the provider: %d %s", status, code)
	}
	if s.dump() != before {
		t.Error("a refusal changed an account")
	}
	for range 2 {
		if status, code := s.post(c, renewal("plus")); status != http.StatusOK || code != "" {
			t.Errorf("the honest receipt: %d %s", status, code)
		}
	}
	if s.dump() == before {
		t.Error("nothing was applied")
	}
}

// Who is not the browser that was asked, or does not give the password, gets no code.
func TestAbuseProvider(t *testing.T) {
	s, p := newProvider(t, nil)
	b, r := s.browser(), asking("n")
	id := s.begin(p, b, r)
	other := s.browser()
	other.get("/signin") // a form token of its own
	if code := other.send("/idp/login", "request", id, "email", "robin@example.com", "password", password); code != http.StatusGone {
		t.Errorf("another browser: %d", code)
	}
	if code := b.send("/idp/login", "request", id, "email", "robin@example.com", "password", password); code != http.StatusGone {
		t.Errorf("after somebody else tried it: %d", code)
	}
	id = s.begin(p, b, r)
	if code := b.send("/idp/login", "request", id, "email", "robin@example.com", "password", "wrong password"); code != http.StatusUnprocessableEntity {
		t.Errorf("a wrong password: %d", code)
	}
	if code := b.send("/idp/login", "request", id, "choice", "cancel"); code != http.StatusSeeOther {
		t.Errorf("Cancel: %d", code)
	}
	if a := s.cameBack(b); a.Error != "access_denied" || a.Code != "" || a.Iss != s.url {
		t.Errorf("Cancel gives %+v", a)
	}
	id = s.begin(p, b, r)
	s.later(6 * time.Minute)
	if code := b.send("/idp/login", "request", id, "email", "robin@example.com", "password", password); code != http.StatusGone {
		t.Errorf("six minutes later: %d", code)
	}
	for what, path := range map[string]string{
		"without PAR":        "/idp/login?client_id=postern&response_type=code&redirect_uri=" + url.QueryEscape(s.gate.URL+"/verify/callback"),
		"a made-up request":  "/idp/login?client_id=postern&request_uri=urn:x",
		"for another client": "/idp/login?client_id=other&request_uri=urn:x",
	} {
		if code := b.get(path); code != http.StatusGone {
			t.Errorf("%s: %d", what, code)
		}
	}
	mine := asking("m")
	if _, err := p.Exchange(t.Context(), mine, s.logsIn(p, b, asking("o"))); verify.ReasonOf(err) != verify.OIDCExchange {
		t.Errorf("the code of another flow: %v", err)
	}
	late := asking("l")
	a := s.logsIn(p, b, late)
	s.later(2 * time.Minute)
	if _, err := p.Exchange(t.Context(), late, a); verify.ReasonOf(err) != verify.OIDCExchange {
		t.Errorf("a code two minutes old: %v", err)
	}
	for _, path := range []string{"/idp/par", "/idp/token"} {
		if code := b.send(path, "client_id", "postern"); code != http.StatusUnauthorized {
			t.Errorf("%s without the secret: %d", path, code)
		}
	}
}

// A client that does not ask for a fresh login, or for another redirect, is refused; so is one with a wrong secret.
func TestAbuseProviderClient(t *testing.T) {
	for what, bend := range map[string]func(c *oidc.Config){
		"a wrong secret":     func(c *oidc.Config) { c.Secret = "another secret of it" },
		"another redirect":   func(c *oidc.Config) { c.Redirect = "https://evil.test/verify/callback" },
		"another client":     func(c *oidc.Config) { c.Client = "other" },
		"a longer redirect":  func(c *oidc.Config) { c.Redirect += "/x" },
		"no secret but ours": func(c *oidc.Config) { c.Secret = " " },
	} {
		_, p := newProvider(t, bend)
		if _, err := p.Begin(t.Context(), asking("n")); verify.ReasonOf(err) != verify.IDPUnavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := site.Open(t.Context(), site.Config{
		Data: t.TempDir(), URL: "http://127.0.0.1:1", Gateway: "http://localhost:1", EventSecret: make([]byte, 32), OwnKey: ownKey, Provider: &site.Provider{},
	}); err == nil {
		t.Error("a provider without a key was opened")
	}
	plain := newShop(t).browser()
	if code := plain.get("/.well-known/openid-configuration"); code != http.StatusNotFound {
		t.Errorf("a shop that is no provider says %d", code)
	}
}

// post delivers a receipt for a change; it gives the status and the code of a refusal.
func (s *shop) post(r verify.Claims, c verify.Change) (int, string) {
	s.t.Helper()
	status, text := s.deliver(s.delivery(r, c))
	m := regexp.MustCompile(`"code":"([a-z_.]+)"`).FindStringSubmatch(text)
	if m == nil {
		return status, ""
	}
	return status, m[1]
}
