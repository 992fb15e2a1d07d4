package web

import (
	"bytes"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// keyRoutes are all that an API key opens: it drafts, and an agent looks at the draft before anybody else does.
func (s *Server) keyRoutes(a *fiber.App) {
	a.Post("/v1/conversations/:id/drafts", s.keyed(s.draftByKey))
}

// keyed lets a living API key in. It is a Bearer token and never a cookie, so no page of a browser carries it.
func (s *Server) keyed(h func(c *fiber.Ctx, key gateway.APIKey) (any, error)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		t, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), bearerStart)
		if !ok || t == "" || len(t) > 100 {
			return gateway.Unauthenticated()
		}
		key, err := s.svc.Store.APIKey(c.UserContext(), s.opt.Passwords.TokenHash("key\n"+t))
		if gateway.CodeOf(err) == "not_found" {
			return gateway.Unauthenticated()
		}
		if err != nil {
			return err
		}
		if !s.limits.challenge("key " + string(key.ID)) {
			return gateway.TooMany(10_000)
		}
		return s.answer(c, func() (any, error) { return h(c, key) })
	}
}

func (s *Server) draftByKey(c *fiber.Ctx, key gateway.APIKey) (any, error) {
	raw := bytes.Clone(c.Context().Request.Body()) // the gate's own strict reader sees every key
	row, err := s.svc.DraftByKey(c.UserContext(), key, gateway.ID(strings.Clone(c.Params("id"))), raw)
	if err != nil {
		return nil, err
	}
	return fiber.Map{"change": s.viewChange(row, true)}, nil
}
