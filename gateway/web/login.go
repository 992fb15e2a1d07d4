package web

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// sessionLife is how long an agent stays signed in.
const sessionLife = 12 * time.Hour

// login signs an agent in. Wrong e-mail, wrong password and a disabled agent get the same answer after the
// same work.
func (s *Server) login(c *fiber.Ctx) error {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if c.Get("X-Postern") != "1" {
		return gateway.Forbidden()
	}
	if err := body(c, &in); err != nil {
		return err
	}
	email := strings.ToLower(strings.TrimSpace(in.Email))
	if !s.limits.login(s.addr(c)) || !s.limits.login("mail "+email) {
		return gateway.TooMany(10_000)
	}
	a, err := s.svc.Store.AgentByEmail(c.UserContext(), email)
	if err != nil && gateway.CodeOf(err) != "not_found" {
		return err
	}
	phc := ""
	if err == nil && a.DisabledAt.IsZero() {
		if phc, err = s.svc.Store.Password(c.UserContext(), a.ID); err != nil && gateway.CodeOf(err) != "not_found" {
			return err
		}
	}
	if !s.opt.Passwords.Check(phc, in.Password) {
		return gateway.Unauthenticated()
	}
	if err := s.openSession(c, a.ID); err != nil {
		return err
	}
	return c.JSON(fiber.Map{"agent": viewAgent(a)})
}

func (s *Server) openSession(c *fiber.Ctx, agent gateway.ID) error {
	t, err := s.opt.Passwords.Token()
	if err != nil {
		return err
	}
	now := s.svc.Now()
	if err := s.svc.Store.SaveSession(c.UserContext(), s.opt.Passwords.TokenHash(t), agent, deviceOf(c.Get(fiber.HeaderUserAgent)), now.Add(sessionLife), now); err != nil {
		return err
	}
	c.Cookie(&fiber.Cookie{
		Name: agentCookie, Value: t, Path: "/", Secure: true, HTTPOnly: true,
		SameSite: fiber.CookieSameSiteStrictMode, MaxAge: int(sessionLife.Seconds()),
	})
	return nil
}

func (s *Server) logout(c *fiber.Ctx, who gateway.Caller) (any, error) {
	if err := s.svc.Store.EndSession(c.UserContext(), s.opt.Passwords.TokenHash(c.Cookies(agentCookie))); err != nil {
		return nil, err
	}
	c.Cookie(&fiber.Cookie{
		Name: agentCookie, Path: "/", Secure: true, HTTPOnly: true, SameSite: fiber.CookieSameSiteStrictMode, MaxAge: -1,
	})
	s.presence.signOut(who.Actor.ID)
	return nil, nil
}

func (s *Server) me(c *fiber.Ctx, who gateway.Caller) (any, error) {
	a, err := s.svc.Store.Agent(c.UserContext(), who.Actor.ID)
	if err != nil {
		return nil, err
	}
	return fiber.Map{"agent": viewAgent(a)}, nil
}

// setPassword takes the one-time link of a new agent: its token is a session that can do this and nothing
// else, and it ends with it.
func (s *Server) setPassword(c *fiber.Ctx) error {
	var in struct {
		Token    string `json:"token"`
		Password string `json:"password"`
	}
	if c.Get("X-Postern") != "1" {
		return gateway.Forbidden()
	}
	if err := body(c, &in); err != nil {
		return err
	}
	if !s.limits.login(s.addr(c)) {
		return gateway.TooMany(10_000)
	}
	phc, err := s.opt.Passwords.Hash(in.Password)
	if err != nil {
		return err
	}
	link := s.opt.Passwords.TokenHash("link\n" + in.Token)
	a, err := s.svc.Store.Session(c.UserContext(), link, s.svc.Now())
	if err != nil {
		return gateway.Gone()
	}
	if err := s.svc.Store.SetPassword(c.UserContext(), a.ID, phc, s.svc.Now()); err != nil {
		return err
	}
	if err := s.openSession(c, a.ID); err != nil {
		return err
	}
	return c.JSON(fiber.Map{"agent": viewAgent(a.Agent)})
}
