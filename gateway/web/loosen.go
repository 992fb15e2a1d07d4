package web

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// policyWait is a looser policy that waits, as admins must see it to agree.
type policyWait struct {
	Hash    string               `json:"hash"`
	Since   int64                `json:"since"` // unix ms
	Ask     gateway.KindSwitch   `json:"ask"`
	Act     string               `json:"act,omitempty"` // what a press of the reader would be, as kindState.Act
	Changes []gateway.Difference `json:"changes"`
}

// policyWaits is nil while no policy waits.
func (s *Server) policyWaits(ctx context.Context, who gateway.Caller) (*policyWait, error) {
	b, err := s.svc.PolicyWaiting(ctx)
	if err != nil || b == nil {
		return nil, err
	}
	staff, err := s.svc.Store.Agents(ctx)
	if err != nil {
		return nil, err
	}
	v := &policyWait{Hash: b.Wait.Hash, Since: b.Wait.Since, Ask: b.Wait.Ask, Changes: gateway.Differences(b.Approved, b.Wait.Policy)}
	if gateway.Allowed(who.Actor.Role, gateway.VerbSettings) {
		v.Act = loosening(b.Wait.Ask, who.Actor.ID, staff, s.svc.Now())
	}
	return v, nil
}

func (s *Server) loosenPolicy(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Hash string `json:"hash"`
		Yes  *bool  `json:"yes"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	if in.Yes == nil {
		return nil, gateway.Invalid("yes")
	}
	if err := s.svc.LoosenPolicy(c.UserContext(), who, in.Hash, *in.Yes); err != nil {
		return nil, err
	}
	waits, err := s.policyWaits(c.UserContext(), who)
	return fiber.Map{"waits": waits}, err
}

// policyBanner says to whom may see the audit log that a looser policy waits.
func (s *Server) policyBanner(ctx context.Context, who gateway.Caller) (bool, error) {
	if !gateway.Allowed(who.Actor.Role, gateway.VerbAudit) {
		return false, nil
	}
	b, err := s.svc.PolicyWaiting(ctx)
	return b != nil, err
}
