package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
	"github.com/postern-chat/postern/verify"
)

// desk is a signed-in person of the staff with an HTTP client.
type desk struct {
	t      *testing.T
	n      *node
	cookie *http.Cookie
}

// desk makes a person with a role and signs in.
func (n *node) desk(t *testing.T, name string, role gateway.Role) desk {
	t.Helper()
	a, _, err := n.Service.Store.SaveAgent(t.Context(), gateway.Agent{
		ID: id(t, gateway.PrefixAgent), Email: name + "@shop.test", Name: name, Role: role, Capacity: 3,
	}, gateway.System(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	tok, err := token.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Service.Store.SaveSession(t.Context(), token.Hash(tok), a.ID, "", time.Now().Add(time.Hour), time.Now()); err != nil {
		t.Fatal(err)
	}
	return desk{t, n, &http.Cookie{Name: "__Host-postern-agent", Value: tok}}
}

// call gives status and answer of a route.
func (d desk) call(method, path string, in any) (int, map[string]any) {
	d.t.Helper()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			d.t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(d.t.Context(), method, d.n.url+path, body)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("X-Postern", "1")
	if d.cookie != nil {
		req.AddCookie(d.cookie)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	out := map[string]any{}
	_ = json.NewDecoder(res.Body).Decode(&out) // an empty answer is one too
	return res.StatusCode, out
}

// signsIn posts to a route that opens a session and gives the desk of whoever that session belongs to.
func (d desk) signsIn(path string, in any) desk {
	d.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		d.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(d.t.Context(), "POST", d.n.url+path, bytes.NewReader(raw))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("X-Postern", "1")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if len(res.Cookies()) != 1 {
		d.t.Fatalf("%s: %s, cookies %v", path, res.Status, res.Cookies())
	}
	return desk{d.t, d.n, res.Cookies()[0]}
}

// ok is call for what must succeed.
func (d desk) ok(method, path string, in any) map[string]any {
	d.t.Helper()
	status, out := d.call(method, path, in)
	if status != http.StatusOK {
		d.t.Fatalf("%s %s: %d %v", method, path, status, out)
	}
	return out
}

// refused is call for what must fail with a code.
func (d desk) refused(code, method, path string, in any) {
	d.t.Helper()
	if _, out := d.call(method, path, in); out["code"] != code {
		d.t.Errorf("%s %s: %v, want %s", method, path, out, code)
	}
}

// Columns: trainee agent senior supervisor editor admin auditor. x = let in, - = 403.
const routeRights = `
GET    /v1/articles                         - - - - x x -
POST   /v1/articles                         - - - - x x -
POST   /v1/articles/preview                 - - - - x x -
POST   /v1/articles/explain                 - - - - x x -
GET    /v1/articles/ar_x                    - - - - x x -
PUT    /v1/articles/ar_x                    - - - - x x -
POST   /v1/articles/ar_x/publish            - - - - x x -
POST   /v1/articles/ar_x/archive            - - - - x x -
POST   /v1/articles/ar_x/review             - - - - x x -
GET    /v1/phrasings                        - - - - x x -
POST   /v1/phrasings                        - - - - x x -
POST   /v1/phrasings/decide                 - - - - x x -
GET    /v1/deflection?days=7                - - - - x x -
GET    /v1/reports?days=7                   - - - - x x -
GET    /v1/conversations/cv_x/article       - - - - x x -
GET    /v1/pins                             - - - - x x -
GET    /v1/pins/test?url=/x                 - - - - x x -
POST   /v1/pins                             - - - - x x -
PUT    /v1/pins/pn_x                        - - - - x x -
DELETE /v1/pins/pn_x                        - - - - x x -
GET    /v1/verification                     - - - x - x x
PUT    /v1/verification/kinds/x             - - - - - x -
PUT    /v1/verification/policy              - - - - - x -
POST   /v1/verification/sources/new         - - - - - x -
POST   /v1/verification/sources/x/test      - - - - - x -
GET    /v1/changes                          - - - x - x x
GET    /v1/audit                            - - - x - x x
GET    /v1/audit/log                        - - - x - x x
GET    /v1/audit/status                     - - - x - x x
GET    /v1/library                          x x x x - x -
POST   /v1/library                          - - - - - x -
PUT    /v1/library/fi_x                     - - - - - x -
DELETE /v1/library/fi_x                     - - - - - x -
GET    /v1/assist                           - - - - - x -
PUT    /v1/assist/mb_x                      - - - - - x -
GET    /v1/spool                            - - - - - x -
GET    /v1/spool/x.eml                      - - - - - x -
GET    /v1/outbox                           - - - - - x -
GET    /v1/machine-mail                     - - - - - x -
PUT    /v1/machine-mail/allowed             - - - - - x -
GET    /v1/webhooks                         - - - - - x -
POST   /v1/webhooks/crm/replay              - - - - - x -
GET    /v1/mailboxes                        x x x x x x x
POST   /v1/mailboxes                        - - - - - x -
PUT    /v1/mailboxes/mb_x                   - - - - - x -
PUT    /v1/mailboxes/mb_x/members           - - - - - x -
GET    /v1/agents                           x x x x x x x
POST   /v1/agents                           - - - - - x -
PUT    /v1/agents/ag_x                      - - - - - x -
POST   /v1/agents/ag_x/link                 - - - - - x -
GET    /v1/availability                     x x x x x x x
PUT    /v1/availability/ag_x                - - - x - x -
POST   /v1/conversations/cv_x/assign        - - - x - x -
POST   /v1/conversations/cv_x/note          - - - x - x -
PUT    /v1/availability/ag_x/away           - - - x - x -
POST   /v1/availability/ag_x/checkin        - - - x - x -
GET    /v1/inactivity                       - - - x - x -
PUT    /v1/inactivity                       - - - - - x -
GET    /v1/staffing                         - - - x - x -
GET    /v1/rules                            - - - - - x -
PUT    /v1/rules                            - - - - - x -
POST   /v1/rules/test                       - - - - - x -
GET    /v1/replies                          x x x x - x -
POST   /v1/replies                          - x x x - x -
PUT    /v1/replies/sr_x                     - x x x - x -
DELETE /v1/replies/sr_x                     - x x x - x -
GET    /v1/overview                         x x x x x x x
GET    /v1/conversations                    x x x x - x -
GET    /v1/conversations/cv_x               x x x x - x -
GET    /v1/clocks?c=cv_x                    x x x x - x -
DELETE /v1/conversations/cv_x               - - - x - x -
GET    /v1/acknowledged                     - - - x - x -
GET    /v1/types                            x x x x x x x
PUT    /v1/types                            - - - - - x -
GET    /v1/endings                          - - - x - x -
GET    /v1/follows                          x x x x - x -
GET    /v1/conversations/cv_x/escalation    x x x x - x -
GET    /v1/conversations/cv_x/ties          x x x x - x -
GET    /v1/conversations/cv_x/mails         x x x x - x -
POST   /v1/mails/ms_x/again                 x x x x - x -
GET    /v1/conversations/cv_x/suggest       x x x x - x -
GET    /v1/mails/ms_x                       x x x x - x -
POST   /v1/conversations/cv_x/draft         x x x x - x -
POST   /v1/conversations/cv_x/summary       x x x x - x -
GET    /v1/conversations/cv_x/history         x x x x - x -
GET    /v1/reads/spent                      - - - x - - -
DELETE /v1/reads/spent/ag_x                 - - - x - - -
GET    /v1/passkeys                         - - x x - x -
POST   /v1/passkeys/begin                   - - x x - x -
POST   /v1/passkeys                         - - x x - x -
POST   /v1/passkeys/pk_x/remove             - - x x - x -
POST   /v1/stepup/begin                     - - x x - x -
POST   /v1/stepup/finish                    - - x x - x -
GET    /v1/conversations/cv_x/account       - - - - - - -
`

// Each role tries each route: who may not is told so and nothing moves; nobody gets in without a session, nor
// with a change and without X-Postern (product.md P96).
func TestRolesByRoute(t *testing.T) {
	n := startNode(t, alone(t))
	desks := map[gateway.Role]desk{}
	for _, r := range gateway.StaffRoles() {
		desks[r] = n.desk(t, string(r), r)
	}
	nobody := desk{t: t, n: n}
	for line := range strings.Lines(strings.TrimSpace(routeRights)) {
		f := strings.Fields(line)
		for i, r := range gateway.StaffRoles() {
			status, answer := desks[r].call(f[0], f[1], map[string]any{"nonsense": true})
			if in := status != http.StatusForbidden; in != (f[2+i] == "x") {
				t.Errorf("%s %s as %s: %d %v, want let in: %s", f[0], f[1], r, status, answer, f[2+i])
			}
			if status >= 500 {
				t.Errorf("%s %s as %s: %d %v", f[0], f[1], r, status, answer)
			}
		}
		if status, _ := nobody.call(f[0], f[1], nil); status != http.StatusUnauthorized {
			t.Errorf("%s %s without a session: %d", f[0], f[1], status)
		}
	}
}

// A staff route that nobody put into the table above is a hole in the test, so it fails.
func TestEveryStaffRouteHasItsRights(t *testing.T) {
	files, err := filepath.Glob("../../gateway/web/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	route := regexp.MustCompile(`a\.(Get|Post|Put|Delete)\("(/v1/[^"]+)", s\.(?:staff\(gateway\.Verb|holding\()`)
	found := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range route.FindAllStringSubmatch(string(text), -1) {
			found++
			path := regexp.MustCompile(`:[a-z]+`).ReplaceAllString(regexp.QuoteMeta(m[2]), `[^/ ?]+`)
			if !regexp.MustCompile(`(?m)^` + strings.ToUpper(m[1]) + ` +` + path + `[ ?]`).MatchString(routeRights) {
				t.Errorf("%s %s of %s has no line in routeRights", m[1], m[2], filepath.Base(f))
			}
		}
	}
	if found < 35 {
		t.Errorf("only %d staff routes found: has their form changed?", found)
	}
}

// An article is found when it is published, under the version that was published, and not before or after.
func TestArticleRoutes(t *testing.T) {
	n := startNode(t, alone(t))
	ed := n.desk(t, "ed", gateway.RoleEditor)
	in := map[string]any{
		"locale": "en", "visibility": "public", "mailboxes": []string{}, "title": "Return a parcel", "summary": "", "tags": []string{"returns"},
		"phrasings": []string{"How do I send it back?"}, "body": "Print the **label**. <script>x</script>", "note": "", "version": 0,
	}
	made := ed.ok("POST", "/v1/articles", in)["article"].(map[string]any)
	path := "/v1/articles/" + made["id"].(string)
	if made["status"] != "draft" || made["published"] != 0.0 {
		t.Errorf("a new article: %v", made)
	}
	if _, ok := n.Service.Index.Any(made["id"].(string)); ok {
		t.Error("a draft is found")
	}
	ed.ok("POST", path+"/publish", map[string]any{"version": 1})
	waitFor(t, "the index to have it", func() bool { _, ok := n.Service.Index.Public(made["id"].(string)); return ok })
	in["version"], in["body"] = 1, "Second text"
	ed.ok("PUT", path, in)
	if status, answer := ed.call("PUT", path, in); status != http.StatusConflict || answer["code"] != "conflict" {
		t.Errorf("saved on an old version: %d %v, want 409 conflict", status, answer)
	}
	if a, _ := n.Service.Index.Public(made["id"].(string)); !strings.Contains(a.Version.Body, "label") {
		t.Errorf("a draft shows: %q", a.Version.Body)
	}
	ed.refused("not_found", "POST", path+"/publish", map[string]any{"version": 9})
	shown := ed.ok("GET", path+"?version=1", nil)
	if v := shown["versions"].([]any); len(v) != 2 || v[1].(map[string]any)["body"] != "Print the **label**. <script>x</script>" {
		t.Errorf("versions: %v", v)
	}
	nodes, _ := json.Marshal(ed.ok("POST", "/v1/articles/preview", map[string]any{"body": "<b onclick=x>hi</b> **bold**"})["nodes"])
	if !bytes.Contains(nodes, []byte(`"bold"`)) && !bytes.Contains(nodes, []byte(`"b"`)) {
		t.Errorf("preview: %s", nodes)
	}
	ed.ok("POST", path+"/archive", map[string]any{})
	waitFor(t, "the index to lose it", func() bool { _, ok := n.Service.Index.Any(made["id"].(string)); return !ok })
	for name, bad := range map[string]map[string]any{
		"invalid": {"title": " ", "body": "x", "locale": "en"}, "too_large": {"title": strings.Repeat("x", 201), "body": "x", "locale": "en"},
	} {
		ed.refused(name, "POST", "/v1/articles", bad)
	}
	ed.pins(made["id"].(string))
}

func (d desk) pins(article string) {
	d.t.Helper()
	pin := d.ok("POST", "/v1/pins", map[string]any{"article": article, "pattern": "/orders/*", "order": 1})["pin"].(map[string]any)
	if hit := d.ok("GET", "/v1/pins/test?url=https%3A%2F%2Fshop.test%2Forders%2F7%3Fa%3D1", nil)["pins"].([]any); len(hit) != 1 {
		d.t.Errorf("the pin does not hold: %v", hit)
	}
	if hit := d.ok("GET", "/v1/pins/test?url=/plans", nil)["pins"].([]any); len(hit) != 0 {
		d.t.Errorf("the pin holds elsewhere: %v", hit)
	}
	d.refused("invalid", "POST", "/v1/pins", map[string]any{"article": article, "pattern": "javascript:x"})
	d.refused("invalid", "POST", "/v1/pins", map[string]any{"article": "ar_none", "pattern": "/x"})
	d.refused("not_found", "PUT", "/v1/pins/pn_none", map[string]any{"article": article, "pattern": "/x"})
	d.ok("DELETE", "/v1/pins/"+pin["id"].(string), nil)
	d.refused("not_found", "DELETE", "/v1/pins/"+pin["id"].(string), nil)
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited for %s", what)
		}
	}
}

// The admin page shows the files, sends a test event that moves nothing, and can switch a kind off on every
// node; on again needs somebody else and time. A new source's secret is in its answer only.
func TestVerificationRoutes(t *testing.T) {
	h := newSite(t)
	n := startNode(t, h.config(t, alone(t)))
	h.gate = n
	ann, bob := n.desk(t, "ann", gateway.RoleAdmin), n.desk(t, "bob", gateway.RoleAdmin)
	k := n.talk(t)
	change, address := k.offer(t)
	if last := ann.ok("POST", "/v1/verification/sources/shop/test", map[string]any{})["last"].(map[string]any); last["reason"] != nil || last["test"] != true {
		t.Errorf("test event: %v", last)
	}
	if row, err := n.store.ledger.Change(t.Context(), change); err != nil || row.State != "challenged" {
		t.Errorf("after a test event the change is %s, %v; want challenged", row.State, err)
	}
	ann.refused("not_found", "POST", "/v1/verification/sources/none/test", map[string]any{})
	shown := ann.ok("GET", "/v1/verification", nil)
	if src := shown["sources"].([]any)[0].(map[string]any); src["last"] == nil || src["url"] != n.url+"/v1/events/shop" {
		t.Errorf("source: %v", src)
	}
	if raw, _ := json.Marshal(shown); bytes.Contains(raw, []byte("whsec_")) || shown["off"] != "" {
		t.Errorf("the page's data: %s", raw)
	}
	made := ann.ok("POST", "/v1/verification/sources/new", map[string]any{"name": "crm", "host": "shop"})
	if !strings.HasPrefix(made["secret"].(string), "whsec_") || !strings.Contains(made["lines"].(string), `host = "shop"`) {
		t.Errorf("new source: %v", made)
	}
	again := ann.ok("POST", "/v1/verification/sources/new", map[string]any{"name": "crm", "host": "shop"})
	if again["secret"] == made["secret"] {
		t.Error("the same secret twice")
	}
	ann.refused("conflict", "POST", "/v1/verification/sources/new", map[string]any{"name": "shop", "host": "shop"})
	ann.refused("invalid", "POST", "/v1/verification/sources/new", map[string]any{"name": "a b", "host": "shop"})

	kind := "/v1/verification/kinds/renewal.cancel"
	ann.ok("PUT", kind, map[string]any{"off": true})
	draft := map[string]any{"conversation": k.cv, "kind": "renewal.cancel", "fields": map[string]string{"plan": "plus"}}
	k.mia.refused("unavailable", "change.draft", draft)
	if status, answer := h.press(t, address, verify.LoginConfirmed, nil); status == http.StatusOK || h.changes(t) != 0 {
		t.Errorf("a login for a kind that is off: %d %v", status, answer)
	}
	for _, d := range []desk{ann, bob} { // both are admins since a moment ago
		d.stepsUp().refused("forbidden", "PUT", kind, map[string]any{"off": false})
	}
	k.mia.refused("unavailable", "change.draft", draft)
	ann.refused("not_found", "PUT", "/v1/verification/kinds/none.such", map[string]any{"off": true})

	if a := ann.ok("GET", "/v1/audit", nil); a["ok"] != true || a["without_proof"] != 0.0 || a["leaves"].(float64) < 3 {
		t.Errorf("audit: %v", a)
	}
	list := ann.ok("GET", "/v1/changes", nil)["changes"].([]any)
	if c := list[0].(map[string]any); c["id"] != change || len(c["timeline"].([]any)) != 4 || c["fields"] != nil {
		t.Errorf("changes: %v", c)
	}
}

// Outside the demo nobody reads mails here, whatever is configured; without a smart host the overview says where
// they stay.
func TestSpoolOnlyInTheDemo(t *testing.T) {
	for host, want := range map[string]string{"": "spooled", "mail.example.test": "ok"} {
		c := alone(t)
		c.SMTP.Host = host
		n := startNode(t, c)
		ann := n.desk(t, "ann", gateway.RoleAdmin)
		dir := filepath.Join(c.Data, "spool")
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "ms_1.eml"), []byte("Subject: x\r\n\r\nx\r\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
		ann.refused("not_found", "GET", "/v1/spool", nil)
		ann.refused("not_found", "GET", "/v1/spool/ms_1.eml", nil)
		if got := ann.ok("GET", "/v1/overview", nil)["health"].(map[string]any)["mail"]; got != want {
			t.Errorf("smart host %q: the overview says %v, want %s", host, got, want)
		}
	}
}

// The demo's spool viewer opens mails of the spool and nothing else.
func TestSpoolRoutes(t *testing.T) {
	d := startedDemo(t, t.TempDir())
	defer func() { _ = d.close(context.Background()) }()
	ann := (&node{App: d.app, url: d.app.URL.String()}).desk(t, "ann", gateway.RoleAdmin)
	if list := ann.ok("GET", "/v1/spool", nil)["mail"].([]any); len(list) != 0 {
		t.Errorf("an empty spool: %v", list)
	}
	dir := filepath.Join(d.data, "spool")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	letter := "From: Support <support@shop.test>\r\nTo: vic@example.test\r\nSubject: =?UTF-8?q?Gr=C3=BC=C3=9Fe?=\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nA =3D <b>B</b>\r\n"
	if err := os.WriteFile(filepath.Join(dir, "ms_1.eml"), []byte(letter), 0o600); err != nil {
		t.Fatal(err)
	}
	m := ann.ok("GET", "/v1/spool/ms_1.eml", nil)["mail"].(map[string]any)
	if m["subject"] != "Grüße" || m["text"] != "A = <b>B</b>\n" || m["to"] != "vic@example.test" {
		t.Errorf("mail: %v", m)
	}
	for _, name := range []string{"..%2Fpostern.db", "ms_1.eml.part", "%2e%2e%2fsecret", "ms_2.eml"} {
		ann.refused("not_found", "GET", "/v1/spool/"+name, nil)
	}
}

// A session token of the mailbox's host names the browser's only possible subject, once; all else is refused
// alike and leaves it anonymous (product.md P113, abuse row A08).
func TestIdentify(t *testing.T) {
	h := newSite(t)
	c := h.config(t, alone(t))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	c.Hosts[0].SessionKeyFile = filepath.Join(t.TempDir(), "shop.pub.pem")
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if err := os.WriteFile(c.Hosts[0].SessionKeyFile, public, 0o600); err != nil {
		t.Fatal(err)
	}
	n := startNode(t, c)
	n.box.Host = "shop"
	if n.box, _, err = n.Service.Store.SaveMailbox(t.Context(), n.box, gateway.System(), time.Now()); err != nil {
		t.Fatal(err)
	}
	vic := n.dial(t, nil)
	newBrowser(t).hello(t, vic, nil)
	now := time.Now().Unix()
	claims := func(jti string, bend func(map[string]any)) string {
		m := map[string]any{"iss": audience, "aud": "support", "sub": "u-vic", "iat": now, "exp": now + 300, "jti": jti, "name": "Vic"}
		bend(m)
		return sign(t, key, "postern-session+jwt", m)
	}
	same := func(map[string]any) {}
	for name, bend := range map[string]func(map[string]any){
		"no exp":          func(m map[string]any) { delete(m, "exp") },
		"too long":        func(m map[string]any) { m["exp"] = now + 301 },
		"over":            func(m map[string]any) { m["iat"], m["exp"] = now-400, now-100 },
		"from the future": func(m map[string]any) { m["iat"], m["exp"] = now+60, now+200 },
		"other mailbox":   func(m map[string]any) { m["aud"] = "billing" },
		"a list of auds":  func(m map[string]any) { m["aud"] = []string{"support"} },
		"other issuer":    func(m map[string]any) { m["iss"] = "https://evil.test" },
		"no subject":      func(m map[string]any) { m["sub"] = "" },
		"no jti":          func(m map[string]any) { delete(m, "jti") },
		"unknown claim":   func(m map[string]any) { m["admin"] = true },
	} {
		t.Log(name)
		vic.refused("unauthenticated", "identify", map[string]any{"token": claims("bad", bend)})
	}
	m := map[string]any{"iss": audience, "aud": "support", "sub": "u-vic", "iat": now, "exp": now + 300, "jti": "x"}
	for _, bad := range []string{
		sign(t, public, "postern-session+jwt", m), sign(t, key, "JWT", m), "a.b.c", "",
	} {
		vic.refused("unauthenticated", "identify", map[string]any{"token": bad})
	}
	good := claims("one", same)
	if got := vic.ok("identify", map[string]any{"token": good})["identity"].(map[string]any); got["how"] != "signed" || got["name"] != "Vic" || got["subject"] != nil {
		t.Errorf("identity: %v", got)
	}
	vic.refused("unauthenticated", "identify", map[string]any{"token": good})
	cv := vic.ok("conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "hi", "ticket": true})["conversation"].(map[string]any)["id"].(string)
	row := n.desk(t, "ann", gateway.RoleAdmin).ok("GET", "/v1/conversations/"+cv, nil)["conversation"].(map[string]any)
	if raw, _ := json.Marshal(row); row["identity"].(map[string]any)["how"] != "signed" || bytes.Contains(raw, []byte("u-vic")) {
		t.Errorf("what staff reads: %s", raw)
	}
	n.agent(t, 0).refused("forbidden", "identify", map[string]any{"token": claims("two", same)})
}

// sign makes a token by hand: ES256 for an ECDSA key, HS256 for bytes.
func sign(t *testing.T, key any, typ string, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	alg := "ES256"
	if _, mac := key.([]byte); mac {
		alg = "HS256"
	}
	text := part(map[string]string{"alg": alg, "typ": typ, "kid": "shop"}) + "." + part(claims)
	sig := make([]byte, 64)
	switch key := key.(type) {
	case []byte:
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		sig = m.Sum(nil)
	case *ecdsa.PrivateKey:
		sum := sha256.Sum256([]byte(text))
		r, v, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		r.FillBytes(sig[:32])
		v.FillBytes(sig[32:])
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}
