package web

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// setAway announces an absence: the caller's own, or as a supervisor anybody's.
func (s *Server) setAway(c *fiber.Ctx, who gateway.Caller) (any, error) {
	agent := gateway.ID(c.Params("agent"))
	if agent != who.Actor.ID && !gateway.Allowed(who.Actor.Role, gateway.VerbForce) {
		return nil, gateway.Forbidden() // before anything of the request is looked at
	}
	var in struct {
		From  int64 `json:"from"`
		Until int64 `json:"until"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	const most = int64(1) << 45 // the year 3084
	if in.From < 0 || in.Until < 0 || in.From > most || in.Until > most {
		return nil, gateway.Invalid("until")
	}
	return nil, s.svc.SetAway(c.UserContext(), who, agent, fromMS(in.From), fromMS(in.Until))
}

// checkIn asks an agent whether he is still there.
func (s *Server) checkIn(c *fiber.Ctx, who gateway.Caller) (any, error) {
	return nil, s.svc.CheckIn(c.UserContext(), who, gateway.ID(strings.Clone(c.Params("agent"))))
}

// reassign hands a conversation on from the live view; the console does the same by conversation.assign.
func (s *Server) reassign(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Agent   gateway.ID `json:"agent"`
		Mailbox gateway.ID `json:"mailbox"`
		Note    string     `json:"note"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	return nil, s.svc.Assign(c.UserContext(), who, gateway.ID(c.Params("id")), in.Agent, in.Mailbox, in.Note)
}

// noteOn lets a supervisor add a note from where he sees all chats; the console does it by its socket.
func (s *Server) noteOn(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Text string `json:"text"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	once, err := gateway.NewID("", s.svc.Now(), s.svc.Rand)
	if err != nil {
		return nil, err
	}
	e, err := s.svc.SendNote(c.UserContext(), who, gateway.Send{
		Conversation: gateway.ID(strings.Clone(c.Params("id"))), ClientID: string(once), Text: in.Text,
	})
	return fiber.Map{"seq": e.Seq}, err
}

func fromMS(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v).UTC()
}

func (s *Server) inactivity(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	return s.svc.Inactivity(c.UserContext())
}

func (s *Server) setInactivity(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in gateway.Inactivity
	if err := body(c, &in); err != nil {
		return nil, err
	}
	return in, s.svc.SetInactivity(c.UserContext(), who, in)
}
