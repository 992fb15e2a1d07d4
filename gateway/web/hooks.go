package web

import (
	"context"
	"crypto/ecdsa"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// maxEvent is how large a delivery of login events may be (proof-gate.md §3.6), in bytes.
const maxEvent = 64 << 10

// bulk is a source whose deliveries hold many events.
type bulk interface{ MaxBody() int }

// greeter is a source whose issuer asks by GET, once, whether the address is ours.
type greeter interface{ Greets() bool }

// hookRoutes are what a host's server speaks to.
func (s *Server) hookRoutes(a *fiber.App) {
	a.Get("/v1/challenge/:handle", s.challenge)
	a.Post("/v1/events/:source", s.loginEvent)
	a.Get("/v1/events/:source", s.greeted)
	a.Get("/.well-known/postern.json", s.wellKnown)
}

// challenge tells the host's page what to show. Whatever is no living challenge is 410, alike.
func (s *Server) challenge(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	if s.svc.Guard == nil {
		return verify.Refuse(verify.PolicyUnavailable)
	}
	v, err := s.svc.Guard.Look(c.UserContext(), c.Params("handle"))
	if err != nil {
		return err
	}
	return c.JSON(v)
}

// greeted answers the one-time question of an issuer that asks one; no other source has anything to read.
func (s *Server) greeted(c *fiber.Ctx) error {
	if g, ok := s.opt.Sources[c.Params("source")].(greeter); !ok || !g.Greets() {
		return gateway.NotFound()
	}
	return s.loginEvent(c)
}

// loginEvent takes a delivery of a source, whole and raw: the source decides what is authentic, the gate
// what it means.
func (s *Server) loginEvent(c *fiber.Ctx) error {
	name := c.Params("source")
	src, ok := s.opt.Sources[name]
	if !ok {
		return gateway.NotFound()
	}
	raw, limit := c.Context().Request.Body(), maxEvent
	if b, ok := src.(bulk); ok {
		limit = b.MaxBody()
	}
	if len(raw) > limit {
		return gateway.TooLarge("body", limit)
	}
	if s.svc.Guard == nil {
		return verify.Refuse(verify.PolicyUnavailable)
	}
	return s.reply(c, s.take(c.UserContext(), name, src, verify.Delivery{
		Method: c.Method(), Header: headers(c), Body: append([]byte(nil), raw...),
	}))
}

// Take gives a delivery that we fetched ourselves to its source, as if it had been pushed.
func (s *Server) Take(ctx context.Context, source string, d verify.Delivery) verify.Reply {
	src, ok := s.opt.Sources[source]
	if !ok || s.svc.Guard == nil {
		return verify.Reply{Status: fiber.StatusServiceUnavailable}
	}
	return s.take(ctx, source, src, d)
}

func (s *Server) take(ctx context.Context, name string, src verify.Source, d verify.Delivery) verify.Reply {
	now, err := s.svc.Guard.Ledger.Now(ctx)
	if d.At = now; err != nil { // our own clock tells who is authentic; the gate refuses him, with a line in the log
		d.At = s.svc.Now()
	}
	if err != nil && verify.ReasonOf(err) != verify.ClockJump {
		return src.Answer(d, nil, err)
	}
	answer, err := s.deliver(ctx, name, src, d)
	s.remember(ctx, name, lastEvent{At: ms(d.At), Reason: verify.ReasonOf(err), Ignored: s.seen.ignored(name)})
	return answer
}

// deliver is the one front door of login events: the source judges authenticity, the gate the rest. The error
// says why nothing in the delivery counted; the answer holds already what its sender may know of it.
func (s *Server) deliver(ctx context.Context, name string, src verify.Source, d verify.Delivery) (verify.Reply, error) {
	events, err := src.Parse(ctx, d)
	if err != nil {
		if e := s.svc.Guard.NoteUnauthentic(ctx, name, verify.ReasonOf(err)); e != nil {
			s.log.Error("note refused event", "err", e)
		}
		return src.Answer(d, nil, err), err
	}
	var refused error
	counted := len(events) == 0
	verdicts := make([]verify.Verdict, 0, len(events))
	for _, e := range events {
		v, err := s.svc.ObserveLogin(ctx, e)
		if err != nil {
			return src.Answer(d, append(verdicts, v), err), err
		}
		switch v.Reason {
		case "":
			counted = true
		case verify.EventNotLogin:
			s.seen.ignore(name)
			fallthrough
		default:
			refused = verify.Refuse(v.Reason)
		}
		verdicts = append(verdicts, v)
	}
	if counted {
		refused = nil
	}
	return src.Answer(d, verdicts, nil), refused
}

func (s *Server) reply(c *fiber.Ctx, r verify.Reply) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	if r.ContentType != "" {
		c.Set(fiber.HeaderContentType, r.ContentType)
	}
	if r.Language != "" {
		c.Set(fiber.HeaderContentLanguage, r.Language)
	}
	return c.Status(r.Status).Send(r.Body)
}

func headers(c *fiber.Ctx) http.Header {
	h := http.Header{}
	c.Context().Request.Header.VisitAll(func(k, v []byte) { h.Add(string(k), string(v)) })
	return h
}

// wellKnown publishes the receipt keys as a JWK set (RFC 7517 §5).
func (s *Server) wellKnown(c *fiber.Ctx) error {
	type jwk struct {
		verify.JWK
		Kid string `json:"kid"`
		Alg string `json:"alg"`
		Use string `json:"use"`
	}
	keys := []jwk{}
	if s.opt.Keys != nil {
		for _, k := range s.opt.Keys() {
			pub, err := publicJWK(k)
			if err != nil {
				return gateway.Internal("publish keys", err)
			}
			keys = append(keys, jwk{JWK: pub, Kid: k.ID, Alg: k.Alg, Use: "sig"})
		}
	}
	c.Set(fiber.HeaderCacheControl, "max-age=300")
	return c.JSON(fiber.Map{"issuer": s.opt.PublicURL.String(), "keys": keys})
}

func publicJWK(k verify.Key) (verify.JWK, error) {
	pub, ok := k.Public.(*ecdsa.PublicKey)
	if !ok {
		return verify.JWK{}, gateway.Invalid("key")
	}
	return verify.NewJWK(pub)
}
