package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/ssf"
)

const (
	setIssuer = "https://idp.site.test"
	caepEvent = "https://schemas.openid.net/secevent/caep/event-type/"
	setUs     = "https://chat.site.test"
)

// transmitter is a login provider that reports security events, and where its keys are read.
type transmitter struct {
	*httptest.Server
	fetches atomic.Int32
	ec      *ecdsa.PrivateKey // kid ec
	rsa     *rsa.PrivateKey   // kid rsa
}

func newTransmitter(t *testing.T) *transmitter {
	t.Helper()
	x := &transmitter{}
	var err error
	if x.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if x.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	ec, err := verify.NewJWK(&x.ec.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	jwks, err := json.Marshal(map[string]any{"keys": []any{
		map[string]string{"kty": ec.Kty, "crv": ec.Crv, "x": ec.X, "y": ec.Y, "kid": "ec", "alg": "ES256", "use": "sig"},
		map[string]string{"kty": "RSA", "n": b64(x.rsa.N.Bytes()), "e": "AQAB", "kid": "rsa", "alg": "RS256", "use": "sig"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		x.fetches.Add(1)
		_, _ = w.Write(jwks)
	}))
	t.Cleanup(x.Close)
	return x
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

const (
	auth0Token = "Bearer auth0 shows this value" // of the fixture only
	oktaToken  = "Bearer okta shows this one here"
)

// sources adds a source of each further form to the deploy file.
func (x *transmitter) sources(t *testing.T, c *Config, hook verify.Secret) {
	t.Helper()
	dir := t.TempDir()
	file := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	secret := func(name string) string {
		return file(name, "whsec_"+base64.StdEncoding.EncodeToString(hookOf(hook, name)))
	}
	set := SourceConfig{Name: "events", Adapter: "ssf", Host: "shop", Issuer: setIssuer, Audience: setUs, JWKSURL: x.URL + "/jwks", Allow: []string{"127.0.0.1/32"}}
	other := set
	other.Name, other.Issuer = "events-b", setIssuer+"/b"
	c.Sources = append(
		c.Sources, set, other,
		SourceConfig{Name: "keycloak", Adapter: "keycloak", Host: "shop", SecretsFile: secret("keycloak"), ClientID: "shop"},
		SourceConfig{Name: "supabase", Adapter: "supabase", Host: "shop", SecretsFile: secret("supabase")},
		SourceConfig{Name: "auth0", Adapter: "auth0", Host: "shop", TokenFile: file("auth0", auth0Token)},
		SourceConfig{Name: "okta", Adapter: "okta", Host: "shop", TokenFile: file("okta", oktaToken)},
	)
}

// hookOf is the secret of one source: none is shared.
func hookOf(hook verify.Secret, source string) verify.Secret {
	sum := sha256.Sum256(append([]byte(source), hook...))
	return sum[:]
}

type claims = map[string]any

// ecHeader is the header of an honest SET.
func ecHeader() claims { return claims{"alg": "ES256", "typ": "secevent+jwt", "kid": "ec"} }

// event is the body of an honest SET about u-vic.
func (r *row) event(event string, bend claims) claims {
	iss := setIssuer
	if other, ok := bend["iss"].(string); ok {
		iss = other
	}
	c := claims{
		"iss": iss, "aud": setUs, "jti": "set_" + rand.Text(), "iat": r.clock.now().Unix(), "events": claims{caepEvent + event: claims{}},
		"sub_id": claims{"format": "iss_sub", "iss": iss, "sub": "u-vic"},
	}
	maps.Copy(c, bend)
	return c
}

// set makes a token, also such as no library would make. sign gets what is signed.
func (r *row) set(header, body claims, sign func(text string) []byte) string {
	r.Helper()
	var parts []string
	for _, v := range []claims{header, body} {
		b, err := json.Marshal(v)
		if err != nil {
			r.Fatal(err)
		}
		parts = append(parts, b64(b))
	}
	text := strings.Join(parts, ".")
	return text + "." + b64(sign(text))
}

// by signs with a P-256 key.
func (r *row) es(key *ecdsa.PrivateKey) func(string) []byte {
	return func(text string) []byte {
		sig, err := jwt.SigningMethodES256.Sign(text, key)
		if err != nil {
			r.Fatal(err)
		}
		return sig
	}
}

// push posts a token to a source; it gives status and error code.
func (r *row) push(source, raw string) (int, string) {
	r.Helper()
	status, body := r.site.hook(r.T, source, []byte(raw), func(req *http.Request) { req.Header.Set("Content-Type", ssf.MediaType) })
	var answer struct{ Err, Description string }
	if len(body) > 0 && (json.Unmarshal(body, &answer) != nil || answer.Err == "" || answer.Description == "") {
		r.Errorf("answer %d %s is not in the form of RFC 8935", status, body)
	}
	return status, answer.Err
}
