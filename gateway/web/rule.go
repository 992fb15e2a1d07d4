package web

import (
	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

func (s *Server) listRules(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	rules, mark, err := s.svc.Rules(c.UserContext())
	return fiber.Map{"rules": append([]gateway.Rule{}, rules...), "mark": mark}, err
}

func (s *Server) saveRules(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Rules []gateway.Rule `json:"rules"`
		Mark  string         `json:"mark"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	mark, err := s.svc.SaveRules(c.UserContext(), who, in.Rules, in.Mark)
	return fiber.Map{"mark": mark}, err
}

// testRules says which rule would fire, for what an admin makes up. Nothing is stored.
func (s *Server) testRules(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	var in struct {
		gateway.RuleInput
		Mailbox gateway.ID `json:"mailbox"` // where it comes in
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	mb, err := s.svc.Store.Mailbox(c.UserContext(), in.Mailbox)
	if err != nil {
		return nil, err
	}
	got, err := s.svc.Rule(c.UserContext(), mb, in.RuleInput)
	if err != nil {
		return nil, err
	}
	out := fiber.Map{"mailbox": got.Mailbox.ID, "priority": got.Priority, "type": got.Type}
	if got.Rule >= 0 {
		out["rule"] = got.Rule
	}
	return out, nil
}
