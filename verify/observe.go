package verify

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// memo is what is remembered of a login event that moved something: enough to answer a repetition with
// the same bytes. The finish token is not in it; it is derived again.
type memo struct {
	Body    string  `json:"body"`
	Verdict Verdict `json:"verdict"` // Return without token
}

// Observe takes an authentic login event in. Every judged event has a verdict and no error; Verdict.Reason
// tells a refusal. The same event again (source, id, body) gives the same verdict and moves nothing.
//
// Errors, when no verdict can be made: policy.unavailable (its source is not in force), clock.jump (one leaf), event.replay (same id, other body), those of
// begin and of the ledger.
func (g *Guard) Observe(ctx context.Context, e LoginEvent) (Verdict, error) {
	switch e.Kind { // they wait for nothing: whoever reports them may hold up a login until he is answered
	case LoginSeen:
		return Verdict{Level: E0}, nil
	case LoginOther:
		return Verdict{Level: E0, Reason: EventNotLogin}, nil
	}
	m, err := g.begin(ctx)
	if err != nil {
		return Verdict{}, g.jumped(ctx, e, err)
	}
	if !bound(e) {
		return Verdict{Level: E0}, nil
	}
	if !m.sends(e) {
		return Verdict{}, Refuse(PolicyUnavailable)
	}
	v, err := g.again(ctx, e)
	if err == nil || ReasonOf(err) != NotFound {
		return v, err
	}
	v, err = g.observe(ctx, m, e)
	late := err == nil && v.To == "" && v.Reason == HandleExpired
	if late || errors.Is(err, Refuse(ChangeState)) || errors.Is(err, Refuse(EventReplay)) {
		return g.beaten(ctx, e) // a twin may have been taken between the two reads
	}
	return v, err
}

// jumped leaves a leaf when a login event arrives while the clock is behind.
func (g *Guard) jumped(ctx context.Context, e LoginEvent, cause error) error {
	if ReasonOf(cause) != ClockJump || !bound(e) {
		return cause
	}
	row, err := g.byHandle(ctx, e.Handle)
	if err != nil || row.Host != e.Host {
		return cause
	}
	s := Step{Row: row, From: row.State, Actor: Actor{Role: HostLogin, ID: e.Source}, Reason: ClockJump, At: time.UnixMilli(row.ChangedAt)}
	return errors.Join(cause, g.Ledger.Note(ctx, s.Leaf(), "clock.jump\n"+row.ID))
}

// sends reports whether the policy in force has this source for this host: one that was added to the files without
// two admins' agreement is not heard.
func (m moment) sends(e LoginEvent) bool {
	s, ok := m.policy.Source(e.Source)
	return ok && s.Host == e.Host
}

func (g *Guard) observe(ctx context.Context, m moment, e LoginEvent) (Verdict, error) {
	row, err := g.byHandle(ctx, e.Handle)
	if ReasonOf(err) == HandleExpired || err == nil && row.Host != e.Host {
		return Verdict{Level: E0, Reason: HandleExpired}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	dead := Verdict{Change: row.ID, Challenge: row.Challenge.ID, Level: E0, Reason: HandleExpired, Return: row.Challenge.ReturnTo}
	if !takes(row.State, e.Kind) {
		if row.Reason == ChallengeExpired { // whoever found it first
			dead.Reason = ChallengeExpired
		}
		return dead, nil
	}
	if err := g.sound(ctx, m, row); err != nil {
		if dead.Reason = ReasonOf(err); dead.Reason == ChangeEdited || dead.Reason == ChallengeExpired {
			return dead, nil
		}
		dead.Reason = HandleExpired
		return dead, gateError(err)
	}
	v := Match(*row.Challenge, e, m.policy, m.now)
	if v.To == "" {
		return v, nil
	}
	v.Return = row.Challenge.ReturnTo
	return g.judge(ctx, m, row, e, v)
}

// gateError keeps only errors that are not refusals about time.
func gateError(err error) error {
	if ReasonOf(err).Code() == "proof_expired" {
		return nil
	}
	return err
}

// takes reports whether a change in state s still listens to an event: to a yes only while challenged, to
// a no until it is proven, for an owner may change his mind.
func takes(s State, kind string) bool {
	return s == Challenged || kind != LoginConfirmed && (s == Matched || s == Proven)
}

// judge carries the verdict out: one step, its burns, and what a repetition must be told.
func (g *Guard) judge(ctx context.Context, m moment, row Row, e LoginEvent, v Verdict) (Verdict, error) {
	note, err := json.Marshal(memo{Body: e.Body, Verdict: v})
	if err != nil {
		return Verdict{}, err
	}
	burns := []Burn{{Use: BurnEvent, Key: eventKey(e), Value: string(note), Until: m.now.Add(ReplayLife)}}
	ch := row.Challenge
	old, until := row, time.Time{}
	if v.To == Matched || v.To == Disowned {
		row.Proof = g.proof(m, *ch, e, v)
	}
	if v.To == Matched {
		burns = append(burns, Burn{Use: BurnCommit, Key: ch.Commit, Value: row.ID})
		until = earlier(m.now.Add(MatchLife), ch.ExpiresAt())
	}
	by := Actor{Role: HostLogin, ID: e.Source}
	s := stepOf(row, v.To, by, v.Reason, m.now, until, burns...)
	if _, err := g.advance(ctx, old, s); err != nil {
		return Verdict{}, err
	}
	if v.To == Disowned { // the conversation is frozen now: nothing else in it may go on
		if err := g.Revoke(ctx, by, row.Conversation, ChangeState); err != nil {
			return Verdict{}, err
		}
	}
	return g.withToken(v, e), nil
}

func (g *Guard) proof(m moment, ch Challenge, e LoginEvent, v Verdict) *Proof {
	p := &Proof{Source: e.Source, Event: e.ID, Subject: e.Subject, Issuer: ch.Audience, Level: v.Level}
	if v.To != Matched {
		return p
	}
	p.Evidence, p.ApprovedAt = evidenceOf(e), m.now.Unix()
	if ch.Code {
		p.Code, p.FinishBy = g.codeSeal(ch.ID, g.code(ch.ID, e)), earlier(m.now.Add(MatchLife), ch.ExpiresAt()).UnixMilli()
		return p
	}
	p.Finish, p.FinishBy = TokenHash(g.finishToken(ch.ID, e)), m.now.Add(FinishLife).UnixMilli()
	return p
}

// finishToken is 256 bits, made from challenge and event, so that a repeated delivery is answered alike.
func (g *Guard) finishToken(challenge string, e LoginEvent) string {
	return deriveToken(g.Secret, "finish", challenge, e.Source, e.ID)
}

func (g *Guard) withToken(v Verdict, e LoginEvent) Verdict {
	if v.To == Matched && v.Typed {
		v.Code = g.code(v.Challenge, e)
		return v
	}
	if v.To == Matched {
		v.Return += "#postern=" + g.finishToken(v.Challenge, e)
	}
	return v
}

// again answers a repetition. Errors: not_found (the event is new), event.replay.
func (g *Guard) again(ctx context.Context, e LoginEvent) (Verdict, error) {
	b, err := g.Ledger.Burned(ctx, Burn{Use: BurnEvent, Key: eventKey(e)})
	if err != nil {
		return Verdict{}, err
	}
	var old memo
	if err := json.Unmarshal([]byte(b.Value), &old); err != nil {
		return Verdict{}, RefuseCause(EventReplay, err)
	}
	if !Equal(old.Body, e.Body) {
		return Verdict{}, Refuse(EventReplay)
	}
	return g.withToken(old.Verdict, e), nil
}

// beaten answers an event that lost a race: by its own twin (same answer), or by another one (too late).
func (g *Guard) beaten(ctx context.Context, e LoginEvent) (Verdict, error) {
	v, err := g.again(ctx, e)
	if ReasonOf(err) != NotFound {
		return v, err
	}
	v = Verdict{Level: E0, Reason: HandleExpired}
	if row, err := g.byHandle(ctx, e.Handle); err == nil && row.Host == e.Host {
		v.Change, v.Challenge, v.Return = row.ID, row.Challenge.ID, row.Challenge.ReturnTo
	}
	return v, nil
}

func eventKey(e LoginEvent) string { return e.Source + "\n" + e.ID }
