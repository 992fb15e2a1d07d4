package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"github.com/postern-chat/postern/verify"
)

// requestLife is how long an assertion or a request object can be used.
const requestLife = time.Minute

// Begin implements verify.Provider: by PAR if the provider offers it, else by a signed request object if it takes
// one and we have a key, else plain. Whoever offers PAR and fails is unavailable: nothing falls back, or the
// browser could choose the weaker way.
func (p *Provider) Begin(ctx context.Context, r verify.LoginRequest) (string, error) {
	m, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	full, err := url.Parse(p.oauth(m).AuthCodeURL(r.State, p.asks(r)...))
	if err != nil {
		return "", unavailable(errors.New("oidc: no proper authorization endpoint"))
	}
	short := url.Values{"client_id": {p.c.Client}}
	switch {
	case m.par != "":
		uri, err := p.push(ctx, m, full.Query())
		if err != nil {
			return "", unavailable(err)
		}
		short.Set("request_uri", uri)
	case m.request && p.c.Key != nil:
		text, err := p.requestObject(full.Query())
		if err != nil {
			return "", unavailable(err)
		}
		// OpenID Connect Core §6.1: these two are needed outside as well.
		short.Set("response_type", "code")
		short.Set("scope", "openid")
		short.Set("request", text)
	default:
		return full.String(), nil
	}
	to, err := url.Parse(m.auth)
	if err != nil {
		return "", unavailable(err)
	}
	q := to.Query()
	for k, v := range short {
		q[k] = v
	}
	to.RawQuery = q.Encode()
	return to.String(), nil
}

func (p *Provider) oauth(m metadata) *oauth2.Config {
	c := &oauth2.Config{
		ClientID: p.c.Client, RedirectURL: p.c.Redirect, Scopes: []string{"openid"},
		Endpoint: oauth2.Endpoint{AuthURL: m.auth, TokenURL: m.token, AuthStyle: oauth2.AuthStyleInParams},
	}
	if p.c.Key == nil { // pinned: left to itself the library tries both ways and sends the secret twice
		c.ClientSecret, c.Endpoint.AuthStyle = p.c.Secret, oauth2.AuthStyleInHeader
	}
	return c
}

// asks are the parameters that make a login fresh and ours. There is no login_hint: the account comes out of the
// login.
func (p *Provider) asks(r verify.LoginRequest) []oauth2.AuthCodeOption {
	set := oauth2.SetAuthURLParam
	out := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(r.Verifier), set("nonce", r.Nonce), set("prompt", "login"), set("max_age", "0"), set("response_mode", "query"),
	}
	if !r.Strong || len(p.c.Strong) == 0 {
		return out
	}
	claims, err := json.Marshal(map[string]any{"id_token": map[string]any{
		"acr": map[string]any{"essential": true, "values": p.c.Strong}, "auth_time": map[string]any{"essential": true},
	}})
	if err != nil {
		return out // without it the level is still computed from what comes back
	}
	return append(out, set("claims", string(claims)), set("acr_values", strings.Join(p.c.Strong, " ")))
}

// push is RFC 9126 §2: the parameters go from server to server, so the browser cannot strip one.
func (p *Provider) push(ctx context.Context, m metadata, params url.Values) (string, error) {
	if err := p.authenticate(params); err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.par, strings.NewReader(params.Encode()))
	if err != nil {
		return "", errors.New("oidc: not a URL")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p.c.Key == nil { // RFC 6749 §2.3.1: both are form-encoded first
		req.SetBasicAuth(url.QueryEscape(p.c.Client), url.QueryEscape(p.c.Secret))
	}
	body, _, err := p.do(req, http.StatusCreated)
	if err != nil {
		return "", err
	}
	o, err := verify.ReadObject(body, maxBody)
	if err != nil {
		return "", err
	}
	uri, err := o.String("request_uri")
	if err != nil || uri == "" || len(uri) > 512 {
		return "", errors.New("oidc: the provider gave no request_uri")
	}
	return uri, nil
}

// authenticate adds a client assertion (RFC 7523 §2.2) if there is a key.
func (p *Provider) authenticate(params url.Values) error {
	if p.c.Key == nil {
		return nil
	}
	text, err := p.sign(nil)
	params.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	params.Set("client_assertion", text)
	return err
}

// requestObject is RFC 9101: what the browser carries is signed, so it cannot strip a parameter.
func (p *Provider) requestObject(params url.Values) (string, error) {
	claims := map[string]any{}
	for k := range params {
		claims[k] = params.Get(k)
	}
	if raw, ok := claims["claims"].(string); ok {
		claims["claims"] = json.RawMessage(raw)
	}
	claims["max_age"] = 0
	return p.sign(claims)
}

// sign makes a JWT of ours for this provider: it names us, is for its issuer only, and lives for a minute.
func (p *Provider) sign(more map[string]any) (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(p.c.Rand, id[:]); err != nil {
		return "", err
	}
	now := p.c.Now()
	claims := jwt.MapClaims{
		"iss": p.c.Client, "sub": p.c.Client, "aud": p.c.Issuer, "jti": base64.RawURLEncoding.EncodeToString(id[:]),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(requestLife).Unix(),
	}
	if more != nil { // a request object that could be used as an assertion would be one (RFC 9101 §10.8)
		delete(claims, "sub")
	}
	for k, v := range more {
		claims[k] = v
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	t.Header["kid"] = p.kid
	if more != nil {
		t.Header["typ"] = "oauth-authz-req+jwt"
	}
	return t.SignedString(p.c.Key)
}
