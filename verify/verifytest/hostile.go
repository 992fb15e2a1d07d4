package verifytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"github.com/postern-chat/postern/verify"
)

// Hostile is an OpenID provider on loopback that is correct until a test bends it. Whoever comes to its login page
// is Subject at once.
type Hostile struct {
	*httptest.Server
	Client, Secret string           // of client_secret_basic
	ClientKey      *ecdsa.PublicKey // of private_key_jwt; nil = the secret
	Key            *ecdsa.PrivateKey
	t              *testing.T

	mu     sync.Mutex
	bend   Bend
	calls  map[string]int // path → requests
	pushed map[string]url.Values
	codes  map[string]login
	forms  []url.Values // what was posted to PAR and token endpoint
}

// Bend is how a Hostile misbehaves. The zero value is a correct provider with PAR and iss.
type Bend struct {
	Now      func() time.Time // its clock; nil = the true one
	Subject  string           // "" = u-vic
	Session  time.Time        // not zero: it ignores prompt and max_age and answers from a session of then
	Metadata func(m map[string]any)
	Claims   func(c map[string]any)
	Header   func(h map[string]any)
	Sign     *ecdsa.PrivateKey // signs ID tokens instead of Key
	Answer   func(q url.Values)
	NoPKCE   bool                        // takes any verifier
	Serve    map[string]http.HandlerFunc // path → instead of what it would do
}

type login struct {
	params url.Values
	at     time.Time
}

// NewHostile starts a provider; it ends with the test.
func NewHostile(t *testing.T) *Hostile {
	t.Helper()
	h := &Hostile{
		Client: "postern", Secret: "a secret & some more", t: t,
		calls: map[string]int{}, pushed: map[string]url.Values{}, codes: map[string]login{},
	}
	var err error
	if h.Key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.Close)
	return h
}

// Bend changes how it behaves from now on.
func (h *Hostile) Bend(b Bend) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bend = b
}

// Calls is how often a path was asked for.
func (h *Hostile) Calls(path string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls[path]
}

// Forms are the bodies that came to PAR and token endpoint, in order.
func (h *Hostile) Forms() []url.Values {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.forms)
}

// Keys is its key set.
func (h *Hostile) Keys() verify.KeySet {
	return verify.KeySet{{ID: "hostile", Alg: "ES256", Public: &h.Key.PublicKey}}
}

func (h *Hostile) serve(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[r.URL.Path]++
	if f := h.bend.Serve[r.URL.Path]; f != nil {
		f(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		h.metadata(w)
	case "/jwks":
		h.jwks(w)
	case "/par":
		h.par(w, r)
	case "/authorize":
		h.authorize(w, r)
	case "/token":
		h.token(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (h *Hostile) metadata(w http.ResponseWriter) {
	m := map[string]any{
		"issuer": h.URL, "authorization_endpoint": h.URL + "/authorize", "token_endpoint": h.URL + "/token", "jwks_uri": h.URL + "/jwks",
		"pushed_authorization_request_endpoint": h.URL + "/par", "authorization_response_iss_parameter_supported": true,
		"code_challenge_methods_supported": []string{"S256"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		"request_parameter_supported": true, "request_object_signing_alg_values_supported": []string{"ES256"},
	}
	if h.bend.Metadata != nil {
		h.bend.Metadata(m)
	}
	h.json(w, http.StatusOK, m)
}

func (h *Hostile) jwks(w http.ResponseWriter) {
	b, err := h.Keys().Publish()
	if err != nil {
		h.t.Error(err)
	}
	_, _ = w.Write(b)
}

func (h *Hostile) json(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (h *Hostile) no(w http.ResponseWriter, code string) {
	h.json(w, http.StatusBadRequest, map[string]string{"error": code})
}

func (h *Hostile) now() time.Time {
	if h.bend.Now != nil {
		return h.bend.Now()
	}
	return time.Now()
}

// client checks who asks: an assertion that is for us and fresh, or the secret, form-encoded.
func (h *Hostile) client(r *http.Request) bool {
	if h.ClientKey == nil {
		id, secret, ok := r.BasicAuth()
		return ok && id == url.QueryEscape(h.Client) && secret == url.QueryEscape(h.Secret) && !r.Form.Has("client_secret")
	}
	_, err := jwt.Parse(r.Form.Get("client_assertion"), func(*jwt.Token) (any, error) { return h.ClientKey, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(h.URL), jwt.WithIssuer(h.Client), jwt.WithSubject(h.Client),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(h.now))
	return err == nil && r.Form.Get("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
}

func (h *Hostile) par(w http.ResponseWriter, r *http.Request) {
	h.forms = append(h.forms, r.PostForm)
	if !h.client(r) {
		h.no(w, "invalid_client")
		return
	}
	uri := "urn:ietf:params:oauth:request_uri:" + rand.Text()
	h.pushed[uri] = r.PostForm
	h.json(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": 60})
}

// request finds the parameters: pushed, in a signed object, or plain.
func (h *Hostile) request(r *http.Request) (url.Values, bool) {
	if uri := r.Form.Get("request_uri"); uri != "" {
		q, ok := h.pushed[uri]
		delete(h.pushed, uri)
		return q, ok
	}
	text := r.Form.Get("request")
	if text == "" {
		return r.Form, true
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return h.ClientKey, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(h.URL), jwt.WithIssuer(h.Client), jwt.WithTimeFunc(h.now))
	q := url.Values{}
	for k, v := range claims {
		if s, ok := v.(string); ok {
			q.Set(k, s)
		}
	}
	return q, err == nil
}

func (h *Hostile) authorize(w http.ResponseWriter, r *http.Request) {
	q, ok := h.request(r)
	back, err := url.Parse(q.Get("redirect_uri"))
	if !ok || err != nil || r.Form.Get("client_id") != h.Client || q.Get("response_type") != "code" {
		h.no(w, "invalid_request")
		return
	}
	at := h.now()
	if !h.bend.Session.IsZero() {
		at = h.bend.Session
	}
	code := rand.Text()
	h.codes[code] = login{q, at}
	a := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {h.URL}}
	if h.bend.Answer != nil {
		h.bend.Answer(a)
	}
	back.RawQuery = a.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

func (h *Hostile) token(w http.ResponseWriter, r *http.Request) {
	h.forms = append(h.forms, r.PostForm)
	l, ok := h.codes[r.Form.Get("code")]
	delete(h.codes, r.Form.Get("code"))
	pkce := oauth2.S256ChallengeFromVerifier(r.Form.Get("code_verifier")) == l.params.Get("code_challenge")
	switch {
	case !h.client(r):
		h.no(w, "invalid_client")
	case !ok || !pkce && !h.bend.NoPKCE || r.Form.Get("redirect_uri") != l.params.Get("redirect_uri"):
		h.no(w, "invalid_grant")
	default:
		h.json(w, http.StatusOK, map[string]any{
			"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": h.idToken(l.params.Get("nonce"), l.at),
		})
	}
}

func (h *Hostile) idToken(nonce string, at time.Time) string {
	now, sub := h.now().Unix(), h.bend.Subject
	if sub == "" {
		sub = "u-vic"
	}
	claims := map[string]any{
		"iss": h.URL, "aud": h.Client, "sub": sub, "nonce": nonce, "iat": now, "exp": now + 300, "auth_time": at.Unix(),
		"email": sub + "@site.test",
	}
	if h.bend.Claims != nil {
		h.bend.Claims(claims)
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims(claims))
	t.Header["kid"] = "hostile"
	if h.bend.Header != nil {
		more := map[string]any{}
		h.bend.Header(more)
		maps.Copy(t.Header, more)
	}
	key := h.Key
	if h.bend.Sign != nil {
		key = h.bend.Sign
	}
	s, err := t.SignedString(key)
	if err != nil {
		h.t.Error(err)
	}
	return s
}
