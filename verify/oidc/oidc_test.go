package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/verifytest"
)

const redirect = "http://localhost:1/verify/callback"

// clock can be set on.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) after(d time.Duration) { c.mu.Lock(); c.at = c.at.Add(d); c.mu.Unlock() }

// bench is a hostile provider and our side of it, on one clock.
type bench struct {
	*testing.T
	*verifytest.Hostile
	*Provider
	clock *clock
}

func newBench(t *testing.T, bend verifytest.Bend, conf func(*Config)) *bench {
	t.Helper()
	b := &bench{T: t, Hostile: verifytest.NewHostile(t), clock: &clock{at: time.Now()}}
	b.bendTo(bend)
	c := Config{
		Issuer: b.URL, Client: b.Client, Secret: b.Secret, Redirect: redirect, Strong: []string{"phr"},
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Now: b.clock.now, Rand: rand.Reader,
	}
	if conf != nil {
		conf(&c)
	}
	if c.Key != nil {
		b.ClientKey = &c.Key.PublicKey
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	b.Provider = p
	return b
}

func (b *bench) bendTo(bend verifytest.Bend) {
	if bend.Now == nil {
		bend.Now = b.clock.now
	}
	b.Bend(bend)
}

func clientKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func request(strong bool) verify.LoginRequest {
	return verify.LoginRequest{State: rand.Text() + rand.Text(), Nonce: verify.TokenHash(rand.Text()), Verifier: rand.Text() + rand.Text(), Strong: strong}
}

// visit is the browser: it follows the address and gives what came back.
func (b *bench) visit(to string) verify.LoginAnswer {
	b.Helper()
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Get(to)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	u, err := res.Location()
	if err != nil {
		b.Fatalf("status %d: %v", res.StatusCode, err)
	}
	q := u.Query()
	return verify.LoginAnswer{State: q.Get("state"), Code: q.Get("code"), Iss: q.Get("iss"), Error: q.Get("error")}
}

func (b *bench) login() (verify.IDToken, verify.LoginRequest, error) {
	b.Helper()
	r := request(false)
	to, err := b.Begin(b.Context(), r)
	if err != nil {
		return verify.IDToken{}, r, err
	}
	a := b.visit(to)
	if a.State != r.State {
		b.Errorf("state %q came back, want %q", a.State, r.State)
	}
	t, err := b.Exchange(b.Context(), r, a)
	return t, r, err
}

// The three ways to ask, with both ways to say who we are; go-oidc's own verifier is the oracle for what came.
func TestLogin(t *testing.T) {
	noPAR := func(m map[string]any) { delete(m, "pushed_authorization_request_endpoint") }
	plain := func(m map[string]any) { noPAR(m); m["request_parameter_supported"] = false }
	for _, c := range []struct {
		name string
		meta func(map[string]any)
		key  bool
		in   []string // parameters that the browser carries
	}{
		{"PAR, secret", nil, false, []string{"client_id", "request_uri"}},
		{"PAR, key", nil, true, []string{"client_id", "request_uri"}},
		{"request object, key", noPAR, true, []string{"client_id", "request", "response_type", "scope"}},
		{"no key for a request object", noPAR, false, nil},
		{"plain, key", plain, true, nil},
		{"plain, secret", plain, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, verifytest.Bend{Metadata: c.meta}, func(conf *Config) {
				if c.key {
					conf.Key, conf.Secret = clientKey(t), ""
				}
			})
			r := request(true)
			to, err := b.Begin(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			u, _ := url.Parse(to)
			q := u.Query()
			if c.in != nil && len(q) != len(c.in) {
				t.Errorf("the browser carries %v, want only %v", q, c.in)
			}
			for _, k := range c.in {
				if !q.Has(k) {
					t.Errorf("%s is missing in %v", k, q)
				}
			}
			sent := q
			if q.Has("request_uri") {
				sent = b.Forms()[0]
			}
			if !q.Has("request") {
				for k, want := range map[string]string{
					"prompt": "login", "max_age": "0", "nonce": r.Nonce, "state": r.State, "response_type": "code", "response_mode": "query",
					"scope": "openid", "code_challenge_method": "S256", "redirect_uri": redirect, "acr_values": "phr", "login_hint": "",
				} {
					if sent.Get(k) != want {
						t.Errorf("%s = %q, want %q", k, sent.Get(k), want)
					}
				}
				if !strings.Contains(sent.Get("claims"), `"acr":{"essential":true,"values":["phr"]}`) {
					t.Errorf("claims = %s", sent.Get("claims"))
				}
			}
			tok, err := b.Exchange(t.Context(), r, b.visit(to))
			if err != nil || tok.Subject != "u-vic" || tok.Nonce != r.Nonce || tok.AuthTime != b.clock.now().Unix() {
				t.Fatalf("Exchange = %+v, %v", tok, err)
			}
			keys := goidc.NewRemoteKeySet(t.Context(), b.URL+"/jwks")
			oracle := goidc.NewVerifier(b.URL, keys, &goidc.Config{ClientID: b.Client, SupportedSigningAlgs: []string{"ES256"}})
			if seen, err := oracle.Verify(t.Context(), tok.Raw); err != nil || seen.Subject != tok.Subject || seen.Nonce != tok.Nonce {
				t.Errorf("the oracle says %+v, %v", seen, err)
			}
		})
	}
}

// What a provider may do wrong between the callback and the token. No token is ever given to the gate for it.
func TestAbuseExchange(t *testing.T) {
	other := clientKey(t)
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); _, _ = w.Write([]byte(body)) }
	}
	at := func(path string, f http.HandlerFunc) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{path: f}
	}
	noIss := func(q url.Values) { q.Del("iss") }
	for _, c := range []struct {
		name   string
		bend   verifytest.Bend
		want   verify.Reason
		traded int // requests to the token endpoint
	}{
		{"honest", verifytest.Bend{}, "", 1},
		{"D13 iss of another provider", verifytest.Bend{Answer: func(q url.Values) { q.Set("iss", "https://other.test") }}, verify.OIDCIss, 0},
		{"D13 no iss, though announced", verifytest.Bend{Answer: noIss}, verify.OIDCIss, 0},
		{"no iss, and none announced", verifytest.Bend{Answer: noIss, Metadata: func(m map[string]any) { delete(m, "authorization_response_iss_parameter_supported") }}, "", 1},
		{"another iss, and none announced", verifytest.Bend{
			Answer:   func(q url.Values) { q.Set("iss", "https://other.test") },
			Metadata: func(m map[string]any) { delete(m, "authorization_response_iss_parameter_supported") },
		}, verify.OIDCIss, 0},
		{"the owner turned back", verifytest.Bend{Answer: func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }}, verify.OIDCExchange, 0},
		{"no code", verifytest.Bend{Answer: func(q url.Values) { q.Del("code") }}, verify.OIDCExchange, 0},
		{"D12 a code that the provider never gave", verifytest.Bend{Answer: func(q url.Values) { q.Set("code", "x") }}, verify.OIDCExchange, 1},
		{"a code over 4 KiB", verifytest.Bend{Answer: func(q url.Values) { q.Set("code", strings.Repeat("x", 5<<10)) }}, verify.OIDCExchange, 0},
		{"token endpoint: 500", verifytest.Bend{Serve: at("/token", status(500, "<html>"))}, verify.IDPUnavailable, 1},
		{"token endpoint: a redirect", verifytest.Bend{Serve: at("/token", http.RedirectHandler("/jwks", http.StatusTemporaryRedirect).ServeHTTP)}, verify.OIDCExchange, 1},
		{"token endpoint: 5 MB", verifytest.Bend{Serve: at("/token", status(200, strings.Repeat(" ", 5<<20)))}, verify.IDPUnavailable, 1},
		{"no ID token", verifytest.Bend{Serve: at("/token", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"a","token_type":"Bearer"}`))
		})}, verify.OIDCExchange, 1},
		{"signed by another key under the same kid", verifytest.Bend{Sign: other}, verify.OIDCExchange, 1},
		{"an unknown kid", verifytest.Bend{Header: func(h map[string]any) { h["kid"] = "x" }}, verify.OIDCExchange, 1},
		{"a key in the header", verifytest.Bend{Header: func(h map[string]any) { h["jwk"] = map[string]string{} }}, verify.OIDCExchange, 1},
		{"crit", verifytest.Bend{Header: func(h map[string]any) { h["crit"] = []string{"exp"} }}, verify.OIDCExchange, 1},
		{"typ of an access token", verifytest.Bend{Header: func(h map[string]any) { h["typ"] = "at+jwt" }}, verify.OIDCExchange, 1},
		{"x5t is ignored", verifytest.Bend{Header: func(h map[string]any) { h["x5t"] = "x" }}, "", 1},
		{"auth_time with a fraction", verifytest.Bend{Claims: func(c map[string]any) { c["auth_time"] = 1795312800.5 }}, verify.OIDCExchange, 1},
		{"without exp", verifytest.Bend{Claims: func(c map[string]any) { delete(c, "exp") }}, verify.OIDCExchange, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.bend, nil)
			_, _, err := b.login()
			if verify.ReasonOf(err) != c.want || (err == nil) != (c.want == "") || b.Calls("/token") != c.traded {
				t.Errorf("login = %v after %d exchanges, want %q and %d", err, b.Calls("/token"), c.want, c.traded)
			}
		})
	}
	t.Run("D12 the code of another flow", func(t *testing.T) {
		b := newBench(t, verifytest.Bend{}, nil)
		mine, other := request(false), request(false)
		to, err := b.Begin(t.Context(), other)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Exchange(t.Context(), mine, b.visit(to)); verify.ReasonOf(err) != verify.OIDCExchange {
			t.Errorf("Exchange = %v", err)
		}
	})
}

// Discovery and PAR: who is not wholly right is unavailable, and nothing weaker is tried instead.
func TestAbuseDiscovery(t *testing.T) {
	set := func(key string, v any) verifytest.Bend {
		return verifytest.Bend{Metadata: func(m map[string]any) { m[key] = v }}
	}
	serve := func(path string, f http.HandlerFunc) verifytest.Bend {
		return verifytest.Bend{Serve: map[string]http.HandlerFunc{path: f}}
	}
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(s))
		}
	}
	for _, c := range []struct {
		name string
		bend verifytest.Bend
	}{
		{"another issuer", set("issuer", "https://other.test")},
		{"no authorization endpoint", set("authorization_endpoint", "")},
		{"an endpoint that is no URL", set("token_endpoint", "token")},
		{"an endpoint with a password", set("token_endpoint", "http://u:p@localhost/")},
		{"an endpoint of another scheme", set("jwks_uri", "file:///etc/passwd")},
		{"a PAR endpoint that is a number", set("pushed_authorization_request_endpoint", 1)},
		{"no PKCE with S256", set("code_challenge_methods_supported", []string{"plain"})},
		{"a member twice", serve("/.well-known/openid-configuration", text(`{"issuer":"x","issuer":"y"}`))},
		{"5 MB", serve("/.well-known/openid-configuration", text(`{"a":"`+strings.Repeat("a", 5<<20)+`"}`))},
		{"a redirect", serve("/.well-known/openid-configuration", http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP)},
		{"PAR says 500", serve("/par", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })},
		{"PAR says 200", serve("/par", text(`{"request_uri":"urn:x"}`))},
		{"PAR gives nothing", serve("/par", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); _, _ = w.Write([]byte(`{}`)) })},
		{"PAR redirects", serve("/par", http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect).ServeHTTP)},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.bend, nil)
			to, err := b.Begin(t.Context(), request(false))
			if verify.ReasonOf(err) != verify.IDPUnavailable || to != "" || b.Calls("/elsewhere") > 0 {
				t.Errorf("Begin = %q, %v", to, err)
			}
		})
	}
}

// L04 and L05: an ill key set closes the way, and no key is used beyond ten minutes.
func TestAbuseKeySet(t *testing.T) {
	ill := map[string]http.HandlerFunc{
		"500":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"5 MB":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5<<20)) },
		"a redirect": http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP,
		"10,000 keys": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"keys":[{"kty":"EC"}%s]}`, strings.Repeat(`,{"kty":"EC"}`, 9_999))
		},
		"a symmetric key": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[{"kty":"oct","kid":"hostile","k":"AA"}]}`))
		},
		"cuts the connection": func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, f := range ill {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, verifytest.Bend{}, nil)
			if _, _, err := b.login(); err != nil {
				t.Fatal(err)
			}
			sick := map[string]http.HandlerFunc{"/jwks": f}
			b.clock.after(9 * time.Minute)
			b.bendTo(verifytest.Bend{Serve: sick})
			if _, _, err := b.login(); err != nil || b.Calls("/jwks") != 1 {
				t.Errorf("inside its time the old set counts: %v, %d fetches", err, b.Calls("/jwks"))
			}
			b.bendTo(verifytest.Bend{Serve: sick, Header: func(h map[string]any) { h["kid"] = "new" }})
			if _, _, err := b.login(); verify.ReasonOf(err) != verify.IDPUnavailable || b.Calls("/jwks") != 2 {
				t.Errorf("an unknown kid: %v, %d fetches", err, b.Calls("/jwks"))
			}
			b.clock.after(6 * time.Second)
			if _, _, err := b.login(); verify.ReasonOf(err) != verify.OIDCExchange || b.Calls("/jwks") != 2 {
				t.Errorf("an unknown kid again: %v, %d fetches", err, b.Calls("/jwks"))
			}
			b.bendTo(verifytest.Bend{Serve: sick})
			if _, _, err := b.login(); err != nil {
				t.Errorf("after a failed refetch the old set counts until its time: %v", err)
			}
			b.clock.after(time.Minute)
			if _, _, err := b.login(); verify.ReasonOf(err) != verify.IDPUnavailable {
				t.Errorf("after ten minutes: %v", err)
			}
			b.clock.after(6 * time.Second)
			b.bendTo(verifytest.Bend{})
			if _, _, err := b.login(); err != nil {
				t.Errorf("well again: %v", err)
			}
			if b.Calls("/elsewhere") > 0 {
				t.Error("a redirect was followed")
			}
		})
	}
	t.Run("a new key is fetched once, a removed one is dead", func(t *testing.T) {
		b := newBench(t, verifytest.Bend{}, nil)
		if _, _, err := b.login(); err != nil {
			t.Fatal(err)
		}
		fresh := clientKey(t)
		set, err := verify.KeySet{{ID: "new", Alg: "ES256", Public: &fresh.PublicKey}}.Publish()
		if err != nil {
			t.Fatal(err)
		}
		jwks := map[string]http.HandlerFunc{"/jwks": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) }}
		b.clock.after(31 * time.Second)
		b.bendTo(verifytest.Bend{Serve: jwks, Sign: fresh, Header: func(h map[string]any) { h["kid"] = "new" }})
		if _, _, err := b.login(); err != nil || b.Calls("/jwks") != 2 {
			t.Errorf("a rotated key: %v, %d fetches", err, b.Calls("/jwks"))
		}
		b.bendTo(verifytest.Bend{Serve: jwks})
		if _, _, err := b.login(); verify.ReasonOf(err) != verify.OIDCExchange || b.Calls("/jwks") != 2 {
			t.Errorf("the removed key: %v, %d fetches", err, b.Calls("/jwks"))
		}
	})
}

// A provider that is down is asked once, not by everybody who waits; metadata is used for ten minutes.
func TestDown(t *testing.T) {
	const path = "/.well-known/openid-configuration"
	b := newBench(t, verifytest.Bend{Serve: map[string]http.HandlerFunc{path: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }}}, nil)
	for range 3 {
		if _, err := b.Begin(t.Context(), request(false)); verify.ReasonOf(err) != verify.IDPUnavailable {
			t.Errorf("Begin = %v", err)
		}
	}
	if b.Calls(path) != 1 {
		t.Errorf("asked %d times", b.Calls(path))
	}
	b.clock.after(6 * time.Second)
	b.bendTo(verifytest.Bend{})
	for range 2 {
		if _, err := b.Begin(t.Context(), request(false)); err != nil {
			t.Error(err)
		}
	}
	b.clock.after(10 * time.Minute)
	if _, err := b.Begin(t.Context(), request(false)); err != nil || b.Calls(path) != 3 {
		t.Errorf("%v, asked %d times", err, b.Calls(path))
	}
}

// Invariant 17: without an allowed prefix a loopback provider is not reached, nor one in plain http elsewhere.
func TestAbuseProviderAddress(t *testing.T) {
	b := newBench(t, verifytest.Bend{}, func(c *Config) { c.Allow = nil })
	if _, err := b.Begin(t.Context(), request(false)); verify.ReasonOf(err) != verify.IDPUnavailable || b.Calls("/.well-known/openid-configuration") > 0 {
		t.Errorf("Begin = %v", err)
	}
}

func TestNew(t *testing.T) {
	good := Config{Issuer: "https://idp.test", Client: "c", Secret: "s", Redirect: redirect, Now: time.Now, Rand: rand.Reader}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, bend := range map[string]func(*Config){
		"no issuer": func(c *Config) { c.Issuer = "" }, "a query": func(c *Config) { c.Issuer += "?a" }, "ftp": func(c *Config) { c.Issuer = "ftp://idp.test" },
		"a user": func(c *Config) { c.Issuer = "https://u@idp.test" }, "no client": func(c *Config) { c.Client = "" },
		"no redirect": func(c *Config) { c.Redirect = "" }, "no key and no secret": func(c *Config) { c.Secret = "" },
		"P-384": func(c *Config) { c.Key = p384 }, "no clock": func(c *Config) { c.Now = nil }, "no randomness": func(c *Config) { c.Rand = nil },
	} {
		c := good
		bend(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// The secret goes only where it must: form-encoded into the header of PAR and token endpoint.
func TestSecretStaysOutOfForms(t *testing.T) {
	b := newBench(t, verifytest.Bend{}, nil)
	if _, _, err := b.login(); err != nil {
		t.Fatal(err)
	}
	for _, f := range b.Forms() {
		text, err := json.Marshal(f)
		if err != nil || strings.Contains(string(text), b.Secret) {
			t.Errorf("the form %s holds the secret", text)
		}
	}
}
