package verify

import (
	"context"
	"errors"
	"io"
	"time"
)

// Guard is the only door to a change: each verb checks role, state, time and policy here, and each step
// goes through Ledger once. All fields are needed; a Guard that lacks one refuses everything with
// guard.unavailable. It holds no state of its own and may be used by many goroutines and nodes.
type Guard struct {
	Ledger   Ledger
	Executor Executor
	Signer   Signer
	Policy   func() (Policy, error) // in force now; an error switches changes off
	// Providers are the OpenID providers by name of their source; may be empty.
	Providers map[string]Provider
	Check     Check     // verify/value
	Unsaid    Unsaid    // the leak guard's view of an offer
	Rand      io.Reader // ids and salts
	Secret    []byte    // at least 32 bytes; derives handles and finish tokens; same on every node
	Issuer    string    // iss of receipts: the gateway's public URL
	Origin    string    // name of the log
}

// moment is what a verb decides with: one reading of the database clock and of the policy.
type moment struct {
	now    time.Time
	policy Policy
	hash   string
}

func (g *Guard) begin(ctx context.Context) (moment, error) {
	if g == nil || g.Ledger == nil || g.Executor == nil || g.Signer == nil || g.Policy == nil ||
		g.Check == nil || g.Unsaid == nil || g.Rand == nil || len(g.Secret) < 32 || g.Issuer == "" || g.Origin == "" {
		return moment{}, Refuse(GuardUnavailable)
	}
	p, err := g.Policy()
	if err != nil {
		return moment{}, RefuseCause(PolicyUnavailable, err)
	}
	h, err := p.Hash()
	if err != nil {
		return moment{}, RefuseCause(PolicyUnavailable, err)
	}
	now, err := g.Ledger.Now(ctx)
	return moment{now: now, policy: p, hash: h}, err
}

// Draft stores a change that somebody wants to offer. raw is {"kind":…,"fields":{…}}. Nobody sees it but
// the staff. A recovery.* kind is refused for every role, with a leaf.
//
// Errors: those of ParseRequest and Change.Validate; recovery.refused, role, change.state (the conversation
// is over or frozen), policy.unavailable (the kind is off), not_found.
func (g *Guard) Draft(ctx context.Context, by Actor, conversation string, raw []byte) (Row, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return Row{}, err
	}
	req, err := ParseRequest(raw)
	if err != nil {
		return Row{}, err
	}
	about := Row{Conversation: conversation, Policy: m.hash}
	if Recovery(req.Kind) {
		return Row{}, g.refuse(ctx, m, about, by, RecoveryRefused)
	}
	k, err := m.kind(req.Kind)
	if err != nil {
		return Row{}, err
	}
	if !mayDraft(by.Role, k.Tier) {
		return Row{}, g.refuse(ctx, m, about, by, RoleRefused)
	}
	cv, err := g.conversation(ctx, conversation, by)
	if err != nil {
		return Row{}, err
	}
	row, err := g.draft(m, k, cv, req, by)
	if err != nil {
		return Row{}, err
	}
	return row, g.Ledger.CreateDraft(ctx, Step{Row: row, Actor: by, At: m.now, Kind: &k})
}

func (g *Guard) draft(m moment, k Kind, cv Conversation, req Request, by Actor) (Row, error) {
	c := Change{V: "1", Kind: k.Name, Base: AnyBase, Fields: req.Fields}
	if cv.Base != "" && cv.Host == k.Host {
		c.Base = cv.Base
	}
	if err := c.Validate(k, g.Check); err != nil {
		return Row{}, err
	}
	chg, err := c.Digest()
	if err != nil {
		return Row{}, err
	}
	id, err := g.newID("ch_", m.now)
	if err != nil {
		return Row{}, err
	}
	salt, err := g.salt()
	at := m.now.UnixMilli()
	return Row{
		ID: id, Conversation: cv.ID, Host: k.Host, Change: c, Chg: chg, Policy: m.hash, Seal: salt,
		State: Draft, Version: 1, DraftedBy: by, CreatedAt: at, ChangedAt: at,
		ExpiresAt: m.now.Add(DraftLife).UnixMilli(),
	}, err
}

// Offer shows a drafted change to the visitor and freezes it: from here on its digest stands, an edit is a
// new change. Only the assigned agent may; a sensitive kind takes a senior who has just stepped up.
//
// Errors: role, stepup.required, change.unsaid (a value would tell the visitor what he has not written), change.frozen
// (offered before), change.state, change.self_service (the host has a page for it), change.edited (the row was changed behind our back), draft.expired, not_found.
func (g *Guard) Offer(ctx context.Context, by Actor, id string) (Row, error) {
	m, row, err := g.load(ctx, id)
	if err != nil {
		return Row{}, err
	}
	k, err := m.kind(row.Change.Kind)
	if err != nil {
		return Row{}, err
	}
	cv, err := g.conversation(ctx, row.Conversation, by)
	if err != nil {
		return Row{}, err
	}
	switch {
	case !mayOffer(by.Role, k.Tier) || cv.Assignee == "" || cv.Assignee != by.ID:
		return Row{}, g.refuse(ctx, m, row, by, RoleRefused)
	case row.State != Draft && !row.State.Final():
		return Row{}, Refuse(ChangeFrozen)
	case row.State != Draft:
		return Row{}, Refuse(ChangeState)
	case k.SelfService != "" && !k.Assisted:
		return Row{}, Refuse(ChangeSelfService)
	case !k.open() && !Stepped(by.SteppedAt, m.now):
		return Row{}, Refuse(StepUpRequired)
	}
	if err := g.sound(ctx, m, row); err != nil {
		return Row{}, err
	}
	if err := row.Change.Validate(k, g.Check); err != nil {
		return Row{}, err
	}
	if err := g.said(ctx, m, row, k, by); err != nil {
		return Row{}, err
	}
	row.Policy, row.OfferedBy = m.hash, by
	s := stepOf(row, Offered, by, "", m.now, m.now.Add(OfferLife))
	s.Kind = &k
	return g.advance(ctx, row, s)
}

// Withdraw takes a change back: an agent the own draft or offer, a senior and up any.
// Errors: role, change.state, not_found.
func (g *Guard) Withdraw(ctx context.Context, by Actor, id string) (Row, error) {
	m, row, err := g.load(ctx, id)
	if err != nil {
		return Row{}, err
	}
	own := row.OfferedBy.ID == by.ID || row.OfferedBy.ID == "" && row.DraftedBy.ID == by.ID
	if by.Role.seniority() == 0 || by.Role.seniority() == 1 && !own {
		return Row{}, g.refuse(ctx, m, row, by, RoleRefused)
	}
	return g.step(ctx, m, row, Withdrawn, by, "", time.Time{})
}

// Deny is the visitor's no, in the widget. Errors: role, change.state, not_found.
func (g *Guard) Deny(ctx context.Context, by Actor, id string) (Row, error) {
	m, row, err := g.loadFor(ctx, by, id)
	if err != nil {
		return Row{}, err
	}
	return g.step(ctx, m, row, Denied, by, "", time.Time{})
}

// Revoke ends everything up to proven in a conversation: kill signals, another widget key. The end of a
// conversation does the same in its own transaction by Revocations. A change that moved on meanwhile is
// left alone. Errors: those of the ledger.
func (g *Guard) Revoke(ctx context.Context, by Actor, conversation string, why Reason) error {
	m, err := g.begin(ctx)
	if err != nil {
		return err
	}
	rows, err := g.Ledger.Live(ctx, conversation)
	if err != nil {
		return err
	}
	var all error
	for _, s := range Revocations(rows, m.now, by, why) {
		if err := g.Ledger.Advance(ctx, s); err != nil && !errors.Is(err, Refuse(ChangeState)) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// Revocations are the steps that end the live changes among rows, up to proven. It is pure: whoever closes
// a conversation or makes it a ticket carries them out in that transaction. Source: proof-gate.md §3.5.
func Revocations(rows []Row, at time.Time, by Actor, why Reason) []Step {
	var steps []Step
	for _, r := range rows {
		if r.State.Open() {
			steps = append(steps, stepOf(r, Revoked, by, why, at, time.Time{}))
		}
	}
	return steps
}

// SweepExpired ends up to limit changes whose time is over and says how many.
func (g *Guard) SweepExpired(ctx context.Context, limit int) (int, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return 0, err
	}
	rows, err := g.Ledger.Due(ctx, m.now, limit)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, r := range rows {
		_, err := g.step(ctx, m, r, Expired, Actor{Role: System}, expiry(r), time.Time{})
		if err == nil {
			n++
		} else if !errors.Is(err, Refuse(ChangeState)) {
			return n, err
		}
	}
	return n, nil
}

// kind is the kind in force. Errors: change.schema (unknown), policy.unavailable (off).
func (m moment) kind(name string) (Kind, error) {
	k, ok := m.policy.Kind(name)
	if !ok || Recovery(name) {
		return Kind{}, RefuseField(ChangeSchema, "kind")
	}
	if _, ok := m.policy.Host(k.Host); !ok || k.Off {
		return Kind{}, Refuse(PolicyUnavailable)
	}
	return k, nil
}

// kindOf is the kind of a row, at its host. Errors: those of kind.
func (m moment) kindOf(r Row) (Kind, error) {
	if k, ok := m.policy.KindAt(r.Change.Kind, r.Host); ok && BuiltIn(r.Change.Kind) {
		return k, nil
	}
	return m.kind(r.Change.Kind)
}

// conversation reads what is true now. A visitor sees only the own one.
func (g *Guard) conversation(ctx context.Context, id string, by Actor) (Conversation, error) {
	cv, err := g.Ledger.Conversation(ctx, id)
	switch {
	case err != nil:
		return Conversation{}, err
	case by.Role == Visitor && (by.ID == "" || cv.Visitor != by.ID):
		return Conversation{}, Refuse(NotFound)
	case !cv.Open || cv.Frozen:
		return Conversation{}, Refuse(ChangeState)
	}
	return cv, nil
}

func (g *Guard) load(ctx context.Context, id string) (moment, Row, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return m, Row{}, err
	}
	row, err := g.Ledger.Change(ctx, id)
	return m, row, err
}

// loadFor loads a change for one of the visitor's own verbs.
func (g *Guard) loadFor(ctx context.Context, by Actor, id string) (moment, Row, error) {
	m, row, err := g.load(ctx, id)
	if err != nil {
		return m, row, err
	}
	if by.Role != Visitor {
		return m, row, g.refuse(ctx, m, row, by, RoleRefused)
	}
	_, err = g.conversation(ctx, row.Conversation, by)
	return m, row, err
}

// sound makes sure that the row's time is not over and that its change still has the frozen digest. A row
// that fails is ended on the spot, with its leaf.
func (g *Guard) sound(ctx context.Context, m moment, r Row) error {
	if (r.State.Open() || r.State == Cooling) && m.now.UnixMilli() >= r.ExpiresAt {
		why := expiry(r)
		if _, err := g.step(ctx, m, r, Expired, Actor{Role: System}, why, time.Time{}); err != nil {
			return g.expiredBefore(ctx, r.ID, err)
		}
		return Refuse(why)
	}
	if intact(r) {
		return nil
	}
	if _, err := g.step(ctx, m, r, Revoked, Actor{Role: System}, ChangeEdited, time.Time{}); err != nil {
		return err
	}
	return Refuse(ChangeEdited)
}

// expiredBefore says what somebody hears who came to an end that the sweep, or another node, has just written:
// the same as whoever finds it later.
func (g *Guard) expiredBefore(ctx context.Context, change string, lost error) error {
	if row, err := g.Ledger.Change(ctx, change); err == nil && row.State == Expired {
		return Refuse(row.Reason)
	}
	return lost
}

// intact recomputes everything that was fixed from the values in the row: the digest, and the commitment
// once there is one. Somebody with SQL access who edits a value changes one of the two.
func intact(r Row) bool {
	chg, err := r.Change.Digest()
	if err != nil || !Equal(chg, r.Chg) || !complete(r) {
		return false
	}
	if r.Challenge == nil {
		return true
	}
	ch := *r.Challenge
	commit, err := ch.Commitment().Hash()
	return err == nil && Equal(commit, ch.Commit) && Equal(ch.Chg, chg) && Equal(ch.Key.Thumbprint(), ch.JKT) &&
		ch.Change == r.ID && ch.Conversation == r.Conversation && ch.Host == r.Host && ch.Kind == r.Change.Kind
}

// complete reports whether the row has what its state cannot be reached without.
func complete(r Row) bool {
	switch r.State {
	case Released, Unsettled:
		return r.Challenge != nil && r.Proof != nil && r.Receipt != nil
	case Cooling:
		return r.Challenge != nil && r.Proof != nil && r.Cool != nil
	case Matched, Proven:
		return r.Challenge != nil && r.Proof != nil
	case Challenged:
		return r.Challenge != nil
	}
	return true
}

func expiry(r Row) Reason {
	switch r.State {
	case Draft:
		return DraftExpired
	case Offered:
		return OfferExpired
	case Challenged:
		return ChallengeExpired
	case Matched:
		if r.Proof == nil || r.Proof.Finish == "" && r.Proof.Code == "" { // nobody pressed Approve
			return ChallengeExpired
		}
		return FinishExpired
	case Cooling:
		return CoolingExpired
	}
	return ProofExpired
}
