package site_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/postern-chat/postern/verify"
)

func TestSignUpAndIn(t *testing.T) {
	s := newShop(t)
	b := s.browser()
	good := []string{"name", "Kim Farrow", "email", "Kim@Example.com", "address", "3 Mill Row", "password", "ten characters"}
	for name, bad := range map[string][]string{
		"no e-mail": {"email", "kim"}, "a name e-mail": {"email", "Kim <kim@example.com>"}, "short": {"password", "short"}, "long": {"password", strings.Repeat("x", 73)},
		"no name": {"name", " "}, "invisible": {"name", "Kim\u202efarrow"}, "taken": {"email", "robin@example.com"},
	} {
		b.get("/signup")
		if code := b.send("/signup", append(append([]string(nil), good...), bad...)...); code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", name, code)
		}
	}
	b.get("/signup")
	if code := b.send("/signup", good...); code != http.StatusSeeOther {
		t.Fatalf("sign up: %d %s", code, b.page)
	}
	if b.get("/account"); !strings.Contains(b.page, "Hello, Kim Farrow") {
		t.Error("not signed in after the sign-up")
	}
	b.send("/signout")
	if code := b.get("/account"); code != http.StatusSeeOther {
		t.Errorf("account after signing out: %d, want a redirect", code)
	}
	for _, away := range []string{"//evil.example", "/\t/evil.example", "/\\evil.example", "/\r\n/evil.example", "https://evil.example"} {
		b.get("/signin")
		code := b.send("/signin", "email", "kim@example.com", "password", "ten characters", "next", away)
		if code != http.StatusSeeOther || b.head.Get("Location") != "/account" {
			t.Errorf("sign in with next %q: %d to %q", away, code, b.head.Get("Location"))
		}
	}
}

func TestLimits(t *testing.T) {
	s := newShop(t)
	b := s.browser()
	b.get("/signin")
	for i := range 8 {
		if b.send("/signin", "email", "robin@example.com", "password", "wrong"); !strings.Contains(b.page, "do not match") {
			t.Fatalf("attempt %d: %s", i, b.page)
		}
	}
	if b.send("/signin", "email", "robin@example.com", "password", password); !strings.Contains(b.page, "too many attempts") {
		t.Error("the ninth attempt was let through")
	}
	s.later(10 * time.Minute)
	if code := b.send("/signin", "email", "robin@example.com", "password", password); code != http.StatusSeeOther {
		t.Errorf("after ten minutes: %d", code)
	}
	for range 20 {
		s.browser().signUp(t)
	}
	c := s.browser()
	c.get("/signup")
	if c.send("/signup", "name", "X", "email", "last@example.com", "address", "A", "password", password); !strings.Contains(c.page, "Too many accounts") {
		t.Error("the 21st account was opened")
	}
}

func (b *browser) signUp(t *testing.T) {
	t.Helper()
	b.get("/signup")
	// A used e-mail counts as an attempt, and costs less than an account.
	b.send("/signup", "name", "X", "email", "robin@example.com", "address", "A", "password", password)
}

func TestSettings(t *testing.T) {
	s := newShop(t)
	b, other := s.browser(), s.browser()
	b.signIn("robin@example.com")
	other.signIn("robin@example.com")
	before := s.dump()
	b.get("/account/settings")
	for name, form := range map[string][]string{
		"email without password": {"email", "value", "r@example.com", "password", "wrong"},
		"somebody's email":       {"email", "value", "sasha@example.com", "password", password},
		"no address":             {"address", "value", ""},
		"short password":         {"password", "value", "short", "password", password},
	} {
		if code := b.send("/account/settings/"+form[0], form[1:]...); code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", name, code)
		}
	}
	if code := b.send("/account/settings/email", "value", "x@example.com", "password", password, "csrf", "forged"); code != http.StatusForbidden {
		t.Errorf("forged form: %d", code)
	}
	if s.dump() != before {
		t.Fatal("a refused setting has changed the account")
	}
	b.get("/account/settings")
	for _, form := range [][]string{
		{"email", "value", "robin.a@example.com", "password", password},
		{"address", "value", "9 New Street"},
		{"newsletter"},
		{"password", "value", "another password", "password", password},
	} {
		if code := b.send("/account/settings/"+form[0], form[1:]...); code != http.StatusSeeOther {
			t.Errorf("%s: %d %s", form[0], code, b.page)
		}
		b.get("/account/settings")
	}
	if code := other.get("/account"); code != http.StatusSeeOther {
		t.Errorf("another browser is signed in after a new password: %d", code)
	}
	for _, want := range []string{"robin.a@example.com", "9 New Street"} {
		if !strings.Contains(s.dump(), want) {
			t.Errorf("%s was not saved", want)
		}
	}
}

// The plan can be cancelled, resumed and switched by its owner alone; other people's orders do not exist.
func TestPlanAndOrders(t *testing.T) {
	s := newShop(t)
	b := s.browser()
	b.signIn("robin@example.com")
	b.get("/account/plan")
	for _, step := range []struct{ path, plan, want string }{
		{"cancel", "plus", "Renewal off"},
		{"resume", "plus", "Renews"},
		{"switch", "basic", "Tea Post Basic"},
	} {
		b.send("/account/plan/"+step.path, "plan", step.plan)
		if b.get("/account/plan"); !strings.Contains(b.page, step.want) {
			t.Errorf("%s: the page lacks %q", step.path, step.want)
		}
	}
	if b.get("/account/orders/Q-10446"); !strings.Contains(b.page, "Lantern Oolong") {
		t.Error("an own order is not shown")
	}
	if code := b.get("/account/orders/Q-10419"); code != http.StatusNotFound {
		t.Errorf("somebody's order: %d, want 404", code)
	}
	b.get("/teas/hedgerow")
	if code := b.send("/account/orders", "product", "hedgerow", "quantity", "2"); code != http.StatusSeeOther {
		t.Fatalf("order: %d", code)
	}
	if b.get(b.head.Get("Location")); !strings.Contains(b.page, "€17.00") {
		t.Error("the new order is not shown")
	}
}

func TestSessionToken(t *testing.T) {
	s := newShop(t)
	b := s.browser()
	ask := func(box, header, origin string) (int, string) {
		req, _ := http.NewRequest("POST", s.url+"/support-token?mailbox="+box, nil)
		req.Header.Set("X-Shop", header)
		req.Header.Set("Origin", origin)
		return b.do(req), b.page
	}
	if code, _ := ask("orders", "1", s.url); code != http.StatusNoContent {
		t.Errorf("nobody signed in: %d, want 204", code)
	}
	b.signIn("robin@example.com")
	if code, _ := ask("orders", "", s.url); code != http.StatusForbidden {
		t.Errorf("without our header: %d", code)
	}
	if code, _ := ask("orders", "1", "https://evil.example"); code != http.StatusForbidden {
		t.Errorf("from another site: %d", code)
	}
	if code, _ := ask("nobody", "1", s.url); code != http.StatusForbidden {
		t.Errorf("an unknown mailbox: %d", code)
	}
	seen := map[string]bool{}
	for range 2 {
		_, text := ask("accounts", "1", s.url)
		var got struct{ Token string }
		_ = json.Unmarshal([]byte(text), &got)
		pub := &s.SessionKey.PublicKey
		o, err := verify.Door{Keys: verify.KeySet{{ID: "shop", Alg: "ES256", Public: pub}}, Typ: "postern-session+jwt"}.Open(got.Token, s.now())
		if err != nil {
			t.Fatal(err)
		}
		var claims jwt.RegisteredClaims
		_ = json.Unmarshal(body(t, o), &claims)
		if claims.Subject != "cu_robin" || claims.Issuer != s.url || string(o["aud"]) != `"accounts"` || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > 5*time.Minute || seen[claims.ID] ||
			string(o["class"]) != `"plus"` || string(o["status"]) != `"active"` {
			t.Errorf("claims: %s", body(t, o))
		}
		seen[claims.ID] = true
	}
}

// Pages carry no inline script or style, name the gateway only where the widget is, and are never framed.
func TestEveryPage(t *testing.T) {
	s := newShop(t)
	b := s.browser()
	b.signIn("robin@example.com")
	for _, p := range []string{
		"/", "/teas", "/teas/clay-pot", "/plan", "/help", "/support/orders", "/support/accounts", "/support/wholesale", "/signin", "/signup", "/forgot", "/reset",
		"/account", "/account/orders", "/account/orders/Q-10446", "/account/plan", "/account/settings", "/account/security",
	} {
		code := b.get(p)
		csp, widget := b.head.Get("Content-Security-Policy"), p != "/reset" // which is opened with a secret
		if code != http.StatusOK || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src 'self' "+s.gate.URL) != widget {
			t.Errorf("%s: %d %s", p, code, csp)
		}
		if strings.Contains(b.page, "style=") || strings.Contains(b.page, "<script>") || strings.Contains(b.page, s.gate.URL+"/widget/loader.js") != widget {
			t.Errorf("%s: inline code, or no widget", p)
		}
	}
	if b.get("/support/wholesale"); !strings.Contains(b.page, `loader.js" data-mailbox="wholesale"`) {
		t.Error("the wholesale page speaks to another mailbox")
	}
	if b.get("/help?mailbox=accounts"); !strings.Contains(b.page, `loader.js" data-mailbox="accounts"`) {
		t.Error("?mailbox= is not heard")
	}
	for _, pic := range []string{"clay-pot.svg", "hero.svg", "mark.svg", "shop.css", "support.js", "reset.js"} {
		if code := b.get("/static/" + pic); code != http.StatusOK {
			t.Errorf("%s: %d", pic, code)
		}
	}
	if code := b.get("/no/such/page"); code != http.StatusNotFound {
		t.Errorf("no such page: %d", code)
	}
}
