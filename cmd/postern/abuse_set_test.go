package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// refusesSet asserts that a token about u-vic, who has a live proof, is refused with a code and moves nothing.
func (r *row) refusesSet(code string, raws ...string) {
	r.Helper()
	change := r.proof()
	size := len(r.leaves())
	for _, raw := range raws {
		if status, got := r.push("events", raw); status != http.StatusBadRequest || got != r.says(code) {
			r.Errorf("answered %d %q, want 400 %q: %s", status, got, code, raw)
		}
	}
	r.stays(change, verify.Matched)
	for _, l := range r.leaves()[size:] {
		if l.Change != "" || l.Reason == verify.EventKill {
			r.Errorf("a leaf about a change: %+v", l)
		}
	}
}

// proof is a change that u-vic has confirmed and not finished.
func (r *row) proof() string {
	r.Helper()
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	r.confirm(address)
	r.stays(change, verify.Matched)
	return change
}

// abuseSet: authenticity of security events and of what other senders report.
func abuseSet() map[string]func(r *row) {
	return map[string]func(r *row){
		"B01": setUnknownKey, "B02": setOtherTenant, "B03": setOtherReceiver, "B04": setType, "B05": setExp, "B06": setAlgorithm,
		"B07": setHeader, "B08": setAgain, "B09": setOtherIssuer, "B10": setLate, "B11": setAhead, "B16": logBatch, "B17": handshake,
		"B18": loginElsewhere, "B19": tokenRefresh, "B21": setPresented,
	}
}

func setUnknownKey(r *row) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.Fatal(err)
	}
	h := ecHeader()
	h["kid"] = "unknown"
	r.refusesSet("invalid_key",
		r.set(ecHeader(), r.event("session-revoked", nil), r.es(other)),
		r.set(h, r.event("session-revoked", nil), r.es(other)),
		r.set(h, r.event("session-revoked", nil), r.es(r.caep.ec)))
}

func setOtherTenant(r *row) {
	r.refusesSet("invalid_issuer",
		r.set(ecHeader(), r.event("session-revoked", claims{"iss": setIssuer + "/tenant"}), r.es(r.caep.ec)),
		r.set(ecHeader(), r.event("session-revoked", claims{"iss": setIssuer + "/"}), r.es(r.caep.ec)))
}

func setOtherReceiver(r *row) {
	r.refusesSet("invalid_audience",
		r.set(ecHeader(), r.event("session-revoked", claims{"aud": "https://chat.other.test"}), r.es(r.caep.ec)),
		r.set(ecHeader(), r.event("session-revoked", claims{"aud": []string{"https://chat.other.test", setUs + "/"}}), r.es(r.caep.ec)))
}

func setType(r *row) {
	missing, other := ecHeader(), ecHeader()
	delete(missing, "typ")
	other["typ"] = "JWT"
	now := r.clock.now().Unix()
	idToken := claims{"iss": setIssuer, "aud": setUs, "sub": "u-vic", "iat": now, "exp": now + 300, "auth_time": now, "nonce": "n"}
	r.refusesSet("invalid_request",
		r.set(missing, r.event("session-revoked", nil), r.es(r.caep.ec)),
		r.set(other, r.event("session-revoked", nil), r.es(r.caep.ec)),
		r.set(other, idToken, r.es(r.caep.ec)))
}

func setExp(r *row) {
	r.refusesSet("invalid_request", r.set(ecHeader(), r.event("session-revoked", claims{"exp": r.clock.now().Unix() + 300}), r.es(r.caep.ec)))
}

func setAlgorithm(r *row) {
	none, hs, es := ecHeader(), ecHeader(), ecHeader()
	none["alg"] = "none"
	hs["alg"], hs["kid"] = "HS256", "rsa"
	es["kid"] = "rsa"
	r.refusesSet("invalid_key",
		r.set(none, r.event("session-revoked", nil), func(string) []byte { return nil }),
		r.set(hs, r.event("session-revoked", nil), func(text string) []byte {
			m := hmac.New(sha256.New, r.caep.rsa.N.Bytes())
			m.Write([]byte(text))
			return m.Sum(nil)
		}),
		r.set(es, r.event("session-revoked", nil), r.es(r.caep.ec)))
}

func setHeader(r *row) {
	var asked atomic.Int32
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	r.Cleanup(trap.Close)
	jwk, err := verify.NewJWK(&r.caep.ec.PublicKey)
	if err != nil {
		r.Fatal(err)
	}
	fetches := r.caep.fetches.Load()
	var raws []string
	for name, value := range map[string]any{"jwk": jwk, "jku": trap.URL, "x5u": trap.URL, "crit": []string{"exp"}, "b64": false} {
		for _, kid := range []string{"ec", "unknown"} {
			h := ecHeader()
			h[name], h["kid"] = value, kid
			raws = append(raws, r.set(h, r.event("session-revoked", nil), r.es(r.caep.ec)))
		}
	}
	r.refusesSet("invalid_request", raws...)
	if asked.Load() != 0 || r.caep.fetches.Load() != fetches {
		r.Errorf("%d fetches from the header's address, %d of keys; want none", asked.Load(), r.caep.fetches.Load()-fetches)
	}
}

// accepted pushes a token that must be taken.
func (r *row) accepted(source, raw string) {
	r.Helper()
	if status, err := r.push(source, raw); status != http.StatusAccepted || err != "" {
		r.Errorf("answered %d %q, want 202 and nothing", status, err)
	}
}

func setAgain(r *row) {
	r.says("202")
	change, raw := r.proof(), r.set(ecHeader(), r.event("session-revoked", nil), r.es(r.caep.ec))
	r.accepted("events", raw)
	r.stays(change, verify.Revoked)
	later := r.proof()
	r.hundred(raw)
	r.logged(change, "event.kill", 1)
	r.stays(later, verify.Matched) // a login made after the event
	r.hundred(r.set(ecHeader(), r.event("credential-change", nil), r.es(r.caep.ec)))
	r.stays(later, verify.Revoked)
	r.logged(later, "event.kill", 1)
}

// hundred pushes the same token a hundred times at once.
func (r *row) hundred(raw string) {
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { r.accepted("events", raw) })
	}
	all.Wait()
}

func setOtherIssuer(r *row) {
	first := r.event("session-revoked", nil)
	change := r.proof()
	r.accepted("events", r.set(ecHeader(), first, r.es(r.caep.ec)))
	r.stays(change, verify.Revoked)
	second := r.proof()
	r.accepted("events-b", r.set(ecHeader(), r.event("session-revoked", claims{"iss": setIssuer + "/b", "jti": first["jti"]}), r.es(r.caep.ec)))
	r.stays(second, verify.Revoked)
	r.logged(second, "event.kill", 1)
}

// still asserts that nothing moves in a conversation, neither for the visitor nor for the staff.
func (r *row) still(k talk, change string, attack func()) {
	r.Helper()
	topics := []string{k.cv, k.cv + "/staff"}
	before, err := r.Service.Store.Heads(r.Context(), topics)
	if err != nil {
		r.Fatal(err)
	}
	attack()
	r.stays(change, verify.Challenged)
	after, err := r.Service.Store.Heads(r.Context(), topics)
	if err != nil || !maps.Equal(before, after) {
		r.Errorf("something moved: %v, was %v, %v", after, before, err)
	}
}

func setLate(r *row) {
	k := r.talk("ag1")
	change, _ := k.offer(r.T)
	r.still(k, change, func() {
		r.accepted("events", r.set(ecHeader(), r.event("session-established", claims{"iat": r.clock.now().Add(-11 * time.Minute).Unix()}), r.es(r.caep.ec)))
	})
	r.logged("", r.says("event.late"), 1)
}

func setAhead(r *row) {
	change := r.proof()
	raw := r.set(ecHeader(), r.event("session-revoked", claims{"iat": r.clock.now().Add(6 * time.Minute).Unix()}), r.es(r.caep.ec))
	if status, code := r.push("events", raw); status != http.StatusBadRequest || code != r.says("invalid_request") {
		r.Errorf("answered %d %q", status, code)
	}
	r.stays(change, verify.Matched)
	r.logged("", r.says("clock.skew"), 1)
}

func logBatch(r *row) {
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	handle, view, _ := r.site.view(r.T, address)
	chg, err := view.Change.Digest()
	if err != nil {
		r.Fatal(err)
	}
	now := r.clock.now().UTC()
	var batch []byte
	for i := range 500 {
		kind := []string{"s", "ssa", "seacft", "sertft", "unheard"}[i%5]
		line := fmt.Appendf(nil, `{"log_id":"l%d","data":{"date":%q,"type":%q,"user_id":"u-vic"}}`, i, now.Format(time.RFC3339), kind)
		if i == 250 {
			line = fmt.Appendf(nil, `{"log_id":"l","type":"login.confirmed","handle":%q,"chg":%q,"sub":"u-vic","auth_time":%d,"data":{"type":"login.confirmed","handle":%q,"chg":%q}}`, handle, chg, now.Unix(), handle, chg)
		}
		batch = append(append(batch, line...), '\n')
	}
	size := len(r.leaves())
	r.still(k, change, func() {
		status, body := r.site.hook(r.T, "auth0", batch, func(req *http.Request) { req.Header.Set("Authorization", auth0Token) })
		if status != http.StatusOK {
			r.Errorf("with the token: %d %s", status, body)
		}
	})
	if n := len(r.leaves()); n != size {
		r.Errorf("the batch wrote %d leaves", n-size)
	}
	for _, token := range []string{"", auth0Token[:12], oktaToken} {
		r.still(k, change, func() {
			status, body := r.site.hook(r.T, "auth0", batch, func(req *http.Request) { req.Header.Set("Authorization", token) })
			if status != http.StatusUnauthorized || len(body) != 0 {
				r.Errorf("with the token %q: %d %s", token, status, body)
			}
		})
	}
}

func handshake(r *row) {
	for _, c := range []struct {
		name, value string
		status      int
		body        string
	}{
		{"Okta's own", "TV3Jc9ew2hlN5Lv", http.StatusOK, `{"verification":"TV3Jc9ew2hlN5Lv"}`},
		{"HTML", "<script>alert(1)</script>", http.StatusOK, `{"verification":"\u003cscript\u003ealert(1)\u003c/script\u003e"}`},
		{"huge", strings.Repeat("a", 4096), http.StatusBadRequest, ""},
		{"255 bytes and two quotes", strings.Repeat("a", 255), http.StatusBadRequest, ""},
		{"none", "", http.StatusBadRequest, ""},
	} {
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.url+"/v1/events/okta", nil)
		if err != nil {
			r.Fatal(err)
		}
		req.Header.Set("X-Okta-Verification-Challenge", c.value)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			r.Fatal(err)
		}
		body := make([]byte, 1024)
		n, _ := res.Body.Read(body)
		_ = res.Body.Close()
		typ := res.Header.Get("Content-Type")
		if res.StatusCode != c.status || string(body[:n]) != c.body || res.Header.Get("X-Content-Type-Options") != "nosniff" || c.status == http.StatusOK && typ != "application/json" {
			r.Errorf("%s: %d %s %s, want %d %s", c.name, res.StatusCode, typ, body[:n], c.status, c.body)
		}
	}
	if status, _, _ := r.call("", http.MethodGet, "/v1/events/shop", ""); status != http.StatusNotFound {
		r.Errorf("GET of another source: %d, want 404", status)
	}
}

// last is what the admin page says of a source's last event.
func (r *row) last(source string) string {
	r.Helper()
	status, _, body := r.call("ad1", http.MethodGet, "/v1/verification", "")
	var page struct {
		Sources []struct {
			Name string
			Last struct{ Reason string }
		}
	}
	if err := json.Unmarshal(body, &page); err != nil || status != http.StatusOK {
		r.Fatalf("the admin page: %d, %v", status, err)
	}
	for _, s := range page.Sources {
		if s.Name == source {
			return s.Last.Reason
		}
	}
	return ""
}

func loginElsewhere(r *row) {
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	handle, _, _ := r.site.view(r.T, address)
	body := fmt.Appendf(nil, `{"id":"e1","type":"LOGIN","clientId":"another","userId":"u-vic","handle":%q}`, handle)
	r.still(k, change, func() {
		if status, answer := r.signed("keycloak", hookOf(r.hook, "keycloak"), hookID(), r.clock.now(), body, body); status != http.StatusOK || string(answer) != "{}" {
			r.Errorf("answered %d %s", status, answer)
		}
	})
	if last := r.last("keycloak"); last != "event.not_login" {
		r.Errorf("the page says %q, want it ignored", last)
	}
}

func tokenRefresh(r *row) {
	k := r.talk("ag1")
	change, _ := k.offer(r.T)
	const given = `{"sub":"u-vic", "role":"authenticated","exp":9007199254740993,"x":"<&>"}`
	body := []byte(`{"user_id":"u-vic","authentication_method":"token_refresh","claims":` + given + `}`)
	r.still(k, change, func() {
		if status, answer := r.signed("supabase", hookOf(r.hook, "supabase"), hookID(), r.clock.now(), body, body); status != http.StatusOK || string(answer) != `{"claims":`+given+`}` {
			r.Errorf("answered %d %s", status, answer)
		}
	})
	if last := r.last("supabase"); last != r.says("event.not_login") {
		r.Errorf("the page says %q", last)
	}
	if status, answer := r.signed("supabase", r.site.secret, hookID(), r.clock.now(), body, body); status != http.StatusUnauthorized || len(answer) != 0 {
		r.Errorf("signed with another secret: %d %s", status, answer)
	}
}

func setPresented(r *row) {
	b := newBrowser(r.T)
	hello := r.visit(b).greeting()
	_, err := r.Service.Store.SetIdentity(r.Context(), gateway.ID(hello["visitor"].(string)),
		gateway.Identity{How: "signed", Host: "shop", Subject: "u-vic", At: r.clock.now()}, "", r.clock.now())
	if err != nil {
		r.Fatal(err)
	}
	k := r.talkIn(b, "ag1", "Please stop my renewal")
	change, _ := k.offer(r.T)
	size := len(r.leaves())
	r.still(k, change, func() {
		r.until(func() string { // the page is told of an event every few seconds at most
			r.accepted("events-b", r.set(ecHeader(), r.event("session-presented", claims{"iss": setIssuer + "/b"}), r.es(r.caep.ec)))
			if last := r.last("events-b"); last != r.says("event.not_login") {
				return "the page says " + last
			}
			return ""
		})
	})
	if n := len(r.leaves()); n != size {
		r.Errorf("it wrote %d leaves", n-size)
	}
	r.accepted("events", r.set(ecHeader(), r.event("session-revoked", nil), r.es(r.caep.ec))) // that one is about the challenge's subject
	r.stays(change, verify.Revoked)
	k.vic.event("change.revoked", k.cv) // both are told
	k.mia.event("change.revoked", k.cv)
}
