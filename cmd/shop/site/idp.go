package site

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// Provider makes the shop an OpenID provider for one client, the gateway: logins for a change are then made here,
// and what the change is stands on the gateway's page. It knows what the gate needs and nothing else: pushed
// requests (RFC 9126), code with PKCE, and a password asked for each time.
type Provider struct {
	Key            *ecdsa.PrivateKey // signs ID tokens (ES256)
	Client, Secret string            // client_secret_basic
	Redirect       string            // the gateway's callback
}

// Times of the provider.
const (
	pushedLife = time.Minute     // request_uri, until the browser comes with it
	asksLife   = 5 * time.Minute // the login form
	codeLife   = time.Minute
	idTokenFor = 5 * time.Minute
	maxGrants  = 1000 // of each sort: the oldest may be pushed out by a flood of the one client, by nobody else
)

// grant is a request on its way: pushed, then asked of one browser, then a code.
type grant struct {
	params   url.Values
	browser  string
	customer Customer
	authTime time.Time
	until    time.Time
}

// grants are kept in memory: a restart asks for the login again.
type grants struct {
	mu  sync.Mutex
	all map[string]grant
}

func (g *grants) put(key string, x grant, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for k, old := range g.all {
		if now.After(old.until) {
			delete(g.all, k)
		}
	}
	if g.all == nil {
		g.all = map[string]grant{}
	}
	if len(g.all) >= maxGrants {
		return false
	}
	g.all[key] = x
	return true
}

// take gives what is kept under a key, once.
func (g *grants) take(key string, now time.Time) (grant, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	x, ok := g.all[key]
	delete(g.all, key)
	return x, ok && !now.After(x.until)
}

// pin is what the shop's backend knows about its own provider: its issuer, the client, and no login that would
// count as phishing-resistant, for a password never is.
func (p *Provider) pin(issuer string) receipt.IDP {
	return receipt.IDP{
		Relying: verify.Relying{Issuer: issuer, Client: p.Client},
		Keys:    verify.KeySet{{ID: p.keyID(), Alg: "ES256", Public: &p.Key.PublicKey}},
	}
}

func (p *Provider) keyID() string {
	jwk, err := verify.NewJWK(&p.Key.PublicKey)
	if err != nil {
		return ""
	}
	return jwk.Thumbprint()
}

func (p *Provider) check() error {
	if p == nil {
		return nil
	}
	if p.Key == nil || p.Key.Curve != elliptic.P256() || p.Client == "" || len(p.Secret) < 16 || p.Redirect == "" {
		return errors.New("shop: a provider needs a P-256 key, a client with a secret of 16 characters, and its redirect")
	}
	return nil
}

// providerBackRoutes are what the gateway's server speaks to; no cookie is looked at.
func (s *Site) providerBackRoutes(m *http.ServeMux) {
	if s.Provider == nil {
		return
	}
	m.HandleFunc("GET /.well-known/openid-configuration", s.idpMetadata)
	m.HandleFunc("GET /idp/keys", s.idpKeys)
	m.HandleFunc("POST /idp/par", s.idpPush)
	m.HandleFunc("POST /idp/token", s.idpToken)
}

// providerRoutes are the login that a browser is sent to.
func (s *Site) providerRoutes(m *http.ServeMux) {
	if s.Provider == nil {
		return
	}
	m.HandleFunc("GET /idp/login", s.idpAsk)
	m.HandleFunc("POST /idp/login", s.posting(s.idpLogin))
}

func (s *Site) idpMetadata(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": s.URL, "authorization_endpoint": s.URL + "/idp/login", "token_endpoint": s.URL + "/idp/token", "jwks_uri": s.URL + "/idp/keys",
		"pushed_authorization_request_endpoint": s.URL + "/idp/par", "require_pushed_authorization_requests": true,
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "scopes_supported": []string{"openid"},
		"id_token_signing_alg_values_supported": []string{"ES256"}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic"},
		"authorization_response_iss_parameter_supported": true, "prompt_values_supported": []string{"login"},
	})
}

func (s *Site) idpKeys(w http.ResponseWriter, _ *http.Request) {
	text, err := verify.KeySet{{ID: s.Provider.keyID(), Alg: "ES256", Public: &s.Provider.Key.PublicKey}}.Publish()
	if err != nil {
		idpNo(w, http.StatusInternalServerError, "server_error")
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(text)
}

func idpNo(w http.ResponseWriter, status int, code string) {
	answer(w, status, map[string]string{"error": code})
}

// idpClient lets the one client in. Name and secret come form-encoded (RFC 6749 §2.3.1).
func (s *Site) idpClient(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	id, secret, ok := r.BasicAuth()
	id, err := url.QueryUnescape(id)
	secret, err2 := url.QueryUnescape(secret)
	if !ok || err != nil || err2 != nil || !verify.Equal(id, s.Provider.Client) || !verify.Equal(secret, s.Provider.Secret) {
		idpNo(w, http.StatusUnauthorized, "invalid_client")
		return false
	}
	if err := r.ParseForm(); err != nil {
		idpNo(w, http.StatusBadRequest, "invalid_request")
		return false
	}
	return true
}

// idpPush takes a request from the client itself. It must ask for a fresh login: there is no other here.
func (s *Site) idpPush(w http.ResponseWriter, r *http.Request) {
	if !s.idpClient(w, r) {
		return
	}
	f := r.PostForm
	for key, want := range map[string]string{
		"client_id": s.Provider.Client, "response_type": "code", "redirect_uri": s.Provider.Redirect, "scope": "openid", "prompt": "login", "code_challenge_method": "S256",
	} {
		if f.Get(key) != want {
			idpNo(w, http.StatusBadRequest, "invalid_request")
			return
		}
	}
	id, err := s.token("urn:ietf:params:oauth:request_uri:", 24)
	if err != nil || len(f.Get("code_challenge")) != 43 || f.Get("nonce") == "" || f.Get("state") == "" {
		idpNo(w, http.StatusBadRequest, "invalid_request")
		return
	}
	if now := s.Now(); !s.grants.put(id, grant{params: f, until: now.Add(pushedLife)}, now) {
		idpNo(w, http.StatusTooManyRequests, "temporarily_unavailable")
		return
	}
	answer(w, http.StatusCreated, map[string]any{"request_uri": id, "expires_in": int(pushedLife / time.Second)})
}

// idpForm is the login page of a request.
type idpForm struct{ Request, Email string }

// idpAsk shows the login, to whoever is signed in already too.
func (s *Site) idpAsk(w http.ResponseWriter, r *http.Request) {
	now := s.Now()
	g, ok := s.grants.take(r.URL.Query().Get("request_uri"), now)
	id, err := s.token("", 24)
	if !ok || err != nil || g.browser != "" || g.customer.ID != "" || r.URL.Query().Get("client_id") != s.Provider.Client {
		s.confirmEnded(w, r, errGone)
		return
	}
	g.browser, g.until = visitOf(r).browser, now.Add(asksLife)
	if !s.grants.put(id, g, now) {
		s.confirmEnded(w, r, errUnreachable)
		return
	}
	s.idpPage(w, r, http.StatusOK, id, visitOf(r).customer.Email, "")
}

func (s *Site) idpPage(w http.ResponseWriter, r *http.Request, status int, id, email, problem string) {
	s.show(w, r, status, "idp-login", page{Title: "Log in to confirm", Error: problem, Data: idpForm{id, email}})
}

// idpLogin checks the password and sends the browser back with a code, or with the customer's no.
func (s *Site) idpLogin(w http.ResponseWriter, r *http.Request) {
	now, id := s.Now(), r.PostForm.Get("request")
	g, ok := s.grants.take(id, now)
	if !ok || g.browser == "" || !verify.Equal(g.browser, visitOf(r).browser) {
		s.confirmEnded(w, r, errGone)
		return
	}
	back := url.Values{"state": {g.params.Get("state")}, "iss": {s.URL}}
	if r.PostForm.Get("choice") == "cancel" {
		back.Set("error", "access_denied")
		http.Redirect(w, r, s.Provider.Redirect+"?"+back.Encode(), http.StatusSeeOther)
		return
	}
	c, problem := s.checkPassword(r, r.PostForm.Get("email"), r.PostForm.Get("password"))
	if problem != "" {
		s.grants.put(id, g, now) // it lives no longer for that
		s.idpPage(w, r, http.StatusUnprocessableEntity, id, r.PostForm.Get("email"), problem)
		return
	}
	visit, err := s.signIn(w, r, c)
	if err == nil {
		err = note(r.Context(), s.db, c.ID, now, "You logged in to confirm something at support", "")
	}
	code, err2 := s.token("", 32)
	if err := errors.Join(err, err2); err != nil {
		s.fail(w, r, err)
		return
	}
	if !s.grants.put(code, grant{params: g.params, customer: c, authTime: visit.loginAt, until: now.Add(codeLife)}, now) {
		s.confirmEnded(w, r, errUnreachable)
		return
	}
	back.Set("code", code)
	http.Redirect(w, r, s.Provider.Redirect+"?"+back.Encode(), http.StatusSeeOther)
}

// idpToken trades a code, once, for the ID token. There is no access token to anything.
func (s *Site) idpToken(w http.ResponseWriter, r *http.Request) {
	if !s.idpClient(w, r) {
		return
	}
	f, now := r.PostForm, s.Now()
	g, ok := s.grants.take(f.Get("code"), now)
	sum := sha256.Sum256([]byte(f.Get("code_verifier")))
	if !ok || g.customer.ID == "" || f.Get("grant_type") != "authorization_code" || f.Get("redirect_uri") != s.Provider.Redirect ||
		!verify.Equal(base64.RawURLEncoding.EncodeToString(sum[:]), g.params.Get("code_challenge")) {
		idpNo(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": s.URL, "aud": s.Provider.Client, "sub": g.customer.ID, "nonce": g.params.Get("nonce"), "iat": now.Unix(),
		"exp": now.Add(idTokenFor).Unix(), "auth_time": g.authTime.Unix(), "amr": []string{"pwd"}, "email": g.customer.Email,
	})
	t.Header["kid"] = s.Provider.keyID()
	text, err := t.SignedString(s.Provider.Key)
	access, err2 := s.token("", 16)
	if err := errors.Join(err, err2); err != nil {
		s.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 1, "id_token": text})
}
