package web

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// partingView is an answer in a ticket that can still be taken back, as staff sees it.
type partingView struct {
	ID       gateway.ID        `json:"id"`
	ClientID string            `json:"client_id"`
	Author   gateway.ID        `json:"author"`
	At       int64             `json:"at"`
	Until    int64             `json:"until"`
	Text     string            `json:"text,omitempty"`
	Files    []gateway.FileRef `json:"files,omitempty"`
	Closes   bool              `json:"closes,omitempty"`
}

func viewPartings(list []gateway.Parting) []partingView {
	out := make([]partingView, 0, len(list))
	for _, p := range list {
		m := p.Message
		out = append(out, partingView{m.ID, m.ClientID, p.Author.ID, ms(p.At), ms(p.Due), m.Text, m.Files, p.Then.Close})
	}
	return out
}

// sendTicket keeps an answer in a ticket for as long as it can be taken back.
func (k *socket) sendTicket(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		sendArgs
		Close   bool            `json:"close"`
		Outcome gateway.Outcome `json:"outcome"`
		Reason  string          `json:"reason"`
		Snooze  int64           `json:"snooze"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	then := gateway.Then{Close: in.Close, Outcome: in.Outcome, Reason: in.Reason, Snooze: in.Snooze}
	p, err := k.s.svc.SendTicket(ctx, c, in.send(), then)
	if err != nil {
		return nil, err
	}
	if p.Held != nil {
		return sentView(gateway.Sent{Held: p.Held}), nil
	}
	return map[string]any{"id": p.Message.ID, "at": ms(p.At), "until": ms(p.Due), "state": p.State}, nil
}

// undoTicket takes one back and gives what was written.
func (k *socket) undoTicket(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		Message gateway.ID `json:"message"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	p, err := k.s.svc.UndoSend(ctx, c, in.Message)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"conversation": p.Conversation, "text": p.Message.Text, "files": p.Message.Files}
	if p.Message.Article != "" {
		out["article"] = p.Message.Article
	}
	if p.Message.Holding {
		out["holding"] = true
	}
	if p.Message.Continue {
		out["continue"] = true
	}
	if len(p.Then.Cc) > 0 {
		out["cc"] = p.Then.Cc
	}
	return out, nil
}

// follow says whether the agent hears of a conversation.
func (k *socket) follow(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Wanted bool `json:"wanted"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.Follow(ctx, c, in.Conversation, in.Wanted)
}

// stay says that a visitor is still there.
func (k *socket) stay(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in ref
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.Stay(ctx, c, in.Conversation)
}

func (s *Server) deleteTicket(c *fiber.Ctx, who gateway.Caller) (any, error) {
	return nil, s.svc.DeleteTicket(c.UserContext(), who, gateway.ID(strings.Clone(c.Params("id"))))
}

// endings counts what the conversations of the last ?days= were closed for.
func (s *Server) endings(c *fiber.Ctx, who gateway.Caller) (any, error) {
	days, err := queryNumber(c, "days")
	if err != nil {
		return nil, err
	}
	list, err := s.svc.Endings(c.UserContext(), who, int(min(days, 1000)))
	return fiber.Map{"endings": list}, err
}

func (s *Server) follows(c *fiber.Ctx, who gateway.Caller) (any, error) {
	list, err := s.svc.Follows(c.UserContext(), who)
	return fiber.Map{"follows": list}, err
}

func (k *socket) snooze(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Until int64 `json:"until"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	var until time.Time
	if in.Until != 0 {
		until = time.UnixMilli(in.Until)
	}
	return nil, k.s.svc.Snooze(ctx, c, in.Conversation, until)
}
