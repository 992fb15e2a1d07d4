package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	shopsite "github.com/postern-chat/postern/cmd/shop/site"
	"github.com/postern-chat/postern/gateway"
)

const shopPassword = "a shop password"

// realShop is the demo shop beside a real gateway: nothing on the path of the proof is a stand-in.
type realShop struct {
	*shopsite.Site
	t    *testing.T
	url  string
	node *node
	web  *http.Client // the customer's browser
	page string
}

func newRealShop(t *testing.T) *realShop {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	dir, secret := t.TempDir(), make([]byte, 32)
	_, _ = rand.Read(secret)
	c := alone(t)
	for name, text := range map[string]string{
		"policy": shopsite.PolicyTOML("shop", server.URL), "secrets": "whsec_" + base64.StdEncoding.EncodeToString(secret),
		"pub": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.PolicyFile = filepath.Join(dir, "policy")
	c.Hosts = []HostConfig{{
		Name: "shop", Audience: audience, Site: server.URL + "/", VerifyURL: server.URL + "/support-verify", DeliveryURL: server.URL + "/postern",
		RecoveryURL: server.URL + "/forgot", SessionKeyFile: filepath.Join(dir, "pub"), Allow: []string{"127.0.0.1/32"},
	}}
	c.Sources = []SourceConfig{{Name: "shop", Adapter: "webhook", Host: "shop", SecretsFile: filepath.Join(dir, "secrets")}}
	n := startNode(t, c)
	n.box.Host, n.box.Origins = "shop", []string{server.URL}
	if n.box, _, err = n.Service.Store.SaveMailbox(t.Context(), n.box, gateway.System(), time.Now()); err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	s := &realShop{t: t, url: server.URL, node: n, web: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	s.Site, err = shopsite.Open(t.Context(), shopsite.Config{
		PasswordCost: 4,
		Data:         dir, URL: server.URL, Gateway: n.url, Audience: audience, EventSecret: secret, OwnKey: []byte("the shop's own key, 32 bytes long"),
		SessionKey: key, Mailbox: n.box.Slug,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	handler = s.Handler()
	if err := s.SeedCustomers(t.Context(), shopPassword); err != nil {
		t.Fatal(err)
	}
	return s
}

// visit sends a request of the customer's browser; a form carries the token of the page that is open.
func (s *realShop) visit(method, address string, form url.Values) (int, http.Header) {
	s.t.Helper()
	if m := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(s.page); m != nil && form != nil {
		form.Set("csrf", m[1])
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Shop", "1")
	res, err := s.web.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(res.Body)
	s.page = html.UnescapeString(string(text))
	return res.StatusCode, res.Header
}

// press logs in on the shop's page for the challenge and presses; it gives where the shop sends the browser.
func (s *realShop) press(address, email, choice string) string {
	s.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.visit("GET", address, nil)
	if code, _ := s.visit("POST", s.url+"/support-verify/login", url.Values{"h": {u.Query().Get("h")}, "email": {email}, "password": {shopPassword}}); code != http.StatusSeeOther {
		s.t.Fatalf("log in to confirm: %d %s", code, s.page)
	}
	s.visit("GET", address, nil)
	id := regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(s.page)
	if id == nil {
		s.t.Fatalf("no confirm page: %s", s.page)
	}
	code, h := s.visit("POST", s.url+"/support-verify", url.Values{"id": {id[1]}, "choice": {choice}})
	if code != http.StatusSeeOther {
		s.t.Fatalf("%s: %d %s", choice, code, s.page)
	}
	return h.Get("Location")
}

func (s *realShop) dump() string {
	s.t.Helper()
	b, err := s.Dump(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

func (s *realShop) offer(k talk, plan string) (change, address string) {
	s.t.Helper()
	draft := k.mia.ok("change.draft", map[string]any{"conversation": k.cv, "kind": "renewal.cancel", "fields": map[string]string{"plan": plan}})
	change = draft["change"].(map[string]any)["id"].(string)
	k.mia.ok("change.offer", map[string]any{"change": change})
	k.vic.event("change.offered", k.cv)
	return change, k.vic.ok("change.open", map[string]any{"change": change, "page": s.url + "/account/plan"})["url"].(string)
}

// The demo shop and the gateway: the shop says who is signed in, a renewal is offered, proven on the shop's page,
// applied and shown there with its receipt. Another customer's login and "Not me" leave every account as it was.
func TestWalkShop(t *testing.T) {
	s := newRealShop(t)
	k := s.node.talk(t)
	s.visit("GET", s.url+"/signin", nil)
	s.visit("POST", s.url+"/signin", url.Values{"email": {"robin@example.com"}, "password": {shopPassword}})
	s.visit("POST", s.url+"/support-token?mailbox="+s.node.box.Slug, nil)
	var token struct{ Token string }
	if err := json.Unmarshal([]byte(s.page), &token); err != nil {
		t.Fatal(err, s.page)
	}
	k.vic.ok("identify", map[string]any{"token": token.Token})
	k.vic.refused("unauthenticated", "identify", map[string]any{"token": token.Token})

	before := s.dump()
	_, address := s.offer(k, "plus")
	if back := s.press(address, "sasha@example.com", "approve"); strings.Contains(back, "#postern=") {
		t.Errorf("another customer's login got a finish token: %s", back)
	}
	k.mia.event("change.failed", "")
	if s.dump() != before {
		t.Fatal("a refused login has changed an account")
	}

	change, address := s.offer(k, "plus")
	back := s.press(address, "robin@example.com", "approve")
	if !strings.HasPrefix(back, s.url+"/account/plan#postern=") {
		t.Fatalf("the shop sends the browser to %s", back)
	}
	k.vic.ok("change.finish", k.finish(t, k.b, change, back))
	k.vic.event("change.applied", k.cv)
	s.visit("GET", s.url+"/account/plan", nil)
	if !strings.Contains(s.page, "Renewal off") || !strings.Contains(s.page, "receipt <code>rc_") {
		t.Errorf("the plan page does not show it: %s", s.page)
	}

	after := s.dump()
	_, address = s.offer(k, "plus")
	s.press(address, "robin@example.com", "disown")
	k.vic.event("change.disowned", k.cv)
	if s.dump() != after {
		t.Error("Not me has changed an account")
	}
}
