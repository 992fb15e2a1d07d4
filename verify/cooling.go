package verify

import (
	"context"
	"time"
)

// Times of cooling. Source: proof-gate.md §3.5, §3.11.
const (
	CoolingDefault = 24 * time.Hour
	CoolingMax     = 72 * time.Hour
	coolingMin     = time.Hour
)

// Cool is what a change has gone through since the backend took its announcement. Times are unix milliseconds.
type Cool struct {
	Receipt  Minted `json:"receipt"` // the announcement
	At       int64  `json:"at"`      // when the backend had taken it
	Until    int64  `json:"until"`   // earliest release, as far as we know: the backend counts by itself
	Second   Actor  `json:"second,omitzero"`
	SecondAt int64  `json:"second_at,omitempty"`
}

// Cools is the lowest level that is enough for a change of this kind together with cooling, "" = none: the kind
// must say for how long. A level that the kind asks for counts here too. Source: proof-gate.md §3.2.
func (k Kind) Cools() Level {
	floor := A2
	switch {
	case k.Cooling <= 0 || k.Tier == TierRead:
		return ""
	case k.Tier == TierPlain:
		floor = A1
	}
	if k.Level.rank() > floor.rank() {
		floor = k.Level
	}
	if floor.AtLeast(k.Needs()) {
		return ""
	}
	return floor
}

// Takes reports whether a login of this level is enough, at once or with cooling.
func (k Kind) Takes(l Level) bool { return l.AtLeast(k.Needs()) || l.AtLeast(k.Cools()) }

func (k Kind) cooling() time.Duration { return time.Duration(k.Cooling) * time.Hour }

// Waits is when the present state ends or, of a cooling change, when it may be released at the earliest: what
// people are told. Unix milliseconds, 0 = neither.
func (r Row) Waits() int64 {
	if r.State == Cooling && r.Cool != nil {
		return r.Cool.Until
	}
	return r.ExpiresAt
}

// announce tells the backend of a proven change that must cool, with a receipt that applies nothing; once it has
// taken it, the change cools. The announcement is made once: a sender that gets lost leaves the change proven, and
// its time ends. A backend that says no, or that nothing is known of, ends it at once.
//
// Errors: change.state (somebody else announces it), the backend's reason, backend.unavailable, signer.unavailable.
func (g *Guard) announce(ctx context.Context, m moment, row Row, k Kind) (Row, error) {
	once := Burn{Use: BurnAnnounce, Key: row.Challenge.Commit, Value: row.ID}
	if err := g.Ledger.Spend(ctx, once); err != nil {
		return row, err
	}
	minted, err := g.mint(ctx, m, row, UseAnnounce)
	if err != nil {
		return row, err
	}
	d := dispatch(row, "change.announce")
	d.ID, d.Receipt = minted.ID+"_change_announce", minted.JWS
	a, err := g.Executor.Announce(ctx, d)
	if err != nil {
		a = Answer{Result: ResultRefused, Reason: BackendUnavailable}
	}
	if m, err = g.begin(ctx); err != nil {
		return row, err
	}
	if a.Result != ResultAnnounced {
		return g.step(ctx, m, row, Failed, Actor{Role: System}, a.Reason, time.Time{})
	}
	return g.cool(ctx, m, row, k, minted, a)
}

func (g *Guard) cool(ctx context.Context, m moment, row Row, k Kind, minted Minted, a Answer) (Row, error) {
	until := m.now.Add(k.cooling())
	if b := time.Unix(a.NotBefore, 0); b.After(until) {
		until = earlier(b, m.now.Add(CoolingMax))
	}
	old := row
	row.Cool = &Cool{Receipt: minted, At: m.now.UnixMilli(), Until: until.UnixMilli()}
	return g.advance(ctx, old, stepOf(row, Cooling, Actor{Role: System}, "", m.now, m.now.Add(CoolingMax+coolingSlack)))
}

// Second is the second pair of eyes on a change that cools: a supervisor who has not offered it agrees, once. It
// is no approval of the change, which the owner alone has given; without it the change ends when its time is over.
//
// Errors: role, four_eyes, stepup.required, change.state (it does not cool, was agreed to, or the conversation is frozen),
// cooling.expired, change.edited, not_found.
func (g *Guard) Second(ctx context.Context, by Actor, id string) (Row, error) {
	m, row, err := g.load(ctx, id)
	if err != nil {
		return Row{}, err
	}
	cv, err := g.Ledger.Conversation(ctx, row.Conversation)
	switch {
	case err != nil:
		return Row{}, err
	case by.Role != Supervisor || by.ID == "":
		return Row{}, g.refuse(ctx, m, row, by, RoleRefused)
	case row.State != Cooling || cv.Frozen:
		return Row{}, Refuse(ChangeState)
	case row.OfferedBy.ID == by.ID:
		return Row{}, g.refuse(ctx, m, row, by, FourEyes)
	case row.Cool != nil && row.Cool.Second.ID != "":
		return Row{}, Refuse(ChangeState)
	case !Stepped(by.SteppedAt, m.now):
		return Row{}, Refuse(StepUpRequired)
	}
	if err := g.sound(ctx, m, row); err != nil {
		return Row{}, err
	}
	old := row
	row.Cool = copyOf(row.Cool)
	row.Cool.Second, row.Cool.SecondAt = Actor{Role: by.Role, ID: by.ID}, m.now.UnixMilli()
	once := Burn{Use: BurnSecond, Key: row.ID, Value: by.ID}
	return g.advance(ctx, old, stepOf(row, Cooling, by, "", m.now, time.UnixMilli(row.ExpiresAt), once))
}

// cooled reports whether a cooling change has waited long enough and was agreed to, by the policy in force too: a
// longer time counts, a shorter one does not. What the row says of either is believed only with its burn.
//
// Errors: change.state (nobody agreed), receipt.cooling (not yet), change.edited.
func (g *Guard) cooled(ctx context.Context, m moment, row Row, k Kind) error {
	c := row.Cool
	since := m.now.Sub(time.UnixMilli(c.At))
	if c.Second.ID == "" {
		return Refuse(ChangeState)
	}
	if m.now.UnixMilli() < c.Until || since < k.cooling() {
		return Refuse(ReceiptCooling)
	}
	for b, want := range map[Burn]string{
		{Use: BurnAnnounce, Key: row.Challenge.Commit}: row.ID,
		{Use: BurnSecond, Key: row.ID}:                 c.Second.ID,
	} {
		got, err := g.Ledger.Burned(ctx, b)
		if ReasonOf(err) == NotFound || err == nil && got.Value != want {
			return Refuse(ChangeEdited)
		}
		if err != nil {
			return err
		}
	}
	if c.Second.Role != Supervisor || c.Second.ID == row.OfferedBy.ID {
		return Refuse(ChangeEdited)
	}
	return nil
}

// cancelled stores that the owner has cancelled at the backend a change that cools there. It is the owner's no.
func (g *Guard) cancelled(ctx context.Context, m moment, row Row, e LoginEvent, once Burn) error {
	if e.Result.Answer.Result != ResultRefused {
		return Refuse(ChangeState)
	}
	s := stepOf(row, Denied, Actor{Role: HostLogin, ID: e.Source}, OwnerCancelled, m.now, time.Time{}, once)
	_, err := g.advance(ctx, row, s)
	return err
}
