package web

import (
	"context"
	"encoding/json"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// transcriptRoutes serve the page that a link to an old conversation opens. The token is in the fragment, and comes in
// bodies only; getting the page changes nothing, for mail scanners get every link.
func (s *Server) transcriptRoutes(a *fiber.App) {
	a.Get("/transcript", s.appPage("transcript"))
	a.Post("/v1/transcript/look", s.byLink(s.lookTranscript))
}

type linkArgs struct {
	Token string `json:"token"`
}

// lookTranscript tells the page which mailbox to greet. Whether there is a text behind, nobody learns.
func (s *Server) lookTranscript(c *fiber.Ctx) (any, error) {
	var in linkArgs
	if err := body(c, &in); err != nil {
		return nil, err
	}
	mb, err := s.svc.LookTranscript(c.UserContext(), in.Token)
	if err != nil {
		return nil, err
	}
	return fiber.Map{"mailbox": mb.Slug, "name": mb.Name}, nil
}

// linkTranscript gives whoever may read a conversation the link to it. to is there to be refused.
func (k *socket) linkTranscript(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		To string `json:"to"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	l, err := k.s.svc.LinkTranscript(ctx, c, in.Conversation, in.To)
	if err != nil {
		return nil, err
	}
	return map[string]any{"url": l.URL, "until": ms(l.Until), "told": l.Told}, nil
}

func (k *socket) openTranscript(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in linkArgs
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	if !k.s.limits.rating(k.ip) {
		return nil, gateway.TooMany(60_000)
	}
	v, row, err := k.s.svc.OpenTranscript(ctx, c, in.Token, k.browser().name)
	if err != nil {
		return nil, err
	}
	return map[string]any{"visit": v.ID, "change": k.s.viewChange(row, false)}, nil
}

// lineView is one message of an old conversation.
type lineView struct {
	At     int64        `json:"at"` // unix ms
	Author gateway.Role `json:"author"`
	Name   string       `json:"name,omitempty"`
	Text   string       `json:"text"`
}

func (k *socket) readTranscript(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in changeArgs
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	t, err := k.s.svc.ReadTranscript(ctx, c, in.Change)
	if err != nil {
		return nil, err
	}
	return toldView(t), nil
}

func toldView(t gateway.Told) map[string]any {
	lines := make([]lineView, 0, len(t.Lines))
	for _, l := range t.Lines {
		lines = append(lines, lineView{At: ms(l.At), Author: l.Author, Name: l.Name, Text: l.Text})
	}
	return map[string]any{"mailbox": t.Mailbox, "started": ms(t.Started), "until": ms(t.Until), "lines": lines}
}
