package site_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/cmd/shop/site"
	"github.com/postern-chat/postern/verify"
)

const password = "a demo password"

var ownKey = []byte("the shop's own key, 32 bytes long")

// gate is a gateway with its own signing key, as a host sees it: challenges, events, keys, deliveries. It may be a
// rogue; what it never has is ownKey.
type gate struct {
	*httptest.Server
	t      testing.TB
	signer *verify.LocalSigner
	widget *ecdsa.PrivateKey
	secret verify.Secret

	mu     sync.Mutex
	views  map[string]verify.View // living challenges by handle
	events []map[string]any
	ids    []string
	back   string
}

// shop is the site behind a real listener, with a clock that tests can move.
type shop struct {
	*site.Site
	t    testing.TB
	url  string
	gate *gate
	mu   sync.Mutex
	skip time.Duration
}

func newGate(t testing.TB) *gate {
	t.Helper()
	g := &gate{t: t, signer: nil, widget: p256(t), secret: make([]byte, 32), views: map[string]verify.View{}}
	var err error
	if g.signer, err = verify.NewLocalSigner(p256(t), rand.Reader); err != nil {
		t.Fatal(err)
	}
	_, _ = rand.Read(g.secret)
	m := http.NewServeMux()
	m.HandleFunc("GET /v1/challenge/{handle}", g.challenge)
	m.HandleFunc("POST /v1/events/shop", g.event)
	m.HandleFunc("GET /.well-known/postern.json", func(w http.ResponseWriter, _ *http.Request) {
		text, _ := verify.KeySet{g.signer.Key()}.Publish()
		_, _ = w.Write(text)
	})
	g.Server = httptest.NewServer(m)
	t.Cleanup(g.Close)
	return g
}

func p256(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (g *gate) challenge(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v, ok := g.views[r.PathValue("handle")]
	if !ok {
		w.WriteHeader(http.StatusGone)
		return
	}
	_ = json.NewEncoder(w).Encode(v)
}

func (g *gate) event(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	id, err := verify.CheckHook(r.Header, []verify.Secret{g.secret}, time.Now(), body)
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	e := map[string]any{}
	_ = json.Unmarshal(body, &e)
	g.events, g.ids = append(g.events, e), append(g.ids, id)
	_ = json.NewEncoder(w).Encode(map[string]string{"return": g.back})
}

func (g *gate) heard() []map[string]any {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]map[string]any(nil), g.events...)
}

func newShop(t testing.TB) *shop { return newShopWith(t, nil) }

// newShopWith is a shop whose configuration is bent before it opens.
func newShopWith(t testing.TB, bend func(c *site.Config)) *shop {
	t.Helper()
	s := &shop{t: t, gate: newGate(t)}
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	s.url, s.gate.back = server.URL, server.URL+"/account/plan#postern=tok"
	c := site.Config{
		PasswordCost: 4,
		Data:         t.TempDir(), URL: server.URL, Gateway: s.gate.URL, EventSecret: s.gate.secret, OwnKey: ownKey, SessionKey: p256(t), Now: s.now,
	}
	if bend != nil {
		bend(&c)
	}
	opened, err := site.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	s.Site, handler = opened, opened.Handler()
	if err := s.SeedCustomers(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.skip)
}

func (s *shop) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skip += d
}

func (s *shop) dump() string {
	s.t.Helper()
	b, err := s.Dump(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// claims are a receipt's claims for a change, made consistent as far as a gateway can: all but the evidence.
func (s *shop) claims(c verify.Change, sub string) verify.Claims {
	s.t.Helper()
	g, now := s.gate, s.now().Unix()
	jwk, err := verify.NewJWK(&g.widget.PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	r := verify.Claims{
		Iss: g.URL, Aud: s.url, JTI: "rc_" + rand.Text(), Iat: now, Exp: now + 120, Use: verify.UseApply, Sub: sub, SubIss: s.url, Kind: c.Kind,
		Challenge: "cl_" + rand.Text(), Conversation: "cv_1", Salt: "AAECAwQFBgcICQoLDA0ODw", T0: now - 60, ApprovedAt: now - 10, Level: verify.A3,
		Policy: "p", Cnf: verify.Cnf{JWK: jwk}, Fin: verify.Fin{Token: verify.TokenHash("t")},
	}
	s.seal(&r, c)
	return r
}

// seal computes digest, commitment and finish signature again.
func (s *shop) seal(r *verify.Claims, c verify.Change) {
	s.t.Helper()
	r.Chg, _ = c.Digest()
	r.Commit, _ = verify.Commitment{Host: r.Aud, Challenge: r.Challenge, Conversation: r.Conversation, Chg: r.Chg, JKT: r.Cnf.JWK.Thumbprint(), Salt: r.Salt, T0: r.T0}.Hash()
	m, err := verify.FinishMessage(r.Challenge, r.Chg, r.Commit, r.Fin.Token)
	if err != nil {
		s.t.Fatal(err)
	}
	sum := sha256.Sum256(m)
	x, y, err := ecdsa.Sign(rand.Reader, s.gate.widget, sum[:])
	if err != nil {
		s.t.Fatal(err)
	}
	sig := make([]byte, 64)
	x.FillBytes(sig[:32])
	y.FillBytes(sig[32:])
	r.Fin.Sig = base64.RawURLEncoding.EncodeToString(sig)
}

// login adds the evidence that only the shop's own page can make.
func login(r *verify.Claims, key []byte) {
	at := r.T0 + 20
	r.Ev = &verify.Evidence{Kind: verify.EvidenceOfWitness, AuthTime: at, Witness: verify.Witness(key, r.Commit, r.Chg, r.Sub, at)}
}

// delivery is the body of change.apply.
func (s *shop) delivery(r verify.Claims, c verify.Change) []byte {
	s.t.Helper()
	jws, err := s.gate.signer.Sign(context.Background(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return body(s.t, map[string]any{"type": "change.apply", "change": c, "sub": r.Sub, "commit": r.Commit, "challenge": r.Challenge, "receipt": jws})
}

func body(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// deliver posts to the shop's backend.
func (s *shop) deliver(b []byte) (int, string) {
	req, err := http.NewRequest("POST", s.url+"/postern", bytes.NewReader(b))
	if err != nil {
		return 0, err.Error()
	}
	verify.SignHook(req.Header, s.gate.secret, "dl_1", s.now(), b)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

// browser is a person with cookies who follows no redirect by himself.
type browser struct {
	*http.Client
	t    testing.TB
	base string
	page string // the last page's text
	head http.Header
	more http.Header // what its forms say of where they come from; nil = nothing
}

func (s *shop) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{Client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, t: s.t, base: s.url}
}

func (b *browser) do(req *http.Request) int {
	b.t.Helper()
	res, err := b.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(res.Body)
	b.head, b.page = res.Header, html.UnescapeString(string(text))
	return res.StatusCode
}

func (b *browser) get(path string) int {
	b.t.Helper()
	req, err := http.NewRequest("GET", b.base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(req)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// send posts a form with the token of the page that is open.
func (b *browser) send(path string, kv ...string) int {
	b.t.Helper()
	v := url.Values{}
	if m := csrfField.FindStringSubmatch(b.page); m != nil {
		v.Set("csrf", m[1])
	}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	req, err := http.NewRequest("POST", b.base+path, strings.NewReader(v.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range b.more {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

func (b *browser) signIn(email string) {
	b.t.Helper()
	b.get("/signin")
	if code := b.send("/signin", "email", email, "password", password); code != http.StatusSeeOther {
		b.t.Fatalf("sign in as %s: %d", email, code)
	}
}

func renewal(plan string) verify.Change {
	return verify.Change{V: "1", Kind: "renewal.cancel", Base: "*", Fields: map[string]string{"plan": plan}}
}
