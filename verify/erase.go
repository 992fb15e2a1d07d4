package verify

import "context"

// Erase gives the row without anything that says whose it is or what was asked for: the salt of its leaves, the
// values, every digest and signature over them (a guess could be tried against those), the evidence and the
// receipt. What stays is that a change of this kind went through these states. Source: proof-gate.md §3.16, row K06.
func (r Row) Erase(at int64) Row {
	r = r.clone()
	r.Seal, r.Chg, r.Change.Base, r.Change.Fields, r.Erased = "", "", AnyBase, map[string]string{}, at
	if c := r.Challenge; c != nil {
		*c = Challenge{
			ID: c.ID, Change: c.Change, Conversation: c.Conversation, Host: c.Host, Audience: c.Audience, Kind: c.Kind,
			T0: c.T0, Handle: c.Handle,
		}
	}
	if p := r.Proof; p != nil {
		*p = Proof{
			Source: p.Source, Level: p.Level, Evidence: Evidence{Kind: p.Evidence.Kind}, ApprovedAt: p.ApprovedAt,
			Finish: p.Finish, FinishBy: p.FinishBy, Keys: p.Keys,
		}
	}
	if m := r.Receipt; m != nil {
		*m = Minted{ID: m.ID, Exp: m.Exp}
	}
	if c := r.Cool; c != nil {
		c.Receipt = Minted{ID: c.Receipt.ID, Exp: c.Receipt.Exp}
	}
	if r.Answer != nil {
		r.Answer = &Answer{Result: r.Answer.Result, Reason: r.Answer.Reason}
	}
	return r
}

// Erase deletes the personal values of a change that has ended. A change that is still open is ended first; one that
// is with the backend is not erased before its answer. It needs no policy: erasing goes on while changes are off.
// Errors: change.state (it is released or cooling), not_found, clock.jump, those of the ledger.
func (g *Guard) Erase(ctx context.Context, by Actor, id string) error {
	now, err := g.Ledger.Now(ctx)
	if err != nil {
		return err
	}
	row, err := g.Ledger.Change(ctx, id)
	if err != nil {
		return err
	}
	if row.State.Open() {
		for _, s := range Revocations([]Row{row}, now, by, LogErased) {
			if row, err = g.advance(ctx, row, s); err != nil {
				return err
			}
		}
	}
	if !row.State.Final() {
		return Refuse(ChangeState)
	}
	l := Leaf{
		V: leafVersion, Actor: by.ID, Role: by.Role, Conversation: row.Conversation, Change: row.ID,
		From: row.State, To: row.State, Reason: LogErased,
	}
	return g.Ledger.Erase(ctx, id, l.Stamp(now))
}
