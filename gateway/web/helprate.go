package web

import (
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// readerCookie knows a browser of the help center again until it is closed: one reader rates an article once, and sends a
// request once. It is set when somebody searches, rates or opens the request form, and says nothing about him.
const readerCookie = "__Host-postern-reader"

// maxRating is how large the form of a rating is, in bytes.
const maxRating = 16 << 10

// reader gives who the browser is, "" = unknown yet. What the store keeps is a hash: it names no browser.
func (v *helpVisit) reader() gateway.ID {
	token := v.Cookies(readerCookie)
	if len(token) < 40 || len(token) > 100 {
		return ""
	}
	return gateway.ID("rd_" + v.s.opt.Passwords.TokenHash(token))
}

// remember gives a new browser its cookie.
func (v *helpVisit) remember() error {
	if v.reader() != "" {
		return nil
	}
	token, err := v.s.opt.Passwords.Token()
	if err != nil {
		return gateway.Internal("make a token", err)
	}
	v.Cookie(&fiber.Cookie{
		Name: readerCookie, Value: token, Path: "/", Secure: true, HTTPOnly: true, SameSite: fiber.CookieSameSiteStrictMode, SessionOnly: true,
	})
	v.Request().Header.SetCookie(readerCookie, token)
	return nil
}

// caller is the reader as the service knows visitors.
func (v *helpVisit) caller() gateway.Caller {
	id := v.reader()
	return gateway.Caller{Actor: gateway.Actor{Role: gateway.RoleVisitor, ID: id}, Visitor: gateway.Visitor{ID: id}, Mailbox: v.mb.ID}
}

// helpStep keeps what a known reader did, for the reports. A browser that only reads stays unknown.
func (s *Server) helpStep(v *helpVisit, p gateway.Payload, coverage float64) {
	if v.Method() != fiber.MethodHead && v.reader() != "" {
		s.svc.Helped(v.UserContext(), v.caller(), p, gateway.Helping{Locale: v.locale, Coverage: coverage})
	}
}

// fromOurPage refuses a form that another site sent, or that does not say where it comes from.
func (s *Server) fromOurPage(c *fiber.Ctx) error {
	site := c.Get("Sec-Fetch-Site")
	if c.Get(fiber.HeaderOrigin) != s.whole("") || site != "" && site != "same-origin" {
		return gateway.Forbidden()
	}
	return nil
}

// fromOurForm refuses what is no form of ours, or larger than max bytes.
func (s *Server) fromOurForm(c *fiber.Ctx, max int) error {
	if err := s.fromOurPage(c); err != nil {
		return err
	}
	if kind, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";"); !strings.EqualFold(strings.TrimSpace(kind), fiber.MIMEApplicationForm) {
		return gateway.Unsupported("content-type")
	}
	if len(c.Request().Body()) > max {
		return gateway.TooLarge("body", max)
	}
	return nil
}

// helpRate takes the form under an article and leads back to it. It works without JavaScript.
func (s *Server) helpRate(v *helpVisit) error {
	if err := s.fromOurForm(v.Ctx, maxRating); err != nil {
		return err
	}
	if !s.limits.rating(s.addr(v.Ctx)) {
		return gateway.TooMany(10_000)
	}
	a, err := v.article()
	if err != nil {
		return err
	}
	solved := v.FormValue("solved")
	if solved != "yes" && solved != "no" {
		return gateway.Invalid("solved")
	}
	if err := v.remember(); err != nil {
		return err
	}
	text := strings.TrimSpace(v.FormValue("text"))
	rated, err := s.svc.RateArticle(v.UserContext(), v.caller(), a.ID, solved == "yes", text)
	if err != nil {
		return err
	}
	next := solved
	if text != "" {
		next = "done"
	} else {
		s.helpStep(v, rated, 0)
	}
	v.Set(fiber.HeaderCacheControl, "no-store")
	return v.Redirect(v.path(a.Locale, a.ID, kb.Slug(a.Version.Title))+"?rated="+next+"#helped", http.StatusSeeOther)
}
