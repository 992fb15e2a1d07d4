package verify

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Result stores what the backend says later of a change that it took with 202, as its answer at once would have been.
// Only a released or unsettled change listens, and only to a source of its own host that names challenge and
// commitment. Of a change that cools a refusal says that the owner has cancelled it: it is denied. The same event again gets the same answer and moves nothing.
//
// Errors: event.type (not a result), change.state (no such challenge, or not in such a state), change.edited,
// event.replay (same id, other body), those of begin and of the ledger.
func (g *Guard) Result(ctx context.Context, e LoginEvent) (Verdict, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return Verdict{}, err
	}
	if e.Kind != ChangeResult || e.ID == "" || e.Result.Answer.Result != ResultApplied && e.Result.Answer.Result != ResultRefused {
		return Verdict{}, Refuse(EventType)
	}
	if !m.sends(e) {
		return Verdict{}, Refuse(PolicyUnavailable)
	}
	if v, err := g.again(ctx, e); err == nil || ReasonOf(err) != NotFound {
		return v, err
	}
	v, err := g.result(ctx, m, e)
	if errors.Is(err, Refuse(ChangeState)) || errors.Is(err, Refuse(EventReplay)) { // a twin may have been taken meanwhile
		if old, twin := g.again(ctx, e); ReasonOf(twin) != NotFound {
			return old, twin
		}
	}
	return v, err
}

func (g *Guard) result(ctx context.Context, m moment, e LoginEvent) (Verdict, error) {
	row, err := g.ofCommit(ctx, e.Result.Commit)
	if err != nil {
		return Verdict{}, err
	}
	if row.Host != e.Host || row.Challenge == nil || row.Challenge.ID != e.Result.Challenge || row.State != Released && row.State != Unsettled && row.State != Cooling {
		return Verdict{}, Refuse(ChangeState)
	}
	if !intact(row) {
		return Verdict{}, Refuse(ChangeEdited)
	}
	a, to := judged(row.Change, e.Result.Answer), Applied
	switch {
	case row.State == Cooling:
		to = Denied
	case a.Result == ResultRefused:
		to = Failed
	}
	v := Verdict{Change: row.ID, Challenge: row.Challenge.ID, To: to, Level: row.Proof.Level}
	note, err := json.Marshal(memo{Body: e.Body, Verdict: v})
	if err != nil {
		return Verdict{}, err
	}
	once := Burn{Use: BurnEvent, Key: eventKey(e), Value: string(note), Until: m.now.Add(ReplayLife)}
	if row.State == Cooling {
		return v, g.cancelled(ctx, m, row, e, once)
	}
	s := stepOf(row, to, Actor{Role: HostLogin, ID: e.Source}, a.Reason, m.now, time.Time{}, once)
	s.Row.Answer = &a
	if s.Window, err = g.window(m, row, a.Facts); err != nil {
		return v, err
	}
	_, err = g.advance(ctx, row, s)
	return v, err
}

// ofCommit finds the change whose commitment was burned. Errors: change.state (none).
func (g *Guard) ofCommit(ctx context.Context, commit string) (Row, error) {
	b, err := g.Ledger.Burned(ctx, Burn{Use: BurnCommit, Key: commit})
	if err == nil {
		var row Row
		if row, err = g.Ledger.Change(ctx, b.Value); err == nil {
			return row, nil
		}
	}
	return Row{}, refuseAs(err, ChangeState)
}
