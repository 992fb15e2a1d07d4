package web

import (
	"context"
	"encoding/json"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

func (s *Server) listTypes(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	list, mark, err := s.svc.Types(c.UserContext())
	return fiber.Map{"types": append([]gateway.TicketType{}, list...), "mark": mark}, err
}

func (s *Server) saveTypes(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Types []gateway.TicketType `json:"types"`
		Mark  string               `json:"mark"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	mark, err := s.svc.SaveTypes(c.UserContext(), who, in.Types, in.Mark)
	return fiber.Map{"mark": mark}, err
}

func (k *socket) setType(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Type string `json:"type"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.SetType(ctx, c, in.Conversation, in.Type)
}
