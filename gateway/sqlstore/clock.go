package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	lateNow   = `id IN (SELECT conversation FROM clocks WHERE late = TRUE)`
	riskNow   = `id IN (SELECT conversation FROM clocks WHERE risk = TRUE)`
	qPromise  = `INSERT INTO clocks (conversation, promise, look_at, looks, late) VALUES ($1,$2,$3,1,FALSE)`
	qPromises = `SELECT conversation, promise, look_at FROM clocks WHERE conversation`
	// A payload is JSON: a text that says the same has its quotes escaped.
	qSpoken = `SELECT topic, at, actor_role, CASE WHEN REPLACE(payload, '"unverified":true', '') <> payload THEN TRUE ELSE FALSE END,
CASE WHEN REPLACE(payload, '"holding":true', '') <> payload THEN TRUE ELSE FALSE END
FROM events WHERE kind = 'message.created' AND topic`
	qAnswers = `SELECT mailbox, asked, COALESCE(answered, 0), closed_at FROM (
SELECT c.mailbox, c.closed_at, c.started_at,
(SELECT e.at FROM events e WHERE e.topic = c.id AND e.kind = 'message.created' AND e.actor_role = 'visitor' ORDER BY e.seq LIMIT 1) AS asked,
(SELECT e.at FROM events e WHERE e.topic = c.id AND e.kind = 'message.created' AND e.actor_role NOT IN ('visitor', 'system', 'host')
  ORDER BY e.seq LIMIT 1) AS answered
FROM conversations c WHERE c.started_at >= $1 AND ($2 = '' OR c.mailbox = $2) ORDER BY c.started_at DESC LIMIT $3) AS a
WHERE asked IS NOT NULL`
	qMarks  = `SELECT mark FROM clock_marks WHERE conversation = $1`
	qTell   = `INSERT INTO clock_marks (conversation, mark, at) VALUES ($1,$2,$3) ON CONFLICT (conversation, mark) DO NOTHING`
	qKept   = `UPDATE clocks SET look_at = 0, late = $3, risk = $4 WHERE conversation = $1 AND look_at = $2`
	qLookAt = `UPDATE clocks SET look_at = $2, looks = looks + 1 WHERE conversation = $1 RETURNING looks`
	// Two rows take turns: the one whose look is kept is done while the other waits for the next.
	qAppoint = `INSERT INTO jobs (id, kind, due, payload, attempts, last_err, lease_until, lease_owner, failed, since)
VALUES ($1,$2,$3,$4,0,'',0,'',FALSE,$3) ON CONFLICT (id) DO UPDATE SET due = excluded.due, since = excluded.since, attempts = 0, last_err = '',
lease_until = 0, lease_owner = '', failed = FALSE, done_at = NULL`
	qOverdueLooks = `SELECT c.conversation FROM clocks c JOIN conversations v ON v.id = c.conversation
WHERE c.look_at > 0 AND c.look_at < $1 AND v.status <> 'closed'
AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.done_at IS NULL AND j.id IN ('clock:' || c.conversation || ':0', 'clock:' || c.conversation || ':1'))
ORDER BY c.conversation`
)

// promised keeps what a new conversation is promised, and appoints the first look at its clocks.
func (x *tx) promised(cv gateway.ID, in *gateway.ClockStart) error {
	if in == nil {
		return nil
	}
	promise, err := json.Marshal(in.Promise)
	if err != nil {
		return err
	}
	if err := x.must(qPromise, string(cv), string(promise), ms(in.LookAt)); err != nil {
		return err
	}
	return x.appoint(cv, 1, in.LookAt)
}

// lookAt appoints the next look at a conversation's clocks in the place of the one that is appointed. Without a promise
// nothing happens.
func (x *tx) lookAt(cv gateway.ID, due time.Time) error {
	var looks int64
	err := x.row(qLookAt, string(cv), ms(due)).Scan(&looks)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return x.appoint(cv, looks, due)
}

// appoint makes the job of a conversation's look of that number.
func (x *tx) appoint(cv gateway.ID, number int64, due time.Time) error {
	id := "clock:" + string(cv) + ":" + strconv.FormatInt(number%2, 10)
	_, err := x.exec(qAppoint, id, string(gateway.JobClock), ms(due), string(conversationJob(cv)))
	return err
}

// Clocks implements gateway.ClockStore.
func (s *Store) Clocks(ctx context.Context, cvs []gateway.ID) (map[gateway.ID]gateway.ClockFacts, error) {
	out := map[gateway.ID]gateway.ClockFacts{}
	err := inParts(cvs, func(part []gateway.ID) error {
		in, args := " IN ("+list(0, len(part))+")", anys(part)
		if err := s.each(ctx, qPromises+in, args, func(r scanner) error {
			var id gateway.ID
			var promise string
			var look int64
			if err := r.Scan(&id, &promise, &look); err != nil {
				return err
			}
			f := gateway.ClockFacts{LookAt: at(look)}
			err := json.Unmarshal([]byte(promise), &f.Promise)
			out[id] = f
			return err
		}); err != nil {
			return err
		}
		return s.each(ctx, qSpoken+in+" ORDER BY topic, seq", args, func(r scanner) error {
			var id gateway.ID
			var when int64
			var by gateway.Role
			var unverified, holding bool
			err := r.Scan(&id, &when, &by, &unverified, &holding)
			if f, ok := out[id]; ok {
				f.Said = gateway.AppendSaid(f.Said, at(when), by, unverified, holding)
				out[id] = f
			}
			return err
		})
	})
	return out, failure("read clocks", err)
}

// FirstAnswers implements gateway.ClockStore.
func (s *Store) FirstAnswers(ctx context.Context, mailbox gateway.ID, since time.Time, limit int) ([]gateway.FirstAnswer, error) {
	return all(ctx, s, func(r scanner) (f gateway.FirstAnswer, err error) {
		var asked, answered, closed int64
		err = r.Scan(&f.Mailbox, &asked, &answered, &closed)
		f.Asked, f.Answered, f.Ended = at(asked), at(answered), at(closed)
		return f, err
	}, qAnswers, ms(since), string(mailbox), limit)
}

// each reads every row of a query.
func (s *Store) each(ctx context.Context, query string, args []any, row func(scanner) error) error {
	rows, err := s.query(ctx, query, args...)
	if err != nil {
		return err
	}
	_, err = collect(rows, func(r scanner) (struct{}, error) { return struct{}{}, row(r) })
	return err
}

// ClockMarks implements gateway.ClockStore.
func (s *Store) ClockMarks(ctx context.Context, cv gateway.ID) (map[string]bool, error) {
	keys, err := all(ctx, s, scanText, qMarks, string(cv))
	out := map[string]bool{}
	for _, k := range keys {
		out[k] = true
	}
	return out, err
}

// KeepClocks implements gateway.ClockStore.
func (s *Store) KeepClocks(ctx context.Context, l gateway.ClockLook, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "keep clocks", now, func(x *tx) error {
		c, err := x.lock(l.Conversation)
		if err != nil {
			return err
		}
		if c.Version != l.Version {
			return gateway.Conflict()
		}
		n, err := x.exec(qKept, string(c.ID), ms(l.LookAt), l.Late, l.Risk)
		if err != nil || n == 0 {
			return err // another look was appointed, or this one is kept
		}
		for _, t := range l.Tell {
			if _, err := x.tellOnce(c, gateway.System(), t); err != nil {
				return err
			}
		}
		if l.Next.IsZero() {
			return nil
		}
		return x.lookAt(c.ID, l.Next)
	})
}

// tellOnce emits what a locked conversation's clocks say, unless it was told before.
func (x *tx) tellOnce(c gateway.Conversation, by gateway.Actor, t gateway.Telling) (told bool, err error) {
	n, err := x.exec(qTell, string(c.ID), t.Key, ms(x.now))
	if err != nil || n == 0 {
		return false, err
	}
	if err := x.emit(c.ID.Staff(), by, t.Payload); err != nil {
		return true, err
	}
	if t.To, err = x.hearing(c.ID, t.To); err != nil {
		return true, err
	}
	for _, topic := range append([]gateway.ID{c.Mailbox}, t.To...) {
		if err := x.emitAbout(string(topic), c.ID, by, t.Payload); err != nil {
			return true, err
		}
	}
	for _, j := range t.Jobs {
		if err := x.enqueue(j); err != nil {
			return true, err
		}
	}
	if t.Payload.Kind() != (gateway.ConversationEscalated{}).Kind() {
		return true, nil
	}
	for _, to := range t.To {
		j, err := gateway.EscalationLetter(c.ID, t.Key, to, x.now)
		if err == nil {
			err = x.enqueue(j)
		}
		if err != nil {
			return true, err
		}
	}
	return true, nil
}

// Escalate implements gateway.ClockStore.
func (s *Store) Escalate(ctx context.Context, cv gateway.ID, by gateway.Actor, t gateway.Telling, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "escalate", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		if c.Status.Ended() {
			return gateway.ConversationClosed()
		}
		told, err := x.tellOnce(c, by, t)
		if err == nil && !told {
			err = gateway.Conflict()
		}
		return err
	})
}

// ResumeClocks implements gateway.ClockStore.
func (s *Store) ResumeClocks(ctx context.Context, before, now time.Time) (int, error) {
	overdue, err := all(ctx, s, scanText, qOverdueLooks, ms(before))
	if err != nil {
		return 0, err
	}
	for _, id := range overdue {
		_, err := s.change(ctx, "look at clocks", now, func(x *tx) error {
			if _, err := x.lock(gateway.ID(id)); err != nil {
				return err
			}
			return x.lookAt(gateway.ID(id), now)
		})
		if err != nil {
			return 0, err
		}
	}
	return len(overdue), nil
}
