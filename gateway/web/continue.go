package web

import (
	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// continueRoutes serve the page that a mail's link into a chat opens. The token is in the fragment, and comes in bodies
// only; getting the page changes nothing, for mail scanners get every link.
func (s *Server) continueRoutes(a *fiber.App) {
	a.Get("/continue/:mailbox", s.continuePage)
	a.Post("/v1/continue/look", s.byLink(s.lookContinue))
}

// continuePage embeds the widget. Whoever comes with a link that is not valid can talk to the mailbox all the same.
func (s *Server) continuePage(c *fiber.Ctx) error {
	mb, err := s.svc.Store.MailboxBySlug(c.UserContext(), c.Params("mailbox"))
	if err != nil && gateway.CodeOf(err) != "not_found" {
		return err
	}
	if err := s.shell(c, "continue", "'none'", shellData{Title: "Postern", Mailbox: mb.Slug}); err != nil {
		return err
	}
	if policy := string(c.Response().Header.Peek(fiber.HeaderContentSecurityPolicy)); policy != "" {
		c.Set(fiber.HeaderContentSecurityPolicy, policy+"; frame-src 'self'")
	}
	return nil
}

// lookContinue tells the page which widget to open, and whether earlier words can be read there after a login.
func (s *Server) lookContinue(c *fiber.Ctx) (any, error) {
	var in linkArgs
	if err := body(c, &in); err != nil {
		return nil, err
	}
	l, err := s.svc.LookContinue(c.UserContext(), in.Token)
	if err != nil {
		return nil, err
	}
	return fiber.Map{"mailbox": l.Mailbox, "name": l.Name, "locale": l.Locale, "tickets": l.Tickets}, nil
}
