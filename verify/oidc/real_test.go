package oidc

import (
	"crypto/ecdsa"
	"crypto/rand"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/postern-chat/postern/verify"
)

// real is a provider that nobody here wrote, running as a process of its own on loopback.
type real struct {
	issuer string
	// login takes a browser through the provider's own pages, from the address where it is sent to the one that it
	// brings back. asks says whether it may have to log in; a login that is asked for and not allowed is a failure.
	login   func(t *testing.T, b *http.Client, to string, asks bool) *url.URL
	lenient int64 // seconds for which the provider takes a login for new, whatever it is asked for
}

func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	// One connection for each request: a provider that serves one at a time must not wait for us.
	return &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (r real) open(t *testing.T, client, secret string, key *ecdsa.PrivateKey) *Provider {
	t.Helper()
	p, err := New(Config{
		Issuer: r.issuer, Client: client, Secret: secret, Key: key, Redirect: redirect, Strong: []string{"phr"},
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Now: time.Now, Rand: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func answer(u *url.URL) verify.LoginAnswer {
	q := u.Query()
	return verify.LoginAnswer{State: q.Get("state"), Code: q.Get("code"), Iss: q.Get("iss"), Error: q.Get("error")}
}

// confirm goes the whole way once and gives what came, judged as made for a challenge of this moment.
func (r real) confirm(t *testing.T, p *Provider, b *http.Client) verify.IDToken {
	t.Helper()
	ask, t0 := request(false), time.Now().Unix()
	to, err := p.Begin(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	a := answer(r.login(t, b, to, true))
	tok, err := p.Exchange(t.Context(), ask, a)
	if err != nil {
		t.Fatalf("Exchange = %v (the provider said %q)", err, a.Error)
	}
	relying := verify.Relying{Issuer: r.issuer, Client: p.c.Client, Strong: p.c.Strong}
	if level, why := relying.Judge(tok, ask.Nonce, t0, time.Now(), 0); level != verify.A2 || a.State != ask.State {
		t.Fatalf("judged %s (%s), state %v: %+v", level, why, a.State == ask.State, tok)
	}
	keys := goidc.NewRemoteKeySet(t.Context(), p.meta.jwks)
	oracle := goidc.NewVerifier(r.issuer, keys, &goidc.Config{ClientID: p.c.Client, SupportedSigningAlgs: []string{"ES256", "RS256"}})
	if seen, err := oracle.Verify(t.Context(), tok.Raw); err != nil || seen.Subject != tok.Subject {
		t.Errorf("the oracle says %+v, %v", seen, err)
	}
	return tok
}

// fresh proves what the gate lives by: the provider logs people in again when it is asked to, and says the time of
// that login; asked without prompt and max_age it answers at once, with our nonce, from the session that is open,
// and the old auth_time gives it away.
func (r real) fresh(t *testing.T, p *Provider) {
	b := browser(t)
	first := r.confirm(t, p, b)
	// Until the first login is an old one: the provider may have noted it later than it says, but not after it came back.
	for done := time.Now().Unix(); time.Now().Unix() <= done+r.lenient; {
		time.Sleep(10 * time.Millisecond)
	}
	second := r.confirm(t, p, b)
	if second.AuthTime <= first.AuthTime || second.Subject != first.Subject {
		t.Errorf("a second login of %s at %d has auth_time %d, the first had %d", second.Subject, time.Now().Unix(), second.AuthTime, first.AuthTime)
	}
	for time.Now().Unix() <= second.AuthTime+1 {
		time.Sleep(10 * time.Millisecond)
	}
	ask := request(false)
	m, err := p.discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(p.oauth(m).AuthCodeURL(ask.State, p.asks(ask)...))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Del("prompt")
	q.Del("max_age")
	u.RawQuery = q.Encode()
	tok, err := p.Exchange(t.Context(), ask, answer(r.login(t, b, u.String(), false)))
	if err != nil {
		t.Fatal(err)
	}
	relying := verify.Relying{Issuer: r.issuer, Client: p.c.Client}
	_, why := relying.Judge(tok, ask.Nonce, second.AuthTime+3, time.Now(), 0)
	if tok.Nonce != ask.Nonce || tok.AuthTime != second.AuthTime && tok.AuthTime != 0 || why != verify.ProofStale && why != verify.ProofNoAuthTime {
		t.Errorf("from an open session: %q, auth_time %d after %d: %+v", why, tok.AuthTime, second.AuthTime, tok)
	}
}

// The code of one login is worth nothing in another: PKCE is checked by the provider itself.
func (r real) injected(t *testing.T, p *Provider) {
	other, mine := request(false), request(false)
	to, err := p.Begin(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	a := answer(r.login(t, browser(t), to, true))
	if _, err := p.Exchange(t.Context(), mine, a); verify.ReasonOf(err) != verify.OIDCExchange {
		t.Errorf("D12: the code of another flow: %v", err)
	}
}

func TestOIDCProvider(t *testing.T) {
	key := clientKey(t)
	r := startOIDCProvider(t, key, "")
	for _, c := range []struct {
		client, secret string
		key            *ecdsa.PrivateKey
	}{{"with-secret", "a secret & more", nil}, {"with-key", "", key}} {
		t.Run(c.client+", PAR", func(t *testing.T) {
			p := r.open(t, c.client, c.secret, c.key)
			r.fresh(t, p)
			r.injected(t, p)
			if p.meta.par == "" || !p.meta.iss {
				t.Errorf("metadata %+v", p.meta)
			}
		})
	}
	t.Run("without PAR", func(t *testing.T) {
		r := startOIDCProvider(t, key, "no-par")
		for client, p := range map[string]*Provider{
			"with-key": r.open(t, "with-key", "", key), "with-secret": r.open(t, "with-secret", "a secret & more", nil),
		} {
			to, err := p.Begin(t.Context(), request(false))
			if err != nil || strings.Contains(to, "&request=") != (client == "with-key") {
				t.Errorf("%s goes to %s, %v", client, to, err)
			}
			r.confirm(t, p, browser(t))
		}
	})
}
