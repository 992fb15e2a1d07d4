package conformance

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"sync"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Client is the gateway's client id at the tool's provider, and Strong the acr that the provider says of a login
// that withstands phishing.
const (
	Client = "postern-conformance"
	Strong = "phr"
)

// Tool is the rogue gateway: its keys, its OpenID provider, and what it serves to the host under test.
type Tool struct {
	url     string
	rnd     io.Reader
	now     func() time.Time
	key     *ecdsa.PrivateKey // signs receipts
	retired *ecdsa.PrivateKey // is in no key set any more
	widget  *ecdsa.PrivateKey
	idpEC   *ecdsa.PrivateKey
	idpRSA  *rsa.PrivateKey

	mu     sync.Mutex
	secret verify.Secret
	back   string
	number int64                 // the last one that fresh gave
	first  int64                 // and where it began
	open   map[string]*challenge // by handle
}

// challenge is one that the host's page may look up.
type challenge struct {
	view   verify.View
	events chan loginEvent
}

// NewTool makes the keys. url is what the host under test has as the gateway's URL for the run: iss of receipts,
// without a final slash.
func NewTool(url string, rnd io.Reader, now func() time.Time) (*Tool, error) {
	t := &Tool{url: url, rnd: rnd, now: now, open: map[string]*challenge{}, number: now().UnixMilli(), first: now().UnixMilli()}
	for _, to := range []**ecdsa.PrivateKey{&t.key, &t.retired, &t.widget, &t.idpEC} {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rnd)
		if err != nil {
			return nil, err
		}
		*to = k
	}
	var err error
	t.idpRSA, err = rsa.GenerateKey(rnd, 2048)
	return t, err
}

// Keys are the keys of the gateway that the host pins for the run.
func (t *Tool) Keys() verify.KeySet {
	return verify.KeySet{{ID: kid(&t.key.PublicKey), Alg: "ES256", Public: &t.key.PublicKey}}
}

// Provider is what the host pins of the tool's OpenID provider, with its keys.
func (t *Tool) Provider() (verify.Relying, verify.KeySet) {
	return verify.Relying{Issuer: t.issuer(), Client: Client, Strong: []string{Strong}}, verify.KeySet{
		{ID: kidEC, Alg: "ES256", Public: &t.idpEC.PublicKey}, {ID: kidRSA, Alg: "RS256", Public: &t.idpRSA.PublicKey},
	}
}

const (
	kidEC  = "provider-es256"
	kidRSA = "provider-rs256"
)

func (t *Tool) issuer() string { return t.url + "/idp" }

func kid(k *ecdsa.PublicKey) string {
	jwk, err := verify.NewJWK(k)
	if err != nil {
		return ""
	}
	return jwk.Thumbprint()
}

// expect keeps what login events are checked with and answered.
func (t *Tool) expect(o Options) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.secret, t.back = o.Secret, cmp.Or(o.Return, t.url+"/")
}

// Handler serves what a gateway and a provider serve to a host: key sets, the provider's metadata, the challenge of
// a handle, and login events in.
func (t *Tool) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /.well-known/postern.json", func(w http.ResponseWriter, _ *http.Request) {
		text, err := t.Keys().Publish()
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text) // who has gone away asks again
	})
	m.HandleFunc("GET /idp/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{
			"issuer": t.issuer(), "jwks_uri": t.issuer() + "/keys", "authorization_endpoint": t.issuer() + "/authorize",
			"token_endpoint": t.issuer() + "/token", "response_types_supported": []string{"code"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256", "RS256"},
		})
	})
	m.HandleFunc("GET /idp/keys", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, t.providerKeys()) })
	m.HandleFunc("GET /v1/challenge/{handle}", t.look)
	m.HandleFunc("POST /v1/events/{source}", t.event)
	return m
}

func (t *Tool) providerKeys() map[string]any {
	jwk, err := verify.NewJWK(&t.idpEC.PublicKey)
	if err != nil {
		return map[string]any{"keys": []any{}}
	}
	return map[string]any{"keys": []any{
		map[string]string{"kty": jwk.Kty, "crv": jwk.Crv, "x": jwk.X, "y": jwk.Y, "kid": kidEC, "alg": "ES256", "use": "sig"},
		map[string]string{
			"kty": "RSA", "n": b64(t.idpRSA.N.Bytes()), "e": b64(big.NewInt(int64(t.idpRSA.E)).Bytes()), "kid": kidRSA, "alg": "RS256", "use": "sig",
		},
	}}
}

func (t *Tool) look(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	c := t.open[r.PathValue("handle")]
	t.mu.Unlock()
	if c == nil {
		answer(w, http.StatusGone, map[string]string{"code": "proof_expired", "reason": "handle.expired"})
		return
	}
	answer(w, http.StatusOK, c.view)
}

// loginEvent is what the host's page posts.
type loginEvent struct {
	Type     string `json:"type"`
	Handle   string `json:"handle"`
	Chg      string `json:"chg"`
	Sub      string `json:"sub"`
	AuthTime int64  `json:"auth_time"`
	Witness  string `json:"witness"`
}

func (t *Tool) event(w http.ResponseWriter, r *http.Request) {
	e, err := t.readEvent(r)
	if err != nil {
		answer(w, http.StatusUnauthorized, map[string]string{"code": "event_rejected", "reason": string(verify.ReasonOf(err))})
		return
	}
	t.mu.Lock()
	c, back := t.open[e.Handle], t.back
	t.mu.Unlock()
	if c == nil {
		answer(w, http.StatusGone, map[string]string{"code": "proof_expired", "reason": "handle.expired"})
		return
	}
	select {
	case c.events <- e:
	default: // a page that presses twice
	}
	answer(w, http.StatusOK, map[string]string{"return": back + "#postern=conformance"})
}

func (t *Tool) readEvent(r *http.Request) (e loginEvent, err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return e, err
	}
	t.mu.Lock()
	secret := t.secret
	t.mu.Unlock()
	if secret != nil {
		if _, err := verify.CheckHook(r.Header, []verify.Secret{secret}, t.now(), body); err != nil {
			return e, err
		}
	}
	if _, err := verify.ReadObject(body, 64<<10); err != nil {
		return e, err
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, errors.Join(verify.Refuse(verify.JSONInvalid), err)
	}
	return e, nil
}

func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // who has gone away asks again
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// fresh is a number that no run has used before.
func (t *Tool) fresh() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.number++
	return t.number
}
