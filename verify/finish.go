package verify

import (
	"cmp"
	"context"
	"time"
)

// FinishRequest is what the widget sends when the browser came back.
type FinishRequest struct {
	Conversation string // the one this widget shows
	Change       string
	Token        string // from #postern=
	Code         string // typed, of a host that cannot redirect; then without Token
	Sig          string // the widget key's signature over FinishMessage
	Chg          string // the digest that it says it signed, "" = the change's: tells a wrong change from a wrong key
}

// Finish proves a matched change: the browser that asked has come back with the login's token. The token
// alone says which change is meant. Whoever holds it with another key, in another conversation or with a
// signature over something else ends that change; whoever does not hold it touches nothing.
//
// Errors: role, key.required, finish.used (of many racers one wins), finish.expired, finish.key (the
// socket's key is not the challenge's, or there is no signature of it), finish.conversation, finish.digest (the
// right key has signed another change), change.edited, change.state, not_found. With a typed code also code.wrong,
// code.limit (finishByCode).
func (g *Guard) Finish(ctx context.Context, by Actor, req FinishRequest) (Row, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return Row{}, err
	}
	if by.Role != Visitor {
		return Row{}, g.refuse(ctx, m, Row{Conversation: req.Conversation, Policy: m.hash}, by, RoleRefused)
	}
	if _, err := by.Key.Public(); err != nil {
		return Row{}, Refuse(KeyRequired)
	}
	if req.Code != "" {
		return g.finishByCode(ctx, m, by, req)
	}
	row, err := g.byFinish(ctx, req.Token)
	if err != nil {
		return Row{}, err
	}
	if err := g.sound(ctx, m, row); err != nil {
		return Row{}, err
	}
	if m.now.UnixMilli() >= row.Proof.FinishBy {
		return Row{}, g.end(ctx, m, row, Expired, by, FinishExpired)
	}
	if why := g.unfit(ctx, row, by, req); why != "" {
		return Row{}, g.end(ctx, m, row, Failed, by, why)
	}
	return g.finish(ctx, m, row, by, req)
}

func (g *Guard) finish(ctx context.Context, m moment, row Row, by Actor, req FinishRequest) (Row, error) {
	proof := *row.Proof
	proof.Sig = req.Sig
	old := row
	row.Proof = &proof
	burn := Burn{Use: BurnFinish, Key: proof.Finish}
	s := stepOf(row, Proven, by, "", m.now, m.provenFor(row), burn)
	row, err := g.advance(ctx, old, s)
	if ReasonOf(err) == ChangeState { // lost a race: was it to another finish?
		if _, used := g.Ledger.Burned(ctx, burn); used == nil {
			return Row{}, Refuse(FinishUsed)
		}
	}
	return row, err
}

// byFinish finds the change that a finish token belongs to. Errors: finish.expired (no such token),
// finish.used (it did its work).
func (g *Guard) byFinish(ctx context.Context, token string) (Row, error) {
	if b, ok := unb64(token); !ok || len(b) != 32 {
		return Row{}, Refuse(FinishExpired)
	}
	row, err := g.Ledger.ByFinish(ctx, TokenHash(token))
	switch {
	case ReasonOf(err) == NotFound:
		return Row{}, Refuse(FinishExpired)
	case err != nil:
		return Row{}, err
	case row.Proof == nil || row.Challenge == nil:
		return Row{}, Refuse(FinishExpired)
	case row.State == Matched:
		return row, nil
	}
	if _, err := g.Ledger.Burned(ctx, Burn{Use: BurnFinish, Key: row.Proof.Finish}); err == nil {
		return Row{}, Refuse(FinishUsed)
	}
	return Row{}, Refuse(FinishExpired)
}

// unfit says why somebody who holds the token may not finish, "" if he may. Key before conversation: a
// token in the wrong browser is the graver sign.
func (g *Guard) unfit(ctx context.Context, row Row, by Actor, req FinishRequest) Reason {
	ch := row.Challenge
	if by.Key.Thumbprint() != ch.JKT {
		return FinishKey
	}
	if b, ok := unb64(req.Sig); !ok || len(b) != 64 {
		return FinishKey
	}
	if req.Change != row.ID || req.Conversation != row.Conversation {
		return FinishConversation
	}
	if _, err := g.conversation(ctx, row.Conversation, by); err != nil {
		return FinishConversation
	}
	said := cmp.Or(req.Chg, row.Chg)
	text, err := FinishMessage(ch.ID, said, ch.Commit, row.Proof.Finish)
	if err != nil || !ch.Key.Verify(text, req.Sig) {
		return FinishKey // a signature does not tell what it was made over, only whether it is this one
	}
	if !Equal(said, row.Chg) {
		return FinishDigest
	}
	return ""
}

// end moves the change to an end and returns the reason as the refusal.
func (g *Guard) end(ctx context.Context, m moment, row Row, to State, by Actor, why Reason) error {
	if _, err := g.step(ctx, m, row, to, by, why, time.Time{}); err != nil {
		return err
	}
	return Refuse(why)
}
