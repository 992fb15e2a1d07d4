package web

import (
	"context"
	"crypto/ecdsa"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// maxEvent is how large a login event may be (proof-gate.md §3.6).
const maxEvent = 64 << 10

// hookRoutes are what a host's server speaks to.
func (s *Server) hookRoutes(a *fiber.App) {
	a.Get("/v1/challenge/:handle", s.challenge)
	a.Post("/v1/events/:source", s.loginEvent)
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

// loginEvent takes a delivery of a source, whole and raw: the source decides what is authentic, the gate
// what it means.
func (s *Server) loginEvent(c *fiber.Ctx) error {
	name := c.Params("source")
	src, ok := s.opt.Sources[name]
	if !ok {
		return gateway.NotFound()
	}
	raw := c.Context().Request.Body()
	if len(raw) > maxEvent {
		return gateway.TooLarge("body", maxEvent)
	}
	if s.svc.Guard == nil {
		return verify.Refuse(verify.PolicyUnavailable)
	}
	now, err := s.svc.Guard.Ledger.Now(c.UserContext())
	d := verify.Delivery{Method: c.Method(), Header: headers(c), Body: append([]byte(nil), raw...), At: now}
	if err != nil { // our own clock tells who is authentic; the gate refuses him, with a line in the log
		d.At = s.svc.Now()
	}
	if err != nil && verify.ReasonOf(err) != verify.ClockJump {
		return s.reply(c, src.Answer(d, nil, err))
	}
	answer, err := s.deliver(c.UserContext(), name, src, d)
	s.remember(c.UserContext(), name, lastEvent{At: ms(d.At), Reason: verify.ReasonOf(err)})
	return s.reply(c, answer)
}

// deliver is the one front door of login events: the source judges authenticity, the gate the rest. The error
// says why the delivery moved nothing; the answer holds already what its sender may know of it.
func (s *Server) deliver(ctx context.Context, name string, src verify.Source, d verify.Delivery) (verify.Reply, error) {
	events, err := src.Parse(ctx, d)
	if err != nil {
		if e := s.svc.Guard.NoteUnauthentic(ctx, name, verify.ReasonOf(err)); e != nil {
			s.log.Error("note refused event", "err", e)
		}
		return src.Answer(d, nil, err), err
	}
	var refused error
	verdicts := make([]verify.Verdict, 0, len(events))
	for _, e := range events {
		v, err := s.svc.ObserveLogin(ctx, e)
		if err != nil {
			return src.Answer(d, append(verdicts, v), err), err
		}
		if v.Reason != "" {
			refused = verify.Refuse(v.Reason)
		}
		verdicts = append(verdicts, v)
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
