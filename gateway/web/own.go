package web

import (
	"context"
	"encoding/json"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// ownRoutes serve the page of one's own conversations, "my tickets": it shows nothing before a login (self-help.md §7).
func (s *Server) ownRoutes(a *fiber.App) {
	a.Get("/tickets/:mailbox", s.ownPage)
}

// ownPage is the page for the accounts of a mailbox's host; where nobody can log in there is none.
func (s *Server) ownPage(c *fiber.Ctx) error {
	mb, err := s.svc.Store.MailboxBySlug(c.UserContext(), c.Params("mailbox"))
	if err != nil {
		return err
	}
	if !s.tickets(mb) {
		return gateway.NotFound()
	}
	return s.shell(c, "transcript", "'none'", shellData{Title: "Postern", Mailbox: mb.Slug})
}

// tickets reports whether the accounts of a mailbox's host can be asked to log in.
func (s *Server) tickets(mb gateway.Mailbox) bool { return s.svc.Guard != nil && mb.Host != "" }

func (k *socket) openOwn(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	if err := args(raw, &struct{}{}); err != nil {
		return nil, err
	}
	if !k.s.limits.rating(k.ip) {
		return nil, gateway.TooMany(60_000)
	}
	place, row, err := k.s.svc.OpenOwn(ctx, c)
	if err != nil {
		return nil, err
	}
	return map[string]any{"visit": place, "change": k.s.viewChange(row, false)}, nil
}

// ownView is a conversation in its owner's list.
type ownView struct {
	ID      gateway.ID     `json:"id"`
	Number  int64          `json:"number,omitempty"`
	Mailbox string         `json:"mailbox"`
	Words   string         `json:"words"`
	Status  gateway.Status `json:"status"`
	Started int64          `json:"started_at"`
	Last    int64          `json:"last_at"`
}

func (k *socket) listOwn(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in changeArgs
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	list, until, err := k.s.svc.ListOwn(ctx, c, in.Change)
	if err != nil {
		return nil, err
	}
	out := make([]ownView, 0, len(list))
	for _, o := range list {
		out = append(out, ownView{ID: o.ID, Number: o.Number, Mailbox: o.Mailbox, Words: o.Words, Status: o.Status, Started: ms(o.StartedAt), Last: ms(o.LastMessageAt)})
	}
	return map[string]any{"until": ms(until), "conversations": out}, nil
}

func (k *socket) readOwn(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		changeArgs
		ref
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	t, err := k.s.svc.ReadOwn(ctx, c, in.Change, in.Conversation)
	if err != nil {
		return nil, err
	}
	return toldView(t), nil
}
