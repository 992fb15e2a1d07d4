package web

import (
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// CallbackPath is where a provider sends the browser back to, under the public URL.
const CallbackPath = "/verify/callback"

// loginCookie binds a login at a provider to one browser. A Lax cookie comes along when the provider redirects
// here, and on no request that another site makes.
const loginCookie = "__Host-postern"

// verifyRoutes are way 2 of the gate (proof-gate.md §3.7). Their pages are never framed.
func (s *Server) verifyRoutes(a *fiber.App) {
	a.Use("/verify", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'")
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.Next()
	})
	page := func(c *fiber.Ctx) error { return s.verifyPage(c, fiber.StatusOK, "") }
	a.Get("/verify/start", page)
	a.Post("/verify/start", s.startLogin)
	a.Get(CallbackPath, s.loginBack)
	a.Get("/verify/confirm", page)
	a.Get("/verify/login", s.confirmation)
	a.Post("/verify/press", s.press)
}

// verifyPage serves the page that starts, confirms, or says in neutral words why there is nothing to confirm.
func (s *Server) verifyPage(c *fiber.Ctx, status int, code string) error {
	if !s.ui.built() && status != fiber.StatusOK {
		return c.Status(status).SendString(code)
	}
	c.Status(status)
	return s.shell(c, "verify", "'none'", shellData{Title: "Confirm", Code: code})
}

// ours refuses what no page of ours can have sent: a foreign origin, or no header that a form cannot set.
func (s *Server) ours(c *fiber.Ctx) error {
	origin := c.Get(fiber.HeaderOrigin)
	if c.Get("X-Postern") != "1" || origin != "" && origin != s.opt.PublicURL.Scheme+"://"+s.opt.PublicURL.Host {
		return gateway.Forbidden()
	}
	return nil
}

// startLogin trades a start token for a cookie and the address of the provider's login.
func (s *Server) startLogin(c *fiber.Ctx) error {
	var in struct {
		Token string `json:"token"`
	}
	if err := s.ours(c); err != nil {
		return err
	}
	if err := body(c, &in); err != nil {
		return err
	}
	if !s.limits.challenge(s.addr(c)) {
		return gateway.TooMany(10_000)
	}
	st, err := s.svc.StartLogin(c.UserContext(), in.Token)
	if err != nil {
		return err
	}
	life := st.Until.Sub(s.svc.Now())
	c.Cookie(&fiber.Cookie{
		Name: loginCookie, Value: st.Cookie, Path: "/", Secure: true, HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode,
		MaxAge: int(min(verify.ChallengeLife, max(life, time.Second)).Seconds()),
	})
	return c.JSON(fiber.Map{"next": st.URL})
}

// loginBack takes the provider's answer. What people read is neutral; the log has the reason.
func (s *Server) loginBack(c *fiber.Ctx) error {
	if !s.limits.login("callback " + s.addr(c)) {
		return s.verifyPage(c, fiber.StatusTooManyRequests, "too_many")
	}
	v, err := s.svc.ReturnLogin(c.UserContext(), c.Cookies(loginCookie), verify.LoginAnswer{
		State: c.Query("state"), Code: c.Query("code"), Iss: c.Query("iss"), Error: c.Query("error"),
	})
	reason := v.Reason
	if err != nil {
		reason = verify.ReasonOf(err)
	}
	if v.Source != "" {
		s.remember(c.UserContext(), v.Source, lastEvent{At: ms(s.svc.Now()), Reason: reason})
	}
	if err == nil {
		return c.Redirect("/verify/confirm", fiber.StatusSeeOther)
	}
	code := gateway.CodeOf(err)
	if code == "internal" {
		s.log.Error("login at a provider", "err", err)
	} else {
		s.log.Info("login at a provider refused", "source", v.Source, "reason", reason)
	}
	return s.verifyPage(c, problemOf(code).Status, neutral(reason, code))
}

// neutral is the code that a page may show: reasons that teach nothing about an account, and nothing else.
func neutral(r verify.Reason, code string) string {
	switch r {
	case verify.StateInvalid:
		return "state"
	case verify.ChallengeExpired, verify.StartExpired:
		return "proof_expired"
	case verify.IDPUnavailable, verify.PolicyUnavailable, verify.GuardUnavailable:
		return "unavailable"
	}
	if code == "internal" {
		return code
	}
	return "proof_refused"
}

// confirmView is what the confirm page draws. Words come from the kind, values from the frozen change.
type confirmView struct {
	State    verify.State      `json:"state"`
	Approved bool              `json:"approved"`
	Title    map[string]string `json:"title,omitempty"`
	Fields   []confirmField    `json:"fields"`
	Site     string            `json:"site,omitempty"`
	Account  string            `json:"account,omitempty"`
	Started  int64             `json:"started,omitempty"` // unix seconds
	Browser  string            `json:"browser,omitempty"`
	Mailbox  string            `json:"mailbox,omitempty"`
	Until    int64             `json:"until,omitempty"` // unix ms
	Return   string            `json:"return"`
}

type confirmField struct {
	Label map[string]string `json:"label"`
	Value string            `json:"value"`
}

func (s *Server) confirmation(c *fiber.Ctx) error {
	d, err := s.svc.Confirmation(c.UserContext(), c.Cookies(loginCookie))
	if err != nil {
		return err
	}
	v := confirmView{
		State: d.State, Approved: d.Approved, Title: d.Kind.Title, Site: d.Site, Account: d.Account,
		Started: d.Talk.Started, Browser: d.Talk.Browser, Mailbox: d.Talk.Mailbox, Return: d.Return, Fields: []confirmField{},
	}
	if !d.Until.IsZero() {
		v.Until = ms(d.Until)
	}
	for _, f := range d.Kind.Fields { // in the order of the kind, each exactly once
		if value, ok := d.Change.Fields[f.Name]; ok {
			v.Fields = append(v.Fields, confirmField{Label: f.Label, Value: value})
		}
	}
	return c.JSON(v)
}

// press takes Approve, Deny or Not me. next is the starting page, with the finish token only after Approve.
func (s *Server) press(c *fiber.Ctx) error {
	var in struct {
		Choice string `json:"choice"`
	}
	if err := s.ours(c); err != nil {
		return err
	}
	if err := body(c, &in); err != nil {
		return err
	}
	v, err := s.svc.PressLogin(c.UserContext(), c.Cookies(loginCookie), in.Choice)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"next": v.Return})
}
