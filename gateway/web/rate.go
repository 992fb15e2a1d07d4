package web

import (
	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// rateRoutes serve the page that the link of a mail opens. The token comes in bodies only, so that no log
// and no other site sees it; getting the page changes nothing, for mail scanners get every link.
func (s *Server) rateRoutes(a *fiber.App) {
	a.Get("/rate", s.appPage("rate"))
	a.Post("/v1/rating/look", s.byLink(s.lookRating))
	a.Post("/v1/rating", s.byLink(s.giveRating))
}

// byLink lets whoever holds a link try, so often per address, and never by a form of another site.
func (s *Server) byLink(h func(c *fiber.Ctx) (any, error)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if c.Get("X-Postern") != "1" {
			return gateway.Forbidden()
		}
		if !s.limits.rating(s.addr(c)) {
			return gateway.TooMany(10_000)
		}
		return s.answer(c, func() (any, error) { return h(c) })
	}
}

func (s *Server) lookRating(c *fiber.Ctx) (any, error) {
	var in struct {
		Token string `json:"token"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	l, err := s.svc.LookRating(c.UserContext(), in.Token)
	if err != nil {
		return nil, err
	}
	return fiber.Map{"state": l.State, "stars": l.Stars, "mailbox": l.Mailbox, "locale": l.Locale}, nil
}

func (s *Server) giveRating(c *fiber.Ctx) (any, error) {
	var in struct {
		Token string `json:"token"`
		Stars int    `json:"stars"`
		Text  string `json:"text"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	return nil, s.svc.RateByLink(c.UserContext(), in.Token, in.Stars, in.Text)
}
