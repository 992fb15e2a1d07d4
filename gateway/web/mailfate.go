package web

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// mailRoutes show what became of a ticket's mails.
func (s *Server) mailRoutes(a *fiber.App) {
	a.Get("/v1/conversations/:id/mails", s.staff(gateway.VerbRead, s.mails))
	a.Post("/v1/mails/:message/again", s.staff(gateway.VerbReply, s.sendAgain))
}

// mailView is one mail of a conversation.
type mailView struct {
	Message gateway.ID `json:"message"`
	In      bool       `json:"in,omitempty"` // it came in
	To      string     `json:"to,omitempty"`
	Cc      []string   `json:"cc,omitempty"`
	State   string     `json:"state,omitempty"` // waiting, sent, stopped
	Code    string     `json:"code,omitempty"`
	Dead    bool       `json:"dead,omitempty"` // its recipient takes no mail
	Forward bool       `json:"forward,omitempty"`
	At      int64      `json:"at"` // unix ms
}

func (s *Server) mails(c *fiber.Ctx, who gateway.Caller) (any, error) {
	m, err := s.svc.Mails(c.UserContext(), who, gateway.ID(strings.Clone(c.Params("id"))))
	if err != nil {
		return nil, err
	}
	views := make([]mailView, 0, len(m.Mails))
	for _, m := range m.Mails {
		views = append(views, mailView{
			Message: m.Message, In: m.In, To: m.To, Cc: m.Cc, State: m.State, Code: m.Code, Dead: m.Dead, Forward: m.Forward, At: ms(m.At),
		})
	}
	return fiber.Map{"mails": views, "copies": append([]string{}, m.Copies...), "closings": append([]string{}, m.Closings...)}, nil
}

func (s *Server) sendAgain(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Dead bool `json:"dead"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	return nil, s.svc.SendAgain(c.UserContext(), who, gateway.ID(strings.Clone(c.Params("message"))), in.Dead)
}

func (k *socket) forwardMessage(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		ClientID string     `json:"client_id"`
		Message  gateway.ID `json:"message"`
		To       string     `json:"to"`
		Text     string     `json:"text"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	ev, err := k.s.svc.ForwardMessage(ctx, c, gateway.Forward{
		Conversation: in.Conversation, ClientID: in.ClientID, Message: in.Message, To: in.To, Text: in.Text,
	})
	if err != nil {
		return nil, err
	}
	return sentView(gateway.Sent{Event: ev}), nil
}
