package verify

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Release mints the receipt of a proven change and delivers it, or announces one that must cool first; of one that
// has cooled and was agreed to it does the same. Called again on a released one it delivers the same receipt again,
// while that lives. It is the job that a step to proven and a second approval leave behind, and safe to run twice:
// the ledger lets one step through, the backend applies a commitment once.
//
// Errors: change.state (nothing to release, or nobody agreed), receipt.cooling (not yet: try again), proof.expired, cooling.expired, change.edited, proof.level
// (the policy became stricter), signer.unavailable (try again).
func (g *Guard) Release(ctx context.Context, id string) (Row, error) {
	m, row, err := g.load(ctx, id)
	if err != nil {
		return Row{}, err
	}
	if BuiltIn(row.Change.Kind) { // reading is all
		return row, Refuse(ChangeState)
	}
	switch row.State {
	case Proven, Cooling:
		if row, err = g.release(ctx, m, row); err != nil || row.State != Released {
			return row, err
		}
		return g.deliver(ctx, row)
	case Released:
		if !intact(row) {
			return row, Refuse(ChangeEdited)
		}
		return g.redeliver(ctx, m, row)
	}
	return row, Refuse(ChangeState)
}

// redeliver sends the same receipt again after whoever sent it first got lost. It may have arrived then, so
// the change is unsettled before anything is sent: a first sender who is still alive and never reached the
// backend can no longer call it failed.
func (g *Guard) redeliver(ctx context.Context, m moment, row Row) (Row, error) {
	row, err := g.step(ctx, m, row, Unsettled, Actor{Role: System}, "", time.Time{})
	if err != nil {
		return row, err
	}
	return g.deliver(ctx, row)
}

func (g *Guard) release(ctx context.Context, m moment, row Row) (Row, error) {
	if err := g.sound(ctx, m, row); err != nil {
		return row, err
	}
	system := Actor{Role: System}
	k, err := m.kindOf(row)
	if err != nil {
		return row, g.end(ctx, m, row, Failed, system, PolicyUnavailable)
	}
	if err := g.proven(ctx, row); ReasonOf(err) == ChangeEdited {
		return row, g.end(ctx, m, row, Revoked, system, ChangeEdited)
	} else if err != nil {
		return row, err
	}
	if row, ready, err := g.ready(ctx, m, row, k); err != nil || !ready {
		return row, err
	}
	minted, err := g.mint(ctx, m, row, UseApply)
	if err != nil {
		return row, err
	}
	old := row
	row.Receipt = &minted
	return g.advance(ctx, old, stepOf(row, Released, system, "", m.now, m.now.Add(ReceiptLife)))
}

// unsigned leaves one line per change about a signer that did not sign, however often it is asked, and gives its refusal
// back: the change waits for it until the proof expires.
func (g *Guard) unsigned(ctx context.Context, m moment, row Row, refused error) error {
	s := Step{Row: row, From: row.State, Actor: Actor{Role: System}, Reason: SignerUnavailable, At: m.now}
	if err := g.Ledger.Note(ctx, s.Leaf(), string(SignerUnavailable)+"\n"+row.ID); err != nil {
		return err
	}
	return refused
}

// ready reports whether the receipt may be made now. A proven change whose login is enough only with cooling is
// announced instead; one that cools is looked at again, and what was announced never takes the short way.
func (g *Guard) ready(ctx context.Context, m moment, row Row, k Kind) (Row, bool, error) {
	system, level := Actor{Role: System}, row.Proof.Level
	if !k.Takes(level) {
		return row, false, g.end(ctx, m, row, Failed, system, ProofLevel)
	}
	if row.State == Proven && level.AtLeast(k.Needs()) {
		return row, true, nil
	}
	if row.State == Proven {
		row, err := g.announce(ctx, m, row, k)
		return row, false, err
	}
	err := g.cooled(ctx, m, row, k)
	if ReasonOf(err) == ChangeEdited {
		err = g.end(ctx, m, row, Revoked, system, ChangeEdited)
	}
	return row, err == nil, err
}

// proven makes sure that the row did not come to be proven by an edit: commitment and finish token are
// burned, and the widget key signed.
func (g *Guard) proven(ctx context.Context, row Row) error {
	ch, p := row.Challenge, row.Proof
	if ch == nil || p == nil {
		return Refuse(ChangeEdited)
	}
	for _, b := range []Burn{{Use: BurnCommit, Key: ch.Commit}, {Use: BurnFinish, Key: p.Finish}} {
		if _, err := g.Ledger.Burned(ctx, b); ReasonOf(err) == NotFound {
			return Refuse(ChangeEdited)
		} else if err != nil {
			return err
		}
	}
	text, err := FinishMessage(ch.ID, row.Chg, ch.Commit, p.Finish)
	if err != nil || !ch.Key.Verify(text, p.Sig) {
		return Refuse(ChangeEdited)
	}
	return nil
}

func (g *Guard) mint(ctx context.Context, m moment, row Row, use string) (Minted, error) {
	id, err := g.newID("rc_", m.now)
	if err != nil {
		return Minted{}, err
	}
	head, err := g.Ledger.Head(ctx)
	if err != nil {
		return Minted{}, err
	}
	c := mint(row, use, id, g.Issuer, g.Origin, m.hash, head, m.now)
	jws, err := g.Signer.Sign(ctx, c)
	if ReasonOf(err) == SignerUnavailable {
		err = g.unsigned(ctx, m, row, err)
	}
	return Minted{ID: id, JWS: jws, Exp: c.Exp}, err
}

// deliver gives a released change to the backend and stores what became of it.
func (g *Guard) deliver(ctx context.Context, row Row) (Row, error) {
	a, err := g.Executor.Apply(ctx, dispatch(row, "change.apply"))
	if err != nil {
		a = Answer{Result: ResultPending}
		var never *NotReached
		if errors.As(err, &never) && row.State == Released {
			a = Answer{Result: ResultRefused, Reason: BackendUnavailable}
		}
	}
	return g.answered(ctx, row, a)
}

// answered stores the backend's answer. A change that another node answered meanwhile is returned as it is.
func (g *Guard) answered(ctx context.Context, row Row, a Answer) (Row, error) {
	to, why := Unsettled, Reason("")
	a = judged(row.Change, a)
	switch a.Result {
	case ResultApplied:
		to = Applied
	case ResultRefused:
		to, why = Failed, a.Reason
	}
	if to == Unsettled && row.State == Unsettled {
		return row, Refuse(BackendUnavailable)
	}
	m, err := g.begin(ctx)
	if err != nil {
		return row, err
	}
	s := stepOf(row, to, Actor{Role: System}, why, m.now, time.Time{})
	if to != Unsettled {
		s.Row.Answer = &a
	}
	if s.Window, err = g.window(m, row, a.Facts); err != nil {
		return row, err
	}
	next, err := g.advance(ctx, row, s)
	if ReasonOf(err) == ChangeState {
		return g.Ledger.Change(ctx, row.ID)
	}
	return next, err
}

// Settle asks the backend what became of a change whose answer is missing. A change found released was left
// by a sender that got lost: the same receipt is sent again while it lives, else it is asked for. Never is a
// second receipt made. It is the job that steps to released and unsettled leave behind, due at Step.JobAt.
//
// Errors: backend.unavailable (ask again in a minute), change.state (nothing to settle).
func (g *Guard) Settle(ctx context.Context, id string) (Row, error) {
	m, row, err := g.load(ctx, id)
	if err != nil {
		return Row{}, err
	}
	if (row.State == Released || row.State == Unsettled) && !intact(row) {
		return row, Refuse(ChangeEdited)
	}
	if row.State == Released && m.now.UnixMilli() < row.ExpiresAt {
		return g.redeliver(ctx, m, row)
	}
	if row.State == Released {
		if row, err = g.step(ctx, m, row, Unsettled, Actor{Role: System}, "", time.Time{}); err != nil {
			return row, err
		}
	}
	if row.State != Unsettled {
		return row, Refuse(ChangeState)
	}
	a, err := g.Executor.Settle(ctx, dispatch(row, "change.settle"))
	if err != nil {
		return row, RefuseCause(BackendUnavailable, err)
	}
	gone := m.now.After(time.Unix(row.Receipt.Exp, 0).Add(clockSlack))
	if a.Result == ResultUnknown && gone {
		a = Answer{Result: ResultRefused, Reason: BackendUnavailable}
	}
	return g.answered(ctx, row, a)
}

// Notice asks the backend to tell the owner that somebody pressed "Not me", or that a change was applied. It is the
// job that a step to disowned or applied leaves behind. Errors: change.state, backend.unavailable (try again).
func (g *Guard) Notice(ctx context.Context, id string) error {
	_, row, err := g.load(ctx, id)
	if err != nil {
		return err
	}
	if row.State != Disowned && row.State != Applied || row.Proof == nil || row.Proof.Subject == "" {
		return Refuse(ChangeState)
	}
	d := dispatch(row, "owner.notice")
	d.Notice, d.Receipt = string(row.State), ""
	if err := g.Executor.Notify(ctx, d); err != nil {
		return RefuseCause(BackendUnavailable, err)
	}
	return nil
}

// Claimed asks the backend of a conversation's host to warn the owner of the account with this e-mail, which somebody
// typed at support: at most once a day, if there is such an account. It never says whether there is. Nothing is
// proven or moved. Errors: not_found, backend.unavailable (try again), those of begin.
func (g *Guard) Claimed(ctx context.Context, conversation, email string) error {
	m, err := g.begin(ctx)
	if err != nil {
		return err
	}
	cv, err := g.Ledger.Conversation(ctx, conversation)
	if err != nil {
		return err
	}
	if _, ok := m.policy.Host(cv.Host); !ok || email == "" {
		return nil
	}
	err = g.Executor.Notify(ctx, Dispatch{
		Host: cv.Host, ID: "dl_" + conversation + "_claimed", Type: "owner.notice", Notice: "claimed", Claimed: email,
		Conversation: conversation,
	})
	if err != nil {
		return RefuseCause(BackendUnavailable, err)
	}
	return nil
}

func dispatch(row Row, typ string) Dispatch {
	// A webhook's id has no dot: it is joined with dots before it is signed.
	suffix := "_" + strings.ReplaceAll(typ, ".", "_")
	d := Dispatch{
		Host: row.Host, ID: "dl_" + row.ID + suffix, Type: typ, Challenge: row.Challenge.ID, Conversation: row.Conversation,
		Change: row.Change, Commit: row.Challenge.Commit, T0: row.Challenge.T0,
	}
	if row.Proof != nil {
		d.Subject, d.Evidence = row.Proof.Subject, row.Proof.Evidence
	}
	if row.Receipt != nil {
		d.ID, d.Receipt = row.Receipt.ID+suffix, row.Receipt.JWS
	}
	return d
}
