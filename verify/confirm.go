package verify

import (
	"context"
	"time"
)

// Choices on our confirm page.
const (
	PressApprove = "approve"
	PressDeny    = "deny"
	PressDisown  = "disown" // Not me
)

// Confirmation is what our confirm page shows: every word comes from the kind, every value is the frozen change's
// own, the account from the ID token. Source: proof-gate.md §3.7 step 4.
type Confirmation struct {
	State    State
	Approved bool // a press on Approve came already
	Change   Change
	Kind     Kind
	Site     string // where the accounts are
	Account  string // label of the account; may be empty
	Talk     ViewConversation
	Until    time.Time // end of the present state; zero = none
	Return   string    // the starting page
}

// Confirmation reads what the browser with this cookie is asked. It moves nothing but a change whose time is over.
// Errors: state (no such login), challenge.expired (the challenge was replaced), those of begin and of the ledger.
func (g *Guard) Confirmation(ctx context.Context, cookie string) (Confirmation, error) {
	m, s, row, err := g.login(ctx, cookie)
	if err != nil {
		return Confirmation{}, err
	}
	c := Confirmation{State: row.State, Change: row.Change, Return: row.Challenge.ReturnTo}
	if row.State.Open() && g.sound(ctx, m, row) != nil {
		c.State = Expired
		return c, nil
	}
	k, err := m.kindOf(row)
	if err != nil {
		return Confirmation{}, err
	}
	cv, err := g.Ledger.Conversation(ctx, row.Conversation)
	if err != nil {
		return Confirmation{}, err
	}
	h, _ := m.policy.Host(k.Host)
	c.Kind, c.Site = k, h.Site
	c.Talk = ViewConversation{Started: cv.Started.Unix(), Browser: cv.Browser, Mailbox: cv.Mailbox}
	if row.ExpiresAt > 0 {
		c.Until = time.UnixMilli(row.ExpiresAt)
	}
	if row.Proof != nil && row.Proof.Event == s.Key { // nobody but who logged in reads whose account it is
		c.Account, c.Approved = labelOf(row.Proof.Evidence.JWT), row.Proof.Finish != ""
	}
	return c, nil
}

// Press takes Approve, Deny or Not me from the browser that logged in. The first committed press wins; only a
// second Approve may follow an Approve, and it kills the first finish token. Every other press is refused with a
// leaf of its own.
//
// Errors: state, challenge.expired, change.state, invalid for an unknown choice, those of the ledger.
func (g *Guard) Press(ctx context.Context, cookie, choice string) (Verdict, error) {
	m, s, row, err := g.login(ctx, cookie)
	if err != nil {
		return Verdict{}, err
	}
	by := Actor{Role: HostLogin, ID: s.Source}
	v := Verdict{Change: row.ID, Challenge: s.Challenge, Return: row.Challenge.ReturnTo}
	if choice != PressApprove && choice != PressDeny && choice != PressDisown {
		return v, Refuse(EventType)
	}
	if row.State == Matched {
		if err := g.sound(ctx, m, row); err != nil {
			return v, err
		}
	}
	if row.State == Expired {
		return v, Refuse(ChallengeExpired)
	}
	mine := row.State == Matched && row.Proof != nil && row.Proof.Event == s.Key
	if !mine || choice != PressApprove && row.Proof.Finish != "" {
		return v, g.refuse(ctx, m, row, by, ChangeState)
	}
	if choice == PressApprove {
		return g.approve(ctx, m, row, by, v)
	}
	return g.reject(ctx, m, row, by, choice, v)
}

// approve gives this browser a finish token, which the widget key must bring home within 60 s.
func (g *Guard) approve(ctx context.Context, m moment, row Row, by Actor, v Verdict) (Verdict, error) {
	token, err := g.token()
	if err != nil {
		return v, err
	}
	old := row
	p := *row.Proof
	p.ApprovedAt, p.Finish, p.FinishBy = m.now.Unix(), TokenHash(token), m.now.Add(FinishLife).UnixMilli()
	row.Proof = &p
	s := stepOf(row, Matched, by, "", m.now, time.UnixMilli(old.ExpiresAt))
	if _, err := g.advance(ctx, old, s); err != nil {
		return v, g.lost(ctx, m, old, by, err)
	}
	v.To, v.Level, v.Return = Matched, p.Level, v.Return+"#postern="+token
	return v, nil
}

func (g *Guard) reject(ctx context.Context, m moment, row Row, by Actor, choice string, v Verdict) (Verdict, error) {
	v.To = map[string]State{PressDeny: Denied, PressDisown: Disowned}[choice]
	if _, err := g.step(ctx, m, row, v.To, by, "", time.Time{}); err != nil {
		v.To = ""
		return v, g.lost(ctx, m, row, by, err)
	}
	if v.To == Disowned { // the conversation is frozen now: nothing else in it may go on
		return v, g.Revoke(ctx, by, row.Conversation, ChangeState)
	}
	return v, nil
}

// lost leaves the leaf of a press that another one beat. It stands on the state that won.
func (g *Guard) lost(ctx context.Context, m moment, row Row, by Actor, err error) error {
	if ReasonOf(err) != ChangeState {
		return err
	}
	now, e := g.Ledger.Change(ctx, row.ID)
	if e != nil {
		return e
	}
	return g.refuse(ctx, m, now, by, ChangeState)
}

// login finds the login of a cookie and its change. Errors: state, challenge.expired.
func (g *Guard) login(ctx context.Context, cookie string) (moment, Slip, Row, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return m, Slip{}, Row{}, err
	}
	s, row, err := g.slip(ctx, SlipLogin, cookie)
	if err != nil {
		return m, s, row, refuseAs(err, StateInvalid)
	}
	if row.Challenge.ID != s.Challenge || !m.now.Before(s.Until) && row.State == Challenged {
		return m, s, row, Refuse(ChallengeExpired)
	}
	return m, s, row, nil
}

// labelOf reads the label out of an ID token that was let in before.
func labelOf(raw string) string {
	text, err := parts(raw)
	if err != nil {
		return ""
	}
	o, err := ReadObject(text[1], MaxJWT)
	if err != nil {
		return ""
	}
	return o.label()
}
