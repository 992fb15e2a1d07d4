package web

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// tieRoutes show what belongs to a conversation.
func (s *Server) tieRoutes(a *fiber.App) {
	a.Get("/v1/conversations/:id/ties", s.staff(gateway.VerbRead, s.ties))
}

// tieCommand finds what ties conversations to each other, parts them, or carries a message out of one.
func tieCommand(name string) (handler, bool) {
	switch name {
	case "conversation.merge":
		return (*socket).merge, true
	case "conversation.unmerge":
		return (*socket).unmerge, true
	case "conversation.split":
		return (*socket).split, true
	case "message.forward":
		return (*socket).forwardMessage, true
	}
	return nil, false
}

// tieView is another conversation that belongs to this one, or may.
type tieView struct {
	Kind    gateway.TieKind `json:"kind"`
	ID      gateway.ID      `json:"id"`
	Number  int64           `json:"number,omitempty"`
	Subject string          `json:"subject,omitempty"`
	Status  gateway.Status  `json:"status"`
	At      int64           `json:"at,omitempty"`    // unix ms
	Until   int64           `json:"until,omitempty"` // a merge can be undone, unix ms
	Seq     uint64          `json:"seq,omitempty"`   // of a split: the first message that went along
	Why     string          `json:"why,omitempty"`   // alike, and cannot be merged
}

// partView is the history of a conversation that goes on in this one.
type partView struct {
	Conversation rowView         `json:"conversation"`
	Events       []gateway.Event `json:"events"`
	Staff        []gateway.Event `json:"staff"`
}

// ties gives what belongs to a conversation, and the histories that go on in it.
func (s *Server) ties(c *fiber.Ctx, who gateway.Caller) (any, error) {
	ctx, id := c.UserContext(), gateway.ID(strings.Clone(c.Params("id")))
	list, err := s.svc.Ties(ctx, who, id)
	if err != nil {
		return nil, err
	}
	now := s.svc.Now()
	views := make([]tieView, 0, len(list))
	for _, t := range list {
		views = append(views, tieView{
			Kind: t.Kind, ID: t.Other.ID, Number: t.Other.Number, Subject: t.Other.Subject, Status: t.Other.Status,
			At: ms(t.At), Until: ms(t.Undoable(now)), Seq: t.Seq, Why: t.Why,
		})
	}
	merged, err := s.svc.Merged(ctx, who, id)
	if err != nil {
		return nil, err
	}
	parts := make([]partView, 0, len(merged))
	for _, cv := range merged {
		p, err := s.part(ctx, cv)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return fiber.Map{"ties": views, "parts": parts}, nil
}

func (s *Server) part(ctx context.Context, cv gateway.Conversation) (partView, error) {
	events, err := s.svc.Store.EventsBefore(ctx, string(cv.ID), 0, 500)
	if err != nil {
		return partView{}, err
	}
	staff, err := s.svc.Store.EventsBefore(ctx, cv.ID.Staff(), 0, 500)
	return partView{staffView(cv), orEmpty(events), orEmpty(staff)}, err
}

func (k *socket) merge(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Into gateway.ID `json:"into"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.Merge(ctx, c, in.Conversation, in.Into)
}

func (k *socket) unmerge(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in ref
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.Unmerge(ctx, c, in.Conversation)
}

func (k *socket) split(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Seq     uint64 `json:"seq"`
		Subject string `json:"subject"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	cv, err := k.s.svc.Split(ctx, c, in.Conversation, in.Seq, in.Subject)
	if err != nil {
		return nil, err
	}
	return map[string]any{"conversation": staffView(cv)}, nil
}
