package ssf_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/ssf"
	"github.com/postern-chat/postern/verify/verifytest"
)

const (
	issuer = "https://idp.site.test"
	us     = "https://chat.site.test"
	caep   = "https://schemas.openid.net/secevent/caep/event-type/"
)

// keyOf makes a P-256 key that is the same in each run.
func keyOf(t *testing.T, n byte) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), append(make([]byte, 31), n))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t *testing.T, key *ecdsa.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	var parts []string
	for _, v := range []map[string]any{header, claims} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(b))
	}
	text := strings.Join(parts, ".")
	sig, err := jwt.SigningMethodES256.Sign(text, key)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func head() map[string]any {
	return map[string]any{"alg": "ES256", "typ": "secevent+jwt", "kid": "k"}
}

func claims(event, sub, id string, at time.Time) map[string]any {
	return map[string]any{
		"iss": issuer, "aud": us, "jti": id, "iat": at.Unix(), "events": map[string]any{caep + event: map[string]any{}},
		"sub_id": map[string]any{"format": "iss_sub", "iss": issuer, "sub": sub},
	}
}

func push(raw string, at time.Time) verify.Delivery {
	return verify.Delivery{Method: "POST", Header: http.Header{"Content-Type": {ssf.MediaType}}, Body: []byte(raw), At: at}
}

// pinned are keys that need no fetch.
type pinned verify.KeySet

func (p pinned) Find(context.Context, string, time.Time) (verify.KeySet, error) {
	return verify.KeySet(p), nil
}

func source(t *testing.T) *ssf.Source {
	return &ssf.Source{
		Name: "idp", Host: "shop", Issuer: issuer, Audience: us,
		Keys: pinned{{ID: "k", Alg: "ES256", Public: &keyOf(t, 1).PublicKey}},
	}
}

func TestHints(t *testing.T) {
	made := func(event, sub, id string, at time.Time, more ...map[string]any) verify.Delivery {
		c := claims(event, sub, id, at)
		for _, m := range more {
			maps.Copy(c, m)
		}
		return push(sign(t, keyOf(t, 1), head(), c), at)
	}
	verifytest.Hints(t, verifytest.HintsCase{
		Source: source(t), Signed: true, Age: verify.EventAge, Ahead: verify.EventAhead,
		Login: func(sub, id string, at time.Time) verify.Delivery { return made("session-established", sub, id, at) },
		Forge: func(sub, id string, at time.Time) verify.Delivery {
			return push(sign(t, keyOf(t, 2), head(), claims("session-established", sub, id, at)), at)
		},
		Others: map[string]func(at time.Time) verify.Delivery{
			"session-presented": func(at time.Time) verify.Delivery { return made("session-presented", "u-vic", "o1", at) },
			"assurance change":  func(at time.Time) verify.Delivery { return made("assurance-level-change", "u-vic", "o2", at) },
		},
		Dressed: func(sub, handle string, at time.Time) verify.Delivery {
			return made("session-established", sub, "d1", at, map[string]any{"type": verify.LoginConfirmed, "handle": handle, "chg": "c", "witness": "w", "auth_time": at.Unix()})
		},
	})
}

// Each wrong delivery, the code that its sender reads (RFC 8935 §2.4), and the reason in the log.
func TestAbusePushes(t *testing.T) {
	at := verifytest.Noon()
	key := keyOf(t, 1)
	for _, c := range []struct {
		name   string
		bend   func(d *verify.Delivery, header, claims map[string]any)
		status int
		err    string
		reason verify.Reason
	}{
		{"honest", nil, 202, "", ""},
		{"a list of audiences with us", func(_ *verify.Delivery, _, c map[string]any) { c["aud"] = []string{"https://x.test", us} }, 202, "", ""},
		{"a parameter of the media type", func(d *verify.Delivery, _, _ map[string]any) {
			d.Header.Set("Content-Type", ssf.MediaType+"; charset=us-ascii")
		}, 202, "", ""},
		{"B01 an unknown key", func(_ *verify.Delivery, h, _ map[string]any) { h["kid"] = "other" }, 400, "invalid_key", verify.EventSignature},
		{"B02 another tenant", func(_ *verify.Delivery, _, c map[string]any) { c["iss"] = issuer + "/other" }, 400, "invalid_issuer", verify.OIDCIss},
		{"B02 a slash at the end", func(_ *verify.Delivery, _, c map[string]any) { c["iss"] = issuer + "/" }, 400, "invalid_issuer", verify.OIDCIss},
		{"B03 another receiver", func(_ *verify.Delivery, _, c map[string]any) { c["aud"] = "https://x.test" }, 400, "invalid_audience", verify.OIDCAud},
		{"B03 no audience", func(_ *verify.Delivery, _, c map[string]any) { c["aud"] = []string{} }, 400, "invalid_audience", verify.OIDCAud},
		{"B04 typ JWT", func(_ *verify.Delivery, h, _ map[string]any) { h["typ"] = "JWT" }, 400, "invalid_request", verify.JSONInvalid},
		{"B04 no typ", func(_ *verify.Delivery, h, _ map[string]any) { delete(h, "typ") }, 400, "invalid_request", verify.JSONInvalid},
		{"B05 exp", func(_ *verify.Delivery, _, c map[string]any) { c["exp"] = at.Unix() + 60 }, 400, "invalid_request", verify.JSONInvalid},
		{"B06 called none", func(_ *verify.Delivery, h, _ map[string]any) { h["alg"] = "none" }, 400, "invalid_key", verify.EventSignature},
		{"B07 jku", func(_ *verify.Delivery, h, _ map[string]any) { h["jku"] = "https://x.test/" }, 400, "invalid_request", verify.JSONInvalid},
		{"B10 10 min and a second old", func(_ *verify.Delivery, _, c map[string]any) { c["iat"] = at.Unix() - 601 }, 202, "", verify.EventLate},
		{"B10 10 min old counts", func(_ *verify.Delivery, _, c map[string]any) { c["iat"] = at.Unix() - 600 }, 202, "", ""},
		{"B11 5 min and a second ahead", func(_ *verify.Delivery, _, c map[string]any) { c["iat"] = at.Unix() + 301 }, 400, "invalid_request", verify.ClockSkew},
		{"a late event of another tenant", func(_ *verify.Delivery, _, c map[string]any) {
			c["iat"], c["iss"] = at.Unix()-601, "https://x.test"
		}, 400, "invalid_issuer", verify.OIDCIss},
		{"an account of another issuer", func(_ *verify.Delivery, _, c map[string]any) {
			c["sub_id"] = map[string]any{"format": "iss_sub", "iss": "https://x.test", "sub": "u-vic"}
		}, 400, "access_denied", verify.OIDCIss},
		{"JSON", func(d *verify.Delivery, _, _ map[string]any) { d.Header.Set("Content-Type", "application/json") }, 400, "invalid_request", verify.JSONInvalid},
		{"no media type", func(d *verify.Delivery, _, _ map[string]any) { d.Header.Del("Content-Type") }, 400, "invalid_request", verify.JSONInvalid},
		{"two media types", func(d *verify.Delivery, _, _ map[string]any) { d.Header.Add("Content-Type", ssf.MediaType) }, 400, "invalid_request", verify.JSONInvalid},
		{"compressed", func(d *verify.Delivery, _, _ map[string]any) { d.Header.Set("Content-Encoding", "gzip") }, 400, "invalid_request", verify.JSONInvalid},
		{"GET", func(d *verify.Delivery, _, _ map[string]any) { d.Method = "GET" }, 400, "invalid_request", verify.JSONInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, h, body := push("", at), head(), claims("session-revoked", "u-vic", "set_1", at)
			if c.bend != nil {
				c.bend(&d, h, body)
			}
			d.Body = []byte(sign(t, key, h, body))
			s := source(t)
			events, err := s.Parse(t.Context(), d)
			if verify.ReasonOf(err) != c.reason || (err == nil) != (len(events) == 1) {
				t.Errorf("Parse = %v, %v; want reason %q", events, err, c.reason)
			}
			if err == nil && (events[0].Kind != verify.SubjectKill || events[0].Subject != "u-vic" || events[0].Issuer != issuer) {
				t.Errorf("event = %+v", events[0])
			}
			answers(t, s.Answer(d, nil, err), c.status, c.err)
		})
	}
}

// answers asserts an answer of RFC 8935.
func answers(t *testing.T, r verify.Reply, status int, code string) {
	t.Helper()
	if r.Status != status {
		t.Errorf("answer = %d %s, want %d", r.Status, r.Body, status)
	}
	if code == "" {
		if len(r.Body) != 0 {
			t.Errorf("answer = %s, want it empty", r.Body)
		}
		return
	}
	var body map[string]string
	if err := json.Unmarshal(r.Body, &body); err != nil || body["err"] != code || body["description"] == "" || len(body) != 2 || r.Language != "en" || r.ContentType != "application/json" {
		t.Errorf("answer = %+v %s, %v; want %s", r, r.Body, err, code)
	}
}

func TestTokens(t *testing.T) {
	at := verifytest.Noon()
	s := source(t)
	s.Tokens = []string{"Bearer the newest of them", "Bearer the older one"}
	for _, c := range []struct {
		name   string
		values []string
		ok     bool
	}{
		{"the newest", []string{"Bearer the newest of them"}, true},
		{"the older", []string{"Bearer the older one"}, true},
		{"another", []string{"Bearer a guessed one"}, false},
		{"none", nil, false},
		{"an empty one", []string{""}, false},
		{"both", s.Tokens, false},
		{"without its scheme", []string{"the newest of them"}, false},
	} {
		d := push(sign(t, keyOf(t, 1), head(), claims("session-revoked", "u-vic", "set_1", at)), at)
		d.Header["Authorization"] = c.values
		events, err := s.Parse(t.Context(), d)
		if (err == nil) != c.ok || (len(events) == 1) != c.ok {
			t.Errorf("%s: Parse = %v, %v", c.name, events, err)
		}
		if !c.ok {
			answers(t, s.Answer(d, nil, err), 400, "authentication_failed")
		}
	}
}

func TestAnswersWhenWeCannotJudge(t *testing.T) {
	s := source(t)
	for _, r := range []verify.Reason{verify.IDPUnavailable, verify.ClockJump, verify.PolicyUnavailable, verify.GuardUnavailable} {
		answers(t, s.Answer(verify.Delivery{}, nil, verify.Refuse(r)), 503, "")
	}
	answers(t, s.Answer(verify.Delivery{}, nil, errors.New("secret")), 500, "")
}

// A key set is fetched when a kid asks for it, once for all who wait, and never for a token that is refused before.
func TestPublishedKeys(t *testing.T) {
	var fetches atomic.Int32
	var broken atomic.Bool
	key := keyOf(t, 1)
	jwks, err := verify.KeySet{{ID: "k", Alg: "ES256", Public: &key.PublicKey}}.Publish()
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetches.Add(1)
		if broken.Load() {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		}
		_, _ = w.Write(jwks)
	}))
	defer site.Close()
	keys, err := ssf.NewPublished(site.URL+"/jwks", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, at := source(t), verifytest.Noon()
	s.Keys = keys
	try := func(name string, header map[string]any, at time.Time, want verify.Reason, fetched int32) {
		t.Helper()
		_, err := s.Parse(t.Context(), push(sign(t, key, header, claims("session-revoked", "u-vic", "set_1", at)), at))
		if verify.ReasonOf(err) != want || fetches.Load() != fetched {
			t.Errorf("%s: Parse = %v after %d fetches; want %q after %d", name, err, fetches.Load(), want, fetched)
		}
	}
	with := func(name string, v any) map[string]any {
		h := head()
		h[name] = v
		return h
	}
	try("an address in the header", with("jku", site.URL), at, verify.JSONInvalid, 0)
	try("the first", head(), at, "", 1)
	try("the second", head(), at, "", 1)
	try("an unknown kid at once", with("kid", "new"), at, verify.EventSignature, 1)
	try("an unknown kid 30 s later", with("kid", "new"), at.Add(30*time.Second), verify.EventSignature, 2)
	broken.Store(true)
	try("after the time of the set, while its address redirects", head(), at.Add(time.Hour), verify.IDPUnavailable, 3)
	try("a second later", head(), at.Add(time.Hour+time.Second), verify.IDPUnavailable, 3)
	broken.Store(false)
	try("six seconds later", head(), at.Add(time.Hour+6*time.Second), "", 4)

	private, err := ssf.NewPublished(site.URL+"/jwks", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Keys = private
	try("an address that is not allowed", head(), at, verify.IDPUnavailable, 4)
	for _, bad := range []string{"", "idp.site.test/jwks", "ftp://idp.site.test/", "https://u:p@idp.site.test/", "https://idp.site.test/#a"} {
		if _, err := ssf.NewPublished(bad, nil, nil); err == nil {
			t.Errorf("NewPublished(%q) was taken", bad)
		}
	}
}
