package web

import (
	"strings"
	"time"
	"unicode"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

const (
	prefixPin  = "pn_"
	maxPattern = 500 // bytes
	maxPins    = 1000
)

// pinRoutes pin articles to pages.
func (s *Server) pinRoutes(a *fiber.App) {
	a.Get("/v1/pins", s.staff(gateway.VerbArticles, s.listPins))
	a.Get("/v1/pins/test", s.staff(gateway.VerbArticles, s.testPins))
	a.Post("/v1/pins", s.staff(gateway.VerbArticles, s.savePin))
	a.Put("/v1/pins/:id", s.staff(gateway.VerbArticles, s.savePin))
	a.Delete("/v1/pins/:id", s.staff(gateway.VerbArticles, s.deletePin))
}

// pinView is a pin with its times in unix milliseconds, 0 = none.
type pinView struct {
	kb.Pin
	From  int64 `json:"from"`
	Until int64 `json:"until"`
}

func viewPins(list []kb.Pin) []pinView {
	out := make([]pinView, 0, len(list))
	for _, p := range list {
		out = append(out, pinView{Pin: p, From: ms(p.From), Until: ms(p.Until)})
	}
	return out
}

func (s *Server) listPins(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	list, err := s.svc.Articles.Pins(c.UserContext())
	if err != nil {
		return nil, err
	}
	return fiber.Map{"pins": viewPins(list)}, nil
}

// testPins says which pins hold for an address, by the rule that visitors get. The address may be a path.
func (s *Server) testPins(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	address := c.Query("url")
	if address == "" || len(address) > 2048 {
		return nil, gateway.Invalid("url")
	}
	list, err := s.svc.Articles.Pins(c.UserContext())
	if err != nil {
		return nil, err
	}
	at, err := queryNumber(c, "at") // unix ms, 0 = now
	if err != nil || at > 1<<52 {
		return nil, gateway.Invalid("at")
	}
	now, hold := s.svc.Now(), []kb.Pin{}
	if at > 0 {
		now = time.UnixMilli(int64(at))
	}
	for _, p := range list {
		mailbox, locale := c.Query("mailbox", p.Mailbox), c.Query("locale", p.Locale)
		if p.Matches(address, mailbox, locale, now) {
			hold = append(hold, p)
		}
	}
	return fiber.Map{"pins": viewPins(hold)}, nil
}

func (s *Server) savePin(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	var in pinView
	if err := body(c, &in); err != nil {
		return nil, err
	}
	p := in.Pin
	p.ID, p.Pattern, p.From, p.Until = c.Params("id"), strings.TrimSpace(p.Pattern), moment(in.From), moment(in.Until)
	if err := checkPin(p); err != nil {
		return nil, err
	}
	if _, err := s.svc.Articles.Article(c.UserContext(), p.Article); err != nil {
		return nil, gateway.Invalid("article")
	}
	if err := s.pinID(c, &p); err != nil {
		return nil, err
	}
	p, err := s.svc.Articles.SavePin(c.UserContext(), p)
	if err != nil {
		return nil, err
	}
	return fiber.Map{"pin": viewPins([]kb.Pin{p})[0]}, nil
}

// pinID names a new pin, or asks that the named one is there. Errors: not_found, too_large.
func (s *Server) pinID(c *fiber.Ctx, p *kb.Pin) error {
	list, err := s.svc.Articles.Pins(c.UserContext())
	if err != nil {
		return err
	}
	if p.ID != "" {
		for _, old := range list {
			if old.ID == p.ID {
				return nil
			}
		}
		return gateway.NotFound()
	}
	if len(list) >= maxPins {
		return gateway.TooLarge("pins", maxPins)
	}
	id, err := gateway.NewID(prefixPin, s.svc.Now(), s.svc.Rand)
	p.ID = string(id)
	return err
}

func moment(unixMS int64) time.Time {
	if unixMS <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(unixMS)
}

func checkPin(p kb.Pin) error {
	whole := strings.HasPrefix(p.Pattern, "https://") || strings.HasPrefix(p.Pattern, "http://")
	switch {
	case !strings.HasPrefix(p.Pattern, "/") && !whole:
		return gateway.Invalid("pattern")
	case len(p.Pattern) > maxPattern:
		return gateway.TooLarge("pattern", maxPattern)
	case strings.IndexFunc(p.Pattern, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) >= 0:
		return gateway.Invalid("pattern")
	case p.Mailbox != "" && !gateway.ID(p.Mailbox).Is(gateway.PrefixMailbox):
		return gateway.Invalid("mailbox")
	case p.Locale != "" && !localeForm.MatchString(p.Locale):
		return gateway.Invalid("locale")
	case p.Order < 0 || p.Order > 10_000:
		return gateway.Invalid("order")
	case !p.Until.IsZero() && !p.Until.After(p.From):
		return gateway.Invalid("until")
	}
	return gateway.CheckText("pattern", p.Pattern, maxPattern)
}

func (s *Server) deletePin(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	return nil, s.svc.Articles.DeletePin(c.UserContext(), c.Params("id"))
}
