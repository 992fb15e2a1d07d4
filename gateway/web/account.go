package web

import (
	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// account shows the account card to the assigned agent while a proof's window is open; it is locked for everybody
// else, and before (proof-gate.md §3.12). It is the only answer of the gateway that holds an account fact.
func (s *Server) account(c *fiber.Ctx, who gateway.Caller) (any, error) {
	f, err := s.svc.Account(c.UserContext(), who, gateway.ID(c.Params("id")))
	if err != nil {
		return nil, err
	}
	return fiber.Map{"change": f.Change, "until": ms(f.Until), "facts": f.Values}, nil
}

// spentView is an agent who has looked into as many accounts as one may.
type spentView struct {
	Agent gateway.ID `json:"agent"`
	At    int64      `json:"at"` // unix ms
}

func (s *Server) spentReads(c *fiber.Ctx, who gateway.Caller) (any, error) {
	list, err := s.svc.SpentReads(c.UserContext(), who)
	if err != nil {
		return nil, err
	}
	out := make([]spentView, 0, len(list))
	for _, x := range list {
		out = append(out, spentView{gateway.ID(x.Agent), ms(x.At)})
	}
	return fiber.Map{"spent": out}, nil
}

// freeReads lets an agent go on, by a supervisor.
func (s *Server) freeReads(c *fiber.Ctx, who gateway.Caller) (any, error) {
	return nil, s.svc.FreeReads(c.UserContext(), who, gateway.ID(c.Params("id")))
}
