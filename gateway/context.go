package gateway

import (
	"context"
	"encoding/json"

	"github.com/postern-chat/postern/verify"
)

// Account gives the account data that a proof has opened, to the agent whom the conversation is assigned to.
//
// Errors: proof_required context.locked for everybody else, and whenever there is nothing to see; too_many
// read.budget; unavailable.
func (s *Service) Account(ctx context.Context, c Caller, cv ID) (verify.Facts, error) {
	if s.Guard == nil || !c.Staff() || !cv.Is(PrefixConversation) {
		return verify.Facts{}, ContextLocked()
	}
	f, err := s.Guard.Facts(ctx, c.actor(), string(cv))
	if verify.ReasonOf(err) == verify.ReadBudget {
		s.nudgeTopics(ctx, "settings")
	}
	return f, err
}

// SpentReads lists the agents whose budget of account data is spent. Errors: forbidden.
func (s *Service) SpentReads(ctx context.Context, c Caller) ([]verify.Spent, error) {
	if err := c.may(VerbFreeReads); err != nil || s.Guard == nil {
		return nil, err
	}
	return s.Guard.Ledger.SpentReads(ctx)
}

// FreeReads lets an agent look into account data again. Errors: forbidden, forbidden four_eyes (himself), not_found.
func (s *Service) FreeReads(ctx context.Context, c Caller, agent ID) error {
	if err := c.may(VerbFreeReads); err != nil {
		return err
	}
	if s.Guard == nil {
		return NotFound()
	}
	if err := s.Guard.FreeReads(ctx, c.actor(), string(agent)); err != nil {
		return err
	}
	s.nudgeTopics(ctx, "settings")
	return nil
}

// shutWindows takes what is over off the screens, on whatever node it is seen.
func (s *Service) shutWindows(ctx context.Context) error {
	if s.Guard == nil {
		return nil
	}
	shut, err := s.Guard.ShutWindows(ctx)
	for _, cv := range shut {
		s.nudge(ctx, ID(cv))
	}
	if CodeOf(err) == "unavailable" || verify.ReasonOf(err) == verify.ClockJump {
		return nil // reading is refused by the clock all the same
	}
	return err
}

// tellClaimed tells the host of a conversation's mailbox that its visitor typed an e-mail: it may warn the account's
// owner, if there is such an account, at most once a day (proof-gate.md §3.11). Nobody here learns what came of it.
func (s *Service) tellClaimed(ctx context.Context, j Job) error {
	var p struct {
		Conversation ID `json:"conversation"`
	}
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.Conversation == "" {
		return Invalid("payload")
	}
	if s.Guard == nil {
		return nil
	}
	cv, err := s.Store.Conversation(ctx, p.Conversation)
	if err != nil {
		return err
	}
	err = s.Guard.Claimed(ctx, string(cv.ID), cv.Claimed.Email)
	if verify.ReasonOf(err) == verify.PolicyUnavailable {
		return nil // changes are off, and with them all that is told about accounts
	}
	return err
}
