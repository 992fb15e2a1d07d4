// Package oidc is way 2 of the gate: a login at an OpenID provider whose ID token has the commitment as its nonce
// (proof-gate.md §3.7). It implements verify.Provider.
//
// It speaks to the configured issuer and to the endpoints that the issuer's own metadata names, follows no
// redirect, and dials no private address that the source does not allow. go-oidc does the discovery and x/oauth2
// the exchange; everything about the token is checked by the gate itself, because go-oidc's verifier checks
// neither nonce, auth_time, acr nor azp, takes a list as aud, and never lets cached keys age. What never happens
// here: a decision about a change.
package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/dial"
)

const (
	perRequest = 5 * time.Second
	metaLife   = 10 * time.Minute // metadata is used as long as keys are
	retryAfter = 5 * time.Second  // a provider that failed is not asked again by everybody who waits
	maxBody    = verify.MaxKeySet
)

// Config is what the deploy file says about one provider.
type Config struct {
	Issuer   string // exact; https, or http on a loopback host that Allow contains
	Client   string // our client id there
	Redirect string // our callback: {public_url}/verify/callback
	// Key signs client assertions (private_key_jwt, preferred) and, where PAR is not offered, request objects:
	// P-256, ES256, its kid the RFC 7638 thumbprint. Without it Secret is sent as client_secret_basic.
	Key    *ecdsa.PrivateKey
	Secret string
	Strong []string       // acr values that are asked for when the tier needs A3
	Allow  []netip.Prefix // loopback or private prefixes that its names may resolve to
	TLS    *tls.Config    // nil = the system's roots
	Now    func() time.Time
	Rand   io.Reader
}

// Provider is one configured provider. It may be used by many goroutines.
type Provider struct {
	c      Config
	client *http.Client
	kid    string

	metaMu     sync.Mutex
	meta       metadata
	metaUntil  time.Time
	metaFailed time.Time

	keysMu     sync.Mutex
	keys       verify.KeyCache
	keysFailed time.Time
}

var _ verify.Provider = (*Provider)(nil)

// New checks the configuration; nothing is fetched before the first login.
func New(c Config) (*Provider, error) {
	if c.Key == nil && c.Secret == "" {
		return nil, errors.New("oidc: a client key or a client secret is needed")
	}
	return open(c)
}

// Pinned is a provider for who checks ID tokens and asks for none: it has no credentials and can only tell keys.
func Pinned(c Config) (*Provider, error) {
	c.Key, c.Secret, c.Redirect = nil, "", "none"
	return open(c)
}

// KeyOf gives the provider's key of a kid, under the rules of verify.KeyCache. Errors: idp.unavailable, or
// oidc.exchange for a kid that the provider does not have.
func (p *Provider) KeyOf(ctx context.Context, kid string) (verify.Key, error) {
	m, err := p.discover(ctx)
	if err != nil {
		return verify.Key{}, err
	}
	keys, err := p.keysFor(ctx, kid, m.jwks)
	if err != nil {
		return verify.Key{}, err
	}
	i := slices.IndexFunc(keys, func(k verify.Key) bool { return k.ID == kid })
	if i < 0 {
		return verify.Key{}, verify.Refuse(verify.OIDCExchange)
	}
	return keys[i], nil
}

// KeysNow gives the provider's key set, at most as old as verify.KeyCache allows. Errors: idp.unavailable.
func (p *Provider) KeysNow(ctx context.Context) (verify.KeySet, error) {
	if _, err := p.KeyOf(ctx, ""); verify.ReasonOf(err) == verify.IDPUnavailable {
		return nil, err
	}
	p.keysMu.Lock()
	defer p.keysMu.Unlock()
	if !p.c.Now().Before(p.keys.Until) {
		return nil, unavailable(errors.New("oidc: no key set"))
	}
	return p.keys.Set, nil
}

func open(c Config) (*Provider, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("oidc: the issuer must be an absolute https URL")
	}
	switch {
	case c.Client == "" || c.Redirect == "" || c.Now == nil || c.Rand == nil:
		return nil, errors.New("oidc: client, redirect, clock and randomness are needed")
	case c.Key != nil && c.Key.Curve != elliptic.P256():
		return nil, errors.New("oidc: the client key must be P-256")
	}
	p := &Provider{c: c}
	if c.Key != nil {
		jwk, err := verify.NewJWK(&c.Key.PublicKey)
		if err != nil {
			return nil, err
		}
		p.kid = jwk.Thumbprint()
	}
	p.client = dial.Client(dial.Options{Allow: c.Allow, Plain: u.Scheme == "http", TLS: c.TLS, Timeout: perRequest})
	p.client.Transport = bounded{p.client.Transport}
	return p, nil
}

// bounded cuts every answer at the size limit: go-oidc reads bodies without one.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper. A redirect is an answer like any other, and no 200.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{&atMost{r: res.Body, left: maxBody}, res.Body}
	return res, nil
}

// atMost fails instead of cutting: half a document must not be read as a whole one.
type atMost struct {
	r    io.Reader
	left int
}

func (a *atMost) Read(b []byte) (int, error) {
	n, err := a.r.Read(b)
	if a.left -= n; a.left < 0 {
		return 0, errors.New("oidc: the answer is too large")
	}
	return n, err
}

// get fetches one document.
func (p *Provider) get(ctx context.Context, from string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, nil, errors.New("oidc: not a URL")
	}
	req.Header.Set("Accept", "application/json")
	return p.do(req, http.StatusOK)
}

// do sends a request that must be answered with the status. Errors name the status or the cause, never the URL.
func (p *Provider) do(req *http.Request, want int) ([]byte, http.Header, error) {
	req.Header.Set("User-Agent", "Postern")
	res, err := p.client.Do(req)
	if err != nil {
		return nil, nil, errors.New("oidc: no answer: " + short(err))
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, err
	}
	if res.StatusCode != want {
		return nil, nil, fmt.Errorf("oidc: the provider answered %d", res.StatusCode)
	}
	return body, res.Header, nil
}

// short is the inner cause of a client error, without the URL.
func short(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}

func unavailable(err error) error { return verify.RefuseCause(verify.IDPUnavailable, err) }
