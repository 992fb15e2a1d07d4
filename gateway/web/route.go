package web

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// agentCookie carries an agent's session. __Host- binds it to this host, https and the whole path.
const agentCookie = "__Host-postern-agent"

// routes is the one route table.
func (s *Server) routes() {
	a := s.app
	a.Use(s.first)
	a.Get("/healthz", s.healthz)
	a.Get("/readyz", s.readyz)
	a.Get("/metrics", s.metricsRoute())
	a.Get("/v1/socket", s.socketRoute)

	a.Post("/v1/login", s.login)
	a.Post("/v1/logout", s.staff("", s.logout))
	a.Post("/v1/password", s.setPassword)
	a.Get("/v1/me", s.staff("", s.me))
	s.agentRoutes(a)
	s.tieRoutes(a)
	s.mailRoutes(a)
	s.passkeyRoutes(a)
	s.adminRoutes(a)
	s.helpRoutes(a)
	s.assistRoutes(a)
	s.articleRoutes(a)
	s.learnRoutes(a)
	s.reportRoutes(a)
	s.pinRoutes(a)
	s.verificationRoutes(a)
	s.auditRoutes(a)
	s.spoolRoutes(a)
	s.fileRoutes(a)
	s.originalRoutes(a)
	s.hookRoutes(a)
	s.hookLogRoutes(a)
	s.logRoutes(a)
	s.verifyRoutes(a)
	s.rateRoutes(a)
	s.continueRoutes(a)
	s.transcriptRoutes(a)
	s.ownRoutes(a)
	s.keyRoutes(a)
	s.helpPageRoutes(a)
	s.pageRoutes(a)
	a.Use(func(*fiber.Ctx) error { return gateway.NotFound() })
}

// first sets what every answer carries, and refuses encoded bodies: nothing is ever inflated.
func (s *Server) first(c *fiber.Ctx) error {
	c.SetUserContext(s.base) // not c.Context(): that one is used again for the next request, while a query may still look at it
	always(c)
	if c.Get(fiber.HeaderContentEncoding) != "" {
		return gateway.Unsupported("content-encoding")
	}
	return c.Next()
}

// always sets the headers of every answer, also of one that the listener refuses before any route.
func always(c *fiber.Ctx) {
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("Referrer-Policy", "no-referrer")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// failed turns any error into a code. What nobody foresaw is logged here, once, and never shown.
func (s *Server) failed(c *fiber.Ctx, err error) error {
	var fe *fiber.Error
	if errors.As(err, &fe) {
		err = fromFiber(fe)
	}
	id, _ := gateway.NewID("rq_", s.svc.Now(), s.svc.Rand)
	w := toWire(err, string(id))
	s.meter.refused(w.Code)
	if w.Code == "internal" {
		s.log.Error("request", "id", id, "method", c.Method(), "route", c.Route().Path, "err", err)
	}
	always(c)
	c.Set(fiber.HeaderCacheControl, "no-store")
	status := problemOf(w.Code).Status
	if fe != nil && fe.Code == fiber.StatusRequestHeaderFieldsTooLarge {
		status = fe.Code // too_large, of what stands before the body
	}
	return c.Status(status).JSON(w)
}

// fromFiber gives Fiber's own refusals our codes.
func fromFiber(fe *fiber.Error) error {
	switch fe.Code {
	case fiber.StatusNotFound, fiber.StatusMethodNotAllowed:
		return gateway.NotFound()
	case fiber.StatusRequestEntityTooLarge:
		return gateway.TooLarge("body", bodyLimit)
	case fiber.StatusRequestTimeout:
		return gateway.TooSlow()
	case fiber.StatusRequestHeaderFieldsTooLarge:
		return gateway.TooLarge("headers", readBuffer)
	}
	return gateway.Invalid("request")
}

// addr gives the client's address behind trusted proxies, as limits count it.
func (s *Server) addr(c *fiber.Ctx) string {
	peer, err := netip.ParseAddrPort(c.Context().RemoteAddr().String())
	if err != nil {
		return ""
	}
	return addrPrefix(s.client(c, peer.Addr().Unmap())).String()
}

// client gives the whole address of who asks: the peer's, or what trusted proxies say.
func (s *Server) client(c *fiber.Ctx, peer netip.Addr) netip.Addr {
	var lines []string
	for _, v := range c.Context().Request.Header.PeekAll(fiber.HeaderXForwardedFor) {
		lines = append(lines, string(v))
	}
	return clientAddr(peer, lines, s.opt.Trusted)
}

// socketRoute checks the Origin and hands the connection to a socket.
func (s *Server) socketRoute(c *fiber.Ctx) error {
	sess, err := s.session(c)
	if err != nil && gateway.CodeOf(err) != "unauthenticated" {
		return err
	}
	login, device := s.sessionHash(c), deviceOf(c.Get(fiber.HeaderUserAgent))
	var agent *gateway.Agent
	if sess.Agent.ID != "" {
		agent = &sess.Agent
	}
	origin, _ := parseOrigin(s.opt.PublicURL.Scheme + "://" + s.opt.PublicURL.Host)
	ip := s.addr(c)
	return upgrade(c, s.sockets, upgradeOptions{Addr: ip, Origins: []string{origin}}, func(l *conn) connHandler {
		k, err := s.newSocket(l, agent, login, device, ip)
		if err != nil {
			s.log.Error("socket", "err", err)
			l.Close(closeRestarting, "restarting")
			return deadEnd{}
		}
		s.presence.add(k)
		k.welcome()
		return k
	})
}

// deadEnd lives on a connection that is being closed.
type deadEnd struct{}

func (deadEnd) onFrame(context.Context, []byte) bool { return false }
func (deadEnd) onAlarm()                             {}
func (deadEnd) onClose(int, string)                  {}

// sessionHash is what the store knows the request's session by.
func (s *Server) sessionHash(c *fiber.Ctx) string {
	return s.opt.Passwords.TokenHash(c.Cookies(agentCookie))
}

// session gives whose session the request carries. One that comes from another device than it was opened on goes on,
// but admins are told. Errors: unauthenticated.
func (s *Server) session(c *fiber.Ctx) (gateway.Session, error) {
	t := c.Cookies(agentCookie)
	if t == "" || len(t) > 100 {
		return gateway.Session{}, gateway.Unauthenticated()
	}
	sess, err := s.svc.Store.Session(c.UserContext(), s.sessionHash(c), s.svc.Now())
	if gateway.CodeOf(err) == "not_found" || err == nil && !sess.DisabledAt.IsZero() {
		return gateway.Session{}, gateway.Unauthenticated()
	}
	if err != nil {
		return gateway.Session{}, err
	}
	return sess, s.svc.TellDevice(c.UserContext(), sess, s.sessionHash(c), deviceOf(c.Get(fiber.HeaderUserAgent)))
}

// staffHandler answers a staff route; a nil answer is the empty object.
type staffHandler func(c *fiber.Ctx, who gateway.Caller) (any, error)

// staff lets an agent with the right verb in ("" = any signed-in one). A request that changes anything must
// carry X-Postern: 1, which no form and no foreign page can send.
func (s *Server) staff(verb gateway.Verb, h staffHandler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		a, err := s.session(c)
		if err != nil {
			return err
		}
		if c.Method() != fiber.MethodGet && c.Get("X-Postern") != "1" {
			return gateway.Forbidden()
		}
		if verb != "" && !gateway.Allowed(a.Role, verb) {
			return gateway.Forbidden()
		}
		return s.answer(c, func() (any, error) {
			return h(c, gateway.Caller{
				Actor: gateway.Actor{Role: a.Role, ID: a.ID}, Name: a.Name, SteppedAt: a.Stepped(deviceOf(c.Get(fiber.HeaderUserAgent))),
			})
		})
	}
}

// either lets a signed-in agent or a visitor with a pass in.
func (s *Server) either(h staffHandler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		pass, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), bearerStart)
		if !ok {
			return s.staff("", h)(c)
		}
		id, err := s.opt.Passes.Check(pass, s.svc.Now())
		if err != nil {
			return err
		}
		v, err := s.svc.Store.Visitor(c.UserContext(), id)
		if err != nil {
			return gateway.Unauthenticated()
		}
		who := gateway.Caller{Actor: gateway.Actor{Role: gateway.RoleVisitor, ID: v.ID}, Visitor: v, Mailbox: v.Mailbox}
		return s.answer(c, func() (any, error) { return h(c, who) })
	}
}

func (s *Server) answer(c *fiber.Ctx, h func() (any, error)) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	v, err := h()
	if err != nil {
		return err
	}
	if v == nil {
		v = struct{}{}
	}
	if v == alreadyAnswered {
		return nil
	}
	return c.JSON(v)
}

// alreadyAnswered says that the handler wrote bytes itself.
const alreadyAnswered = answered(true)

type answered bool

// body decodes a JSON body strictly, without ever inflating it.
func body(c *fiber.Ctx, v any) error {
	raw := c.Context().Request.Body()
	if !utf8.Valid(raw) { // the decoder would store other characters in their place
		return gateway.Invalid("utf8")
	}
	return strict(raw, v)
}

func (s *Server) healthz(c *fiber.Ctx) error { return c.SendString("ok") }

// readyz: database writable, UI present, articles indexed. Redis down is degraded, still ready (architecture.md §14).
func (s *Server) readyz(c *fiber.Ctx) error {
	if _, err := s.svc.Store.Now(c.UserContext()); err != nil {
		return gateway.Unavailable("database", err)
	}
	// It finds no job so old, but fails where nothing can be written: on a replica, or a database that is locked for good.
	if _, _, err := s.svc.Store.LeaseJob(c.UserContext(), "readyz", 0, time.Time{}); err != nil {
		return gateway.Unavailable("database", err)
	}
	if !s.ui.built() {
		return gateway.Unavailable("ui", nil)
	}
	if s.opt.Ready != nil {
		if err := s.opt.Ready(); err != nil {
			return err
		}
	}
	if _, err := s.svc.Presences(c.UserContext()); err != nil {
		return c.SendString("degraded: bus")
	}
	return c.SendString("ready")
}
