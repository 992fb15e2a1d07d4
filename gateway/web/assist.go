package web

import (
	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// assistRoutes are what a language model helps with. Each is a request of its own, beside what goes on without it.
func (s *Server) assistRoutes(a *fiber.App) {
	a.Post("/v1/answer", s.either(s.answerArticles))
	a.Post("/v1/conversations/:id/draft", s.staff(gateway.VerbReply, s.draftReply))
	a.Post("/v1/conversations/:id/summary", s.staff(gateway.VerbRead, s.summarise))
	a.Get("/v1/assist", s.staff(gateway.VerbSettings, s.assistState))
	a.Put("/v1/assist/:mailbox", s.staff(gateway.VerbSettings, s.switchAssist))
}

func (s *Server) answerArticles(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Q string `json:"q"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	if who.Staff() {
		return nil, gateway.Forbidden()
	}
	if !s.limits.command("answer " + string(who.Visitor.ID)) {
		return nil, gateway.TooMany(1000)
	}
	said, err := s.svc.AnswerArticles(c.UserContext(), who, in.Q)
	if err != nil {
		return nil, err
	}
	if said == nil {
		said = []kb.Sentence{}
	}
	return fiber.Map{"sentences": said}, nil
}

func (s *Server) draftReply(c *fiber.Ctx, who gateway.Caller) (any, error) {
	return s.svc.DraftReply(c.UserContext(), who, gateway.ID(c.Params("id")))
}

func (s *Server) summarise(c *fiber.Ctx, who gateway.Caller) (any, error) {
	text, err := s.svc.Summarise(c.UserContext(), who, gateway.ID(c.Params("id")))
	if err != nil {
		return nil, err
	}
	return fiber.Map{"text": text}, nil
}

// assistState shows what is configured, which mailboxes are on, and what today has cost. The key is in no answer.
func (s *Server) assistState(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	a := s.svc.Assist
	if a == nil {
		return fiber.Map{"configured": false}, nil
	}
	ctx := c.UserContext()
	now, err := s.svc.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	on, err := s.svc.AssistMailboxes(ctx)
	if err != nil {
		return nil, err
	}
	today, err := s.svc.Store.ModelUsed(ctx, "", now)
	if err != nil {
		return nil, err
	}
	boxes, err := s.svc.Store.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]assistRow, 0, len(boxes))
	for _, mb := range boxes {
		used, err := s.svc.Store.ModelUsed(ctx, mb.ID, now)
		if err != nil {
			return nil, err
		}
		row := assistRow{ID: mb.ID, Name: mb.Name, Calls: used.Calls}
		for _, id := range on {
			row.On = row.On || id == mb.ID
		}
		rows = append(rows, row)
	}
	return fiber.Map{
		"configured": true, "server": a.Server, "chat": a.Chat, "embedding": a.Model.Name(), "mailboxes": rows,
		"today":  fiber.Map{"calls": today.Calls, "tokens": today.Tokens},
		"limits": fiber.Map{"calls": a.Limits.DayCalls, "tokens": a.Limits.DayTokens, "mailbox": a.Limits.MailboxCalls, "visitor": a.Limits.VisitorCalls},
	}, nil
}

type assistRow struct {
	ID    gateway.ID `json:"id"`
	Name  string     `json:"name"`
	On    bool       `json:"on"`
	Calls int64      `json:"calls"` // today
}

func (s *Server) switchAssist(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		On bool `json:"on"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	return nil, s.svc.SwitchAssist(c.UserContext(), who, gateway.ID(c.Params("mailbox")), in.On)
}
