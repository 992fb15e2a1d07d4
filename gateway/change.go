package gateway

import (
	"context"
	"encoding/json"

	"github.com/postern-chat/postern/verify"
)

// actor is the caller as the gate sees him. A visitor's key is the one that his socket proved in hello.
func (c Caller) actor() verify.Actor {
	a := verify.Actor{Role: verify.Role(c.Actor.Role), ID: string(c.Actor.ID), SteppedAt: c.SteppedAt}
	if !c.Staff() && c.Visitor.Key != "" {
		if json.Unmarshal([]byte(c.Visitor.Key), &a.Key) != nil {
			a.Key = verify.JWK{}
		}
	}
	return a
}

// guardRead lets nobody name a conversation that he may not see; the gate decides all else.
func (s *Service) guardRead(ctx context.Context, c Caller, cv ID) error {
	if s.Guard == nil {
		return verify.Refuse(verify.PolicyUnavailable)
	}
	if cv.Is(PrefixVisit) {
		return s.visitOf(ctx, c, cv)
	}
	if cv.Is(PrefixOwn) {
		return ownOf(c, cv)
	}
	_, err := s.access(ctx, c, cv)
	return err
}

// DraftChange stores a change to be offered. raw is {"kind":…,"fields":{…}} as it came, so that the gate's
// own strict reader sees every key. Errors: those of verify.Guard.Draft.
func (s *Service) DraftChange(ctx context.Context, c Caller, cv ID, raw []byte) (verify.Row, error) {
	if err := s.guardRead(ctx, c, cv); err != nil {
		return verify.Row{}, err
	}
	row, err := s.Guard.Draft(ctx, c.actor(), string(cv), raw)
	return s.moved(ctx, row, err)
}

// OfferChange shows a drafted change to the visitor. Errors: those of verify.Guard.Offer.
func (s *Service) OfferChange(ctx context.Context, c Caller, change string) (verify.Row, error) {
	if err := s.mayChange(ctx, c, change); err != nil {
		return verify.Row{}, err
	}
	row, err := s.Guard.Offer(ctx, c.actor(), change)
	return s.moved(ctx, row, err)
}

// WithdrawChange takes an offer back. Errors: those of verify.Guard.Withdraw.
func (s *Service) WithdrawChange(ctx context.Context, c Caller, change string) (verify.Row, error) {
	if err := s.mayChange(ctx, c, change); err != nil {
		return verify.Row{}, err
	}
	row, err := s.Guard.Withdraw(ctx, c.actor(), change)
	return s.moved(ctx, row, err)
}

// SecondChange is the second pair of eyes on a change that cools. Errors: those of verify.Guard.Second.
func (s *Service) SecondChange(ctx context.Context, c Caller, change string) (verify.Row, error) {
	if err := s.mayChange(ctx, c, change); err != nil {
		return verify.Row{}, err
	}
	row, err := s.Guard.Second(ctx, c.actor(), change)
	row, err = s.moved(ctx, row, err)
	s.wake()
	return row, err
}

// OpenChange is the visitor's press on "Log in to confirm". Errors: those of verify.Guard.Open.
func (s *Service) OpenChange(ctx context.Context, c Caller, req verify.OpenRequest) (verify.Opened, error) {
	if err := s.mayChange(ctx, c, req.Change); err != nil {
		return verify.Opened{}, err
	}
	opened, err := s.Guard.Open(ctx, c.actor(), req)
	_, err = s.moved(ctx, opened.Row, err)
	return opened, err
}

// FinishChange proves a matched change: the browser that asked came back. The receipt is minted and delivered
// by a job that the same transaction left; this call runs it at once. Errors: those of verify.Guard.Finish.
func (s *Service) FinishChange(ctx context.Context, c Caller, req verify.FinishRequest) (verify.Row, error) {
	if err := s.guardRead(ctx, c, ID(req.Conversation)); err != nil {
		return verify.Row{}, err
	}
	row, err := s.Guard.Finish(ctx, c.actor(), req)
	row, err = s.moved(ctx, row, err)
	s.wake()
	return row, err
}

// DenyChange is the visitor's no in the widget. Errors: those of verify.Guard.Deny.
func (s *Service) DenyChange(ctx context.Context, c Caller, change string) (verify.Row, error) {
	if err := s.mayChange(ctx, c, change); err != nil {
		return verify.Row{}, err
	}
	row, err := s.Guard.Deny(ctx, c.actor(), change)
	return s.moved(ctx, row, err)
}

// ObserveLogin gives an authentic login event, a security event about an account or a backend's late answer to the
// gate. Errors: those of verify.Guard.Observe, Kill and Result.
func (s *Service) ObserveLogin(ctx context.Context, e verify.LoginEvent) (verify.Verdict, error) {
	if s.Guard == nil {
		return verify.Verdict{}, verify.Refuse(verify.PolicyUnavailable)
	}
	if e.Kind == verify.SubjectKill {
		rows, err := s.Guard.Kill(ctx, e)
		for _, r := range rows {
			s.nudge(ctx, ID(r.Conversation))
		}
		return verify.Verdict{Level: verify.E0}, err
	}
	observe := s.Guard.Observe
	if e.Kind == verify.ChangeResult {
		observe = s.Guard.Result
	}
	v, err := observe(ctx, e)
	s.told(ctx, v)
	return v, err
}

// Changes lists the changes of a conversation in the order of their drafts, also those that have ended: staff
// sees the receipt and the reason there. It finds them by the newest events of the staff's side.
func (s *Service) Changes(ctx context.Context, c Caller, cv ID) ([]verify.Row, error) {
	if s.Guard == nil {
		return nil, nil
	}
	if _, err := s.access(ctx, c, cv); err != nil {
		return nil, err
	}
	return s.changesOf(ctx, cv)
}

func (s *Service) changesOf(ctx context.Context, cv ID) ([]verify.Row, error) {
	if s.Guard == nil {
		return nil, nil
	}
	events, err := s.Store.EventsBefore(ctx, cv.Staff(), 0, maxTried)
	if err != nil {
		return nil, err
	}
	var out []verify.Row
	for _, e := range events {
		var p GateMoved
		if e.Kind != "change.drafted" || json.Unmarshal(e.Payload, &p) != nil {
			continue
		}
		row, err := s.Guard.Ledger.Change(ctx, p.Change)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// mayChange refuses a change of a conversation that the caller may not see, as not_found.
func (s *Service) mayChange(ctx context.Context, c Caller, change string) error {
	if s.Guard == nil {
		return verify.Refuse(verify.PolicyUnavailable)
	}
	row, err := s.Guard.Ledger.Change(ctx, change)
	if err != nil {
		return err
	}
	return s.guardRead(ctx, c, ID(row.Conversation))
}

// moved tells everybody who watches the conversation. Also a refusal may have moved a change (to its end).
func (s *Service) moved(ctx context.Context, row verify.Row, err error) (verify.Row, error) {
	if row.Conversation != "" {
		s.nudge(ctx, ID(row.Conversation))
	}
	return row, err
}

// nudge makes watchers read both sides of a conversation: the gate's steps store their events themselves.
func (s *Service) nudge(ctx context.Context, cv ID) {
	s.nudgeTopics(ctx, string(cv), cv.Staff())
}

func (s *Service) nudgeTopics(ctx context.Context, topics ...string) {
	heads, err := s.Store.Heads(ctx, topics)
	if err != nil {
		s.Log.Warn("nudge", "topic", topics[0], "code", CodeOf(err))
		return
	}
	var hints []Hint
	for _, t := range topics {
		if heads[t] > 0 {
			hints = append(hints, Hint{Topic: t, Seq: heads[t]})
		}
	}
	if err := s.Bus.Publish(context.WithoutCancel(ctx), hints...); err != nil {
		s.Log.Warn("publish", "hints", len(hints), "code", CodeOf(err))
	}
}

// gateJobPayload names the change that a step's job is about.
type gateJobPayload struct {
	Change string `json:"change"`
}

// gateJob runs one of the gate's jobs; each is safe to run twice.
func (s *Service) gateJob(ctx context.Context, j Job) error {
	var p gateJobPayload
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.Change == "" {
		return Invalid("payload")
	}
	if s.Guard == nil {
		return verify.Refuse(verify.PolicyUnavailable)
	}
	var row verify.Row
	var err error
	switch j.Kind {
	case JobRelease:
		row, err = s.Guard.Release(ctx, p.Change)
	case JobSettle:
		row, err = s.Guard.Settle(ctx, p.Change)
	case JobNotice:
		return s.Guard.Notice(ctx, p.Change)
	}
	_, err = s.moved(ctx, row, err)
	if verify.ReasonOf(err) == verify.ChangeState {
		return nil // somebody else did it
	}
	return err
}

// expireChanges ends what nobody finished in time.
func (s *Service) expireChanges(ctx context.Context) error {
	if s.Guard == nil {
		return nil
	}
	n, err := s.Guard.SweepExpired(ctx, 100)
	if n > 0 {
		s.Log.Info("changes expired", "count", n)
	}
	if CodeOf(err) == "unavailable" || verify.ReasonOf(err) == verify.PolicyUnavailable {
		return nil // changes are off; conversations go on
	}
	return err
}
