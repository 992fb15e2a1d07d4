package sqlstore

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// Ledger is the store as the proof gate sees it.
type Ledger struct {
	s   *Store
	now func() time.Time // for tests; nil = the database's clock
}

var _ verify.Ledger = (*Ledger)(nil)

// Ledger gives the proof gate's side of the store: the same database, the same transactions.
func (s *Store) Ledger() *Ledger { return &Ledger{s: s} }

// ledgerError gives a failure the gate's code: without its store the gate is closed.
func ledgerError(err error) error {
	if err == nil || verify.ReasonOf(err) != "" {
		return err
	}
	if gateway.CodeOf(err) == "not_found" {
		return verify.RefuseCause(verify.NotFound, err)
	}
	return verify.RefuseCause(verify.GuardUnavailable, err)
}

const qHigh = `SELECT high FROM log_head WHERE one = 1`

// behind is how far the clock may lag the newest leaf, ms.
const behind = 5000

// Now implements verify.Ledger.
func (l *Ledger) Now(ctx context.Context) (time.Time, error) {
	var high int64
	if err := l.s.read.QueryRowContext(ctx, qHigh).Scan(&high); err != nil {
		return time.Time{}, ledgerError(failure("read the clock", err))
	}
	now, err := l.clock(ctx)
	if err != nil {
		return time.Time{}, ledgerError(err)
	}
	if ms(now) < high-behind {
		return time.Time{}, verify.Refuse(verify.ClockJump)
	}
	return now, nil
}

func (l *Ledger) clock(ctx context.Context) (time.Time, error) {
	if l.now != nil {
		return at(l.now().UnixMilli()), nil
	}
	n, ok, err := l.s.d.clock(ctx, l.s.read)
	if err != nil {
		return time.Time{}, failure("read the clock", err)
	}
	if !ok {
		n = l.s.o.Now().UnixMilli()
	}
	return at(n), nil
}

// CreateDraft implements verify.Ledger.
func (l *Ledger) CreateDraft(ctx context.Context, s verify.Step) error {
	if s.From != "" || s.To() != verify.Draft {
		return verify.Refuse(verify.ChangeState)
	}
	return l.step(ctx, s)
}

// Advance implements verify.Ledger.
func (l *Ledger) Advance(ctx context.Context, s verify.Step) error {
	if s.From == "" || !s.From.May(s.To()) {
		return verify.Refuse(verify.ChangeState)
	}
	return l.step(ctx, s)
}

func (l *Ledger) step(ctx context.Context, s verify.Step) error {
	_, err := l.s.change(ctx, "step of a change", s.At, func(x *tx) error {
		c, err := x.place(gateway.ID(s.Row.Conversation))
		if gateway.CodeOf(err) == "not_found" {
			return verify.Refuse(verify.ChangeState)
		}
		if err != nil {
			return err
		}
		return x.advance(c, s)
	})
	return ledgerError(err)
}

// live reports whether the gate works in a conversation: a chat that goes on.
func live(c gateway.Conversation) bool {
	return c.Channel == gateway.ByChat && !c.Status.Ended()
}

// advance carries out one step with its conversation's row locked (verify/doc.go gives the order).
func (x *tx) advance(c gateway.Conversation, s verify.Step) error {
	if s.To().Open() && (!live(c) || c.Frozen) {
		return verify.Refuse(verify.ChangeState)
	}
	if err := x.saveChange(s); err != nil {
		return err
	}
	if err := x.limited(s); err != nil {
		return err
	}
	if err := x.spend(s.Burns); err != nil {
		return err
	}
	for _, a := range s.Archive {
		if err := x.archive(a, s.At); err != nil {
			return err
		}
	}
	if s.To() == verify.Disowned {
		if err := x.freeze(c, s.Row.ID); err != nil {
			return err
		}
	}
	if err := x.openWindow(c, s.Window); err != nil {
		return err
	}
	if err := x.newVersion(c, s.Row); err != nil {
		return err
	}
	if err := x.follow(c, s); err != nil {
		return err
	}
	return x.leaf(s.Leaf(), s.At, s.Row.ID)
}

const qAccountVersion = `UPDATE visitors SET account_version = $4 WHERE id = $1 AND host = $2 AND subject = $3
AND account_version <> ''`

// newVersion keeps the version that the account has after an applied change: a session that the host signed before
// would else be out of date by our own doing.
func (x *tx) newVersion(c gateway.Conversation, r verify.Row) error {
	if r.State != verify.Applied || r.Answer == nil || r.Answer.Version == "" || len(r.Answer.Version) > verify.MaxBase {
		return nil
	}
	_, err := x.exec(qAccountVersion, string(c.Visitor), r.Host, r.Subject(), r.Answer.Version)
	return err
}

func firstOf(err error, other error) error {
	if err != nil {
		return err
	}
	return other
}

const (
	qInsertChange = `INSERT INTO changes (id, conversation, state, version, host, chg, jkt, handle_hash, finish_hash,
created_at, changed_at, expires_at, leaf, body, subject) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,-1,$13,$14)
ON CONFLICT DO NOTHING`
	qAdvanceChange = `UPDATE changes SET state=$3, version=$4, host=$5, chg=$6, jkt=$7, handle_hash=$8, finish_hash=$9,
changed_at=$10, expires_at=$11, body=$12, subject=$15 WHERE id=$1 AND conversation=$2 AND state=$13 AND version=$14`
	qKeyBusy = `SELECT COUNT(*) FROM changes WHERE jkt = $1 AND state = 'challenged' AND id <> $2`
)

// saveChange compares and stores the row of a change. Errors: change.state.
func (x *tx) saveChange(s verify.Step) error {
	r := s.Row
	body, err := r.Pack()
	if err != nil {
		return err
	}
	jkt, handle, finish, subject := searched(r)
	if s.To() == verify.Challenged {
		var busy int
		if err := x.row(qKeyBusy, jkt, r.ID).Scan(&busy); err != nil {
			return err
		}
		if busy > 0 {
			return verify.Refuse(verify.ChangeState)
		}
	}
	var n int64
	if s.From == "" {
		n, err = x.exec(qInsertChange, r.ID, r.Conversation, string(r.State), r.Version, r.Host, r.Chg, jkt, handle, finish,
			r.CreatedAt, r.ChangedAt, r.ExpiresAt, body, subject)
	} else {
		n, err = x.exec(qAdvanceChange, r.ID, r.Conversation, string(r.State), r.Version, r.Host, r.Chg, jkt, handle, finish,
			r.ChangedAt, r.ExpiresAt, body, string(s.From), s.FromVersion, subject)
	}
	if unique(err) || err == nil && n == 0 {
		return verify.Refuse(verify.ChangeState)
	}
	if err == nil && s.To() == verify.Proven {
		err = x.reviveIn(gateway.ID(r.Conversation))
	}
	return err
}

// searched gives the columns that a change is found by, NULL where it has none.
func searched(r verify.Row) (jkt, handle, finish, subject sql.NullString) {
	if c := r.Challenge; c != nil {
		jkt = sql.NullString{String: c.JKT, Valid: c.JKT != ""}
		handle = sql.NullString{String: c.Handle, Valid: c.Handle != ""}
	}
	if p := r.Proof; p != nil {
		finish = sql.NullString{String: p.Finish, Valid: p.Finish != ""}
	}
	subject = sql.NullString{String: r.Subject(), Valid: r.Subject() != ""}
	return jkt, handle, finish, subject
}

const (
	qOpened     = `SELECT COUNT(*) FROM challenges_opened WHERE conversation = $1 AND at > $2`
	qOpen       = `INSERT INTO challenges_opened (id, conversation, at) VALUES ($1,$2,$3)`
	qBurn       = `INSERT INTO burns (use, key, value, until) VALUES ($1,$2,$3,$4) ON CONFLICT (use, key) DO NOTHING`
	qSetLeaf    = `UPDATE changes SET leaf = $2 WHERE id = $1`
	qLockHead   = `SELECT size, high FROM log_head WHERE one = 1`
	qInsertLeaf = `INSERT INTO log_leaves (n, leaf) VALUES ($1,$2)`
	qInsertHash = `INSERT INTO log_hashes (n, hash) VALUES ($1,$2)`
	qSetHead    = `UPDATE log_head SET size = $1, high = $2 WHERE one = 1`
)

// limited counts opened challenges. Errors: challenge.limit.
func (x *tx) limited(s verify.Step) error {
	if s.Limit == nil {
		return nil
	}
	var n int
	if err := x.row(qOpened, s.Row.Conversation, ms(s.Limit.Since)).Scan(&n); err != nil {
		return err
	}
	if n >= s.Limit.Max {
		return verify.Refuse(verify.ChallengeLimit)
	}
	id := s.Row.ID + "/" + strconv.FormatInt(s.Row.Version, 10)
	_, err := x.exec(qOpen, id, s.Row.Conversation, ms(s.At))
	return err
}

func (x *tx) burn(b verify.Burn) (fresh bool, err error) {
	n, err := x.exec(qBurn, b.Use, b.Key, b.Value, ms(b.Until))
	return n == 1, err
}

// follow emits the step's event for those who may see it and leaves its job.
func (x *tx) follow(c gateway.Conversation, s verify.Step) error {
	topic := string(c.ID)
	if s.To() == verify.Draft {
		topic = c.ID.Staff() // the visitor sees a change when it is offered
	}
	p := gateway.GateMoved{
		K: gateway.Kind(s.Event()), Change: s.Row.ID, Name: s.Row.Change.Kind, State: string(s.To()), Until: s.Row.Waits(),
	}
	if s.Kind != nil {
		p.Title, p.Labels, p.Fields = s.Kind.Title, s.Kind.Labels(), s.Row.Change.Fields
	}
	if s.Row.Receipt != nil {
		p.Receipt = s.Row.Receipt.ID
	}
	by := gateway.Actor{Role: gateway.Role(s.Actor.Role), ID: gateway.ID(s.Actor.ID)}
	if err := x.emit(topic, by, p); err != nil {
		return err
	}
	if s.Job() == "" {
		return nil
	}
	return x.enqueue(gateway.Job{
		ID: s.Job() + ":" + s.Row.ID + ":" + string(s.To()), Kind: gateway.JobKind(s.Job()), Due: s.JobAt(),
		Payload: []byte(`{"change":"` + s.Row.ID + `"}`),
	})
}

// leaf appends a line to the log; change "" = a note. It takes the head last: the end of the lock order.
func (x *tx) leaf(l verify.Leaf, when time.Time, change string) error {
	if err := x.flush(); err != nil { // topics come before the head
		return err
	}
	var size, high int64
	if err := x.row(qLockHead+x.s.d.lock).Scan(&size, &high); err != nil {
		return err
	}
	if change == "" {
		when = at(max(ms(when), high))
		l = l.Stamp(when)
	} else if ms(when) < high-behind {
		return verify.Refuse(verify.ClockJump)
	}
	if err := x.grow(size, l); err != nil {
		return err
	}
	if change != "" {
		if err := x.must(qSetLeaf, change, size); err != nil {
			return err
		}
	}
	return x.must(qSetHead, size+1, max(high, ms(when)))
}

func (x *tx) grow(n int64, l verify.Leaf) error {
	b, err := l.Bytes()
	if err != nil {
		return err
	}
	hashes, err := verify.Grow(n, b, x.hashes)
	if err != nil {
		return err
	}
	if err := x.must(qInsertLeaf, n, string(b)); err != nil {
		return err
	}
	for i, h := range hashes {
		if err := x.must(qInsertHash, verify.StoredHashCount(n)+int64(i), h[:]); err != nil {
			return err
		}
	}
	return nil
}

// revoke ends the live changes of a locked conversation that ends or becomes a ticket.
func (x *tx) revoke(cv gateway.ID, by gateway.Actor) error {
	rows, err := x.QueryContext(x.ctx, qLiveChanges, string(cv))
	if err != nil {
		return err
	}
	changes, err := collect(rows, scanChange)
	if err != nil || len(changes) == 0 {
		return err
	}
	c, err := x.lock(cv)
	if err != nil {
		return err
	}
	actor := verify.Actor{Role: verify.Role(by.Role), ID: string(by.ID)}
	for _, s := range verify.Revocations(changes, x.now, actor, "") {
		if err := x.advance(c, s); err != nil {
			return err
		}
	}
	return nil
}

// Note implements verify.Ledger.
func (l *Ledger) Note(ctx context.Context, leaf verify.Leaf, once string) error {
	now, err := l.clock(ctx)
	if err != nil {
		return ledgerError(err)
	}
	_, err = l.s.change(ctx, "note in the log", now, func(x *tx) error {
		if once != "" {
			fresh, err := x.burn(verify.Burn{Use: verify.BurnNote, Key: once})
			if err != nil || !fresh {
				return err
			}
		}
		return x.leaf(leaf, now, "")
	})
	return ledgerError(err)
}
