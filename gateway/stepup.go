package gateway

import (
	"context"

	"github.com/postern-chat/postern/verify"
)

// StartLogin redeems a start token: the browser gets a cookie of its own and the address of the provider's login.
// Errors: those of verify.Guard.Start.
func (s *Service) StartLogin(ctx context.Context, token string) (verify.Started, error) {
	if s.Guard == nil {
		return verify.Started{}, verify.Refuse(verify.PolicyUnavailable)
	}
	return s.Guard.Start(ctx, token)
}

// ReturnLogin takes a browser back from the provider. Errors: those of verify.Guard.Return.
func (s *Service) ReturnLogin(ctx context.Context, cookie string, a verify.LoginAnswer) (verify.Verdict, error) {
	if s.Guard == nil {
		return verify.Verdict{}, verify.Refuse(verify.PolicyUnavailable)
	}
	v, err := s.Guard.Return(ctx, cookie, a)
	s.told(ctx, v)
	return v, err
}

// Confirmation reads what our confirm page shows to this browser. Errors: those of verify.Guard.Confirmation.
func (s *Service) Confirmation(ctx context.Context, cookie string) (verify.Confirmation, error) {
	if s.Guard == nil {
		return verify.Confirmation{}, verify.Refuse(verify.PolicyUnavailable)
	}
	return s.Guard.Confirmation(ctx, cookie)
}

// PressLogin takes Approve, Deny or Not me from our confirm page. Errors: those of verify.Guard.Press.
func (s *Service) PressLogin(ctx context.Context, cookie, choice string) (verify.Verdict, error) {
	if s.Guard == nil {
		return verify.Verdict{}, verify.Refuse(verify.PolicyUnavailable)
	}
	v, err := s.Guard.Press(ctx, cookie, choice)
	s.told(ctx, v)
	return v, err
}

// told makes everybody who watches the change's conversation look again, and its jobs run.
func (s *Service) told(ctx context.Context, v verify.Verdict) {
	if v.Change == "" {
		return
	}
	if row, err := s.Guard.Ledger.Change(ctx, v.Change); err == nil {
		s.nudge(ctx, ID(row.Conversation))
	}
	s.wake()
}
