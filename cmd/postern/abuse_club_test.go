package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
	"github.com/postern-chat/postern/verify/verifytest"
)

const clubAudience = "https://acct.club.test"

const clubPolicy = `
[[kind]]
name = "newsletter.change"
host = "club"
tier = "plain"
title = {en = "Change your newsletter setting"}
field = [{name = "newsletter", as = "enum", values = ["on", "off"], label = {en = "Newsletter"}}]
[[kind]]
name = "address.change"
host = "club"
tier = "sensitive"
title = {en = "Change your delivery address"}
cooling = 24
field = [{name = "address", as = "text", label = {en = "New address"}}]
`

// join adds the club to the deploy files: a host without a page of its own, whose members log in at a provider.
func (f *fixture) join(t *testing.T) {
	t.Helper()
	f.idp = verifytest.NewHostile(t)
	relying := verify.Relying{Issuer: f.idp.URL, Client: f.idp.Client, Strong: []string{"phr"}}
	f.club = newSiteAt(t, receipt.IDP{Relying: relying, Keys: f.idp.Keys()})
	f.club.audience, f.club.now = clubAudience, f.clock.now
	f.bend(verifytest.Bend{})
	dir := t.TempDir()
	file := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	policy, err := os.ReadFile(f.config.PolicyFile)
	if err != nil {
		t.Fatal(err)
	}
	f.config.PolicyFile = file("policy.toml", string(policy)+clubPolicy)
	f.config.Hosts = append(f.config.Hosts, HostConfig{
		Name: "club", Audience: clubAudience, Site: "https://club.test/", DeliveryURL: f.club.URL + "/postern", Allow: []string{"127.0.0.1/32"},
	})
	f.config.Sources = append(f.config.Sources, SourceConfig{
		Name: "idp", Adapter: "oidc", Host: "club", Issuer: f.idp.URL, ClientID: f.idp.Client, ClientSecretFile: file("client", f.idp.Secret),
		SecretsFile: file("deliveries", "whsec_"+base64.StdEncoding.EncodeToString(f.club.secret)), Strong: []string{"phr"}, Allow: []string{"127.0.0.1/32"},
	})
}

// bend makes the provider misbehave, on the fixture's clock.
func (f *fixture) bend(b verifytest.Bend) {
	if b.Now == nil {
		b.Now = f.clock.now
	}
	f.idp.Bend(b)
}

// step is one login at the provider, in one browser.
type step struct {
	r      *row
	change string
	token  string
	next   string // where the provider's login is
	cookie string
}

// pause offers and opens a change of the club; it gives the change and the start token.
func (r *row) pause(k talk) (change, token string) {
	r.Helper()
	draft := k.mia.ok("change.draft", map[string]any{"conversation": k.cv, "kind": "newsletter.change", "fields": map[string]string{"newsletter": "on"}})
	change = draft["change"].(map[string]any)["id"].(string)
	k.mia.ok("change.offer", map[string]any{"change": change})
	k.vic.event("change.offered", k.cv)
	return change, r.open(k, change)
}

func (r *row) open(k talk, change string) (token string) {
	r.Helper()
	address := k.vic.ok("change.open", map[string]any{"change": change, "page": "https://shop.test/plan?x=1"})["url"].(string)
	before, token, _ := strings.Cut(address, "#")
	if before != r.url+"/verify/start" || len(token) != 43 {
		r.Fatalf("opened %q", address)
	}
	return token
}

// web speaks HTTP as a browser with one cookie. Redirects are not followed.
func (r *row) web(method, path, cookie, body string) (*http.Response, map[string]any, string) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", r.ip)
	if method == http.MethodPost {
		req.Header.Set("X-Postern", "1")
		req.Header.Set("Origin", r.url)
	}
	if cookie != "" {
		req.Header.Set("Cookie", "__Host-postern="+cookie)
	}
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var text strings.Builder
	if _, err := copyTo(&text, res); err != nil {
		r.Fatal(err)
	}
	out := map[string]any{}
	_ = json.Unmarshal([]byte(text.String()), &out) // a page is no JSON
	return res, out, text.String()
}

// redeem trades a start token for a cookie and the address of the login.
func (r *row) redeem(change, token string) (step, int, map[string]any) {
	r.Helper()
	body, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		r.Fatal(err)
	}
	res, out, _ := r.web("POST", "/verify/start", "", string(body))
	s := step{r: r, change: change, token: token}
	s.next, _ = out["next"].(string)
	for _, c := range res.Cookies() {
		if c.Name == "__Host-postern" && c.Secure && c.HttpOnly && c.SameSite == http.SameSiteLaxMode && c.Path == "/" && c.Domain == "" && c.MaxAge > 0 && c.MaxAge <= 600 {
			s.cookie = c.Value
		}
	}
	return s, res.StatusCode, out
}

// begin opens a change of the club and begins its login.
func (r *row) begin(k talk) step {
	r.Helper()
	change, token := r.pause(k)
	s, status, out := r.redeem(change, token)
	if status != http.StatusOK || s.cookie == "" || s.next == "" {
		r.Fatalf("start: %d %v", status, out)
	}
	return s
}

// provider logs in at the provider and gives the callback's query.
func (s step) provider() url.Values {
	s.r.Helper()
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Get(s.next)
	if err != nil {
		s.r.Fatal(err)
	}
	_ = res.Body.Close()
	u, err := res.Location()
	if err != nil || !strings.HasPrefix(u.String(), s.r.url+"/verify/callback?") {
		s.r.Fatalf("the provider answered %d, %v, %v", res.StatusCode, u, err)
	}
	return u.Query()
}

var pageCode = regexp.MustCompile(`data-code="([a-z_]+)"`)

// callback comes back with a query; it gives the status and, of a page that says no, its code.
func (s step) callback(q url.Values) (status int, code string) {
	s.r.Helper()
	res, _, text := s.r.web("GET", "/verify/callback?"+q.Encode(), s.cookie, "")
	if res.StatusCode == http.StatusSeeOther && res.Header.Get("Location") != "/verify/confirm" {
		s.r.Errorf("sent to %s", res.Header.Get("Location"))
	}
	if m := pageCode.FindStringSubmatch(text); m != nil {
		return res.StatusCode, m[1]
	}
	return res.StatusCode, strings.TrimSpace(text) // without a built UI the code is all there is
}

// back is the whole login: provider and callback, which must come to the confirm page.
func (s step) back() {
	s.r.Helper()
	if status, code := s.callback(s.provider()); status != http.StatusSeeOther {
		s.r.Errorf("callback: %d %s", status, code)
	}
}

func (s step) press(choice string) (int, map[string]any) {
	s.r.Helper()
	res, out, _ := s.r.web("POST", "/verify/press", s.cookie, `{"choice":"`+choice+`"}`)
	return res.StatusCode, out
}

// applied approves and finishes, and waits until the club has applied the change.
func (s step) applied(k talk) {
	s.r.Helper()
	status, out := s.press(verify.PressApprove)
	back, _ := out["next"].(string)
	if status != http.StatusOK || !strings.HasPrefix(back, "https://shop.test/plan?x=1#postern=") {
		s.r.Fatalf("approve: %d %v", status, out)
	}
	k.vic.ok("change.finish", k.finish(s.r.T, k.b, s.change, back))
	s.r.reaches(s.change, verify.Applied)
}

// refused asserts that a login came to nothing: where the change stands, and one line in the log.
func (s step) refused(state verify.State, reason string) {
	s.r.Helper()
	s.r.stays(s.change, state)
	s.r.logged(s.change, reason, 1)
}

// clubRogue is the rogue with a change of the club and an ID token of its provider for it, honest but for bend.
func (r *row) clubRogue(kind string, bend func(c jwt.MapClaims)) *rogue {
	r.Helper()
	g := r.rogue()
	g.claims.Aud, g.claims.SubIss, g.claims.Level = clubAudience, r.idp.URL, verify.A3
	g.change.Kind, g.change.Fields = kind, map[string]string{"address": "1 Evil Street"}
	if kind == "newsletter.change" {
		g.change.Fields, g.claims.Level = map[string]string{"newsletter": "on"}, verify.A2
	}
	g.seal()
	g.claims.Ev = &verify.Evidence{Kind: verify.EvidenceIDToken, JWT: r.idToken(g, bend)}
	return g
}

// idToken is what the club's provider signs 40 s after the rogue's t0.
func (r *row) idToken(g *rogue, bend func(c jwt.MapClaims)) string {
	r.Helper()
	at := g.claims.T0 + 40
	claims := jwt.MapClaims{
		"iss": r.idp.URL, "aud": r.idp.Client, "sub": "u-vic", "nonce": g.claims.Commit, "iat": at, "exp": at + 300, "auth_time": at, "acr": "phr",
	}
	if bend != nil {
		bend(claims)
	}
	return signIDToken(r.T, r.idp, claims)
}

// signIDToken is an ID token of the provider with any claims.
func signIDToken(t *testing.T, idp *verifytest.Hostile, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = "hostile"
	raw, err := token.SignedString(idp.Key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// clubRefuses asserts with which code the club's backend refuses the rogue.
func (r *row) clubRefuses(g *rogue, code string) {
	r.Helper()
	r.clubRefusesMessage(g.message(), code)
}

func (r *row) clubRefusesMessage(m map[string]any, code string) {
	r.Helper()
	shop := r.site
	r.site = r.club
	defer func() { r.site = shop }()
	r.delivered("/postern", m, http.StatusForbidden, code)
}

// clubTakes asserts that the club's backend applies what an honest login stands behind.
func (r *row) clubTakes(g *rogue) {
	r.Helper()
	shop := r.site
	r.site = r.club
	defer func() { r.site = shop }()
	r.delivered("/postern", g.message(), http.StatusOK, "")
}

// bent is the receipt with claims that no library would sign.
func (g *rogue) bent(bend func(claims map[string]any)) string {
	g.r.Helper()
	b, err := json.Marshal(g.claims)
	claims := map[string]any{}
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		err = d.Decode(&claims)
	}
	bend(claims)
	body, err2 := json.Marshal(claims)
	head, err3 := json.Marshal(map[string]string{"alg": "ES256", "typ": verify.ReceiptType, "kid": g.signer.Key().ID})
	if err := errors.Join(err, err2, err3); err != nil {
		g.r.Fatal(err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	text := enc(head) + "." + enc(body)
	return text + "." + es256(g.r, g.key, []byte(text))
}
