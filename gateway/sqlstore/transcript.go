package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

const (
	qTranscripts      = `SELECT id, conversation, token_hash, host, subject, by_role, by_id, made_at, until FROM transcripts `
	qTranscript       = qTranscripts + `WHERE id = $1`
	qTranscriptByHash = qTranscripts + `WHERE token_hash = $1`
	qTranscriptsSince = `SELECT COUNT(*) FROM transcripts WHERE conversation = $1 AND made_at > $2`
	qPutTranscript    = `INSERT INTO transcripts (id, conversation, token_hash, host, subject, by_role, by_id, made_at, until)
VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`
	qEndTranscript = `UPDATE transcripts SET until = 0 WHERE id = (SELECT transcript FROM transcript_visits WHERE id = $1)`
	qChangesOf     = qChanges + `WHERE conversation = $1 ORDER BY created_at, id`

	qVisits = `SELECT v.id, v.transcript, v.visitor, v.browser, v.at, t.conversation, t.host, t.subject, t.until
FROM transcript_visits v JOIN transcripts t ON t.id = v.transcript `
	qVisit      = qVisits + `WHERE v.id = $1`
	qVisitOf    = qVisits + `WHERE v.transcript = $1 AND v.visitor = $2`
	qVisitCount = `SELECT COUNT(*) FROM transcript_visits WHERE transcript = $1`
	qPutVisit   = `INSERT INTO transcript_visits (id, transcript, visitor, browser, at) VALUES ($1,$2,$3,$4,$5)
ON CONFLICT (transcript, visitor) DO NOTHING`
)

func scanTranscript(r scanner) (gateway.Transcript, error) {
	var t gateway.Transcript
	var made, until int64
	err := r.Scan(&t.ID, &t.Conversation, &t.TokenHash, &t.Host, &t.Subject, &t.By.Role, &t.By.ID, &made, &until)
	t.MadeAt, t.Until = at(made), at(until)
	return t, missing(err)
}

func scanVisit(r scanner) (gateway.Visit, error) {
	var v gateway.Visit
	var when, until int64
	err := r.Scan(&v.ID, &v.Transcript, &v.Visitor, &v.Browser, &when, &v.Conversation, &v.Host, &v.Subject, &until)
	v.At, v.Until = at(when), at(until)
	return v, missing(err)
}

// MakeTranscript implements gateway.TranscriptStore.
func (s *Store) MakeTranscript(ctx context.Context, t gateway.Transcript, now time.Time) (gateway.Transcript, error) {
	_, err := s.change(ctx, "make a link to a conversation", now, func(x *tx) error {
		c, err := x.lock(t.Conversation)
		switch {
		case err != nil:
			return err
		case c.Frozen:
			return gateway.Forbidden()
		}
		var n int
		if err := x.row(qTranscriptsSince, string(c.ID), ms(now.Add(-gateway.TranscriptEvery))).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return gateway.TooMany(gateway.TranscriptEvery.Milliseconds())
		}
		var proven bool
		if t.Host, t.Subject, proven, err = subjectOf(x.ctx, x, c); err != nil {
			return err
		}
		t.Told, t.MadeAt, t.Until = proven, now, now.Add(gateway.TranscriptLife)
		return x.putTranscript(t)
	})
	return t, err
}

func (x *tx) putTranscript(t gateway.Transcript) error {
	err := x.must(qPutTranscript, string(t.ID), string(t.Conversation), t.TokenHash, t.Host, t.Subject, string(t.By.Role),
		string(t.By.ID), ms(t.MadeAt), ms(t.Until))
	if err != nil || !t.Told {
		return err
	}
	return x.enqueue(gateway.Job{
		ID: "transcript:" + string(t.ID), Kind: gateway.JobTranscript, Due: x.now,
		Payload: []byte(`{"transcript":"` + string(t.ID) + `"}`),
	})
}

// Transcript implements gateway.TranscriptStore.
func (s *Store) Transcript(ctx context.Context, id gateway.ID) (gateway.Transcript, error) {
	return one(ctx, s, scanTranscript, qTranscript, string(id))
}

// TranscriptByToken implements gateway.TranscriptStore.
func (s *Store) TranscriptByToken(ctx context.Context, hash string, now time.Time) (gateway.Transcript, error) {
	t, err := one(ctx, s, scanTranscript, qTranscriptByHash, hash)
	if err == nil && !now.Before(t.Until) {
		return gateway.Transcript{}, gateway.NotFound()
	}
	return t, err
}

// VisitTranscript implements gateway.TranscriptStore.
func (s *Store) VisitTranscript(ctx context.Context, v gateway.Visit, now time.Time) (gateway.Visit, error) {
	_, err := s.change(ctx, "visit a conversation", now, func(x *tx) error {
		stored, err := scanVisit(x.row(qVisitOf, string(v.Transcript), string(v.Visitor)))
		if err == nil {
			v = stored
			return nil
		}
		if gateway.CodeOf(err) != "not_found" {
			return err
		}
		var n int
		if err := x.row(qVisitCount, string(v.Transcript)).Scan(&n); err != nil {
			return err
		}
		if n >= gateway.MaxVisits {
			return gateway.TooMany(gateway.TranscriptEvery.Milliseconds())
		}
		if _, err := x.exec(qPutVisit, string(v.ID), string(v.Transcript), string(v.Visitor), v.Browser, ms(now)); err != nil {
			return err
		}
		v, err = scanVisit(x.row(qVisitOf, string(v.Transcript), string(v.Visitor)))
		return err
	})
	return v, err
}

// Visit implements gateway.TranscriptStore.
func (s *Store) Visit(ctx context.Context, id gateway.ID) (gateway.Visit, error) {
	return one(ctx, s, scanVisit, qVisit, string(id))
}

// place locks where a change belongs to: a conversation, or a visit, which the gate takes for a chat that goes on as
// long as its link lives, or a browser's own place. Errors: not_found.
func (x *tx) place(id gateway.ID) (gateway.Conversation, error) {
	if id.Is(gateway.PrefixOwn) {
		return x.ownPlace(id)
	}
	if !id.Is(gateway.PrefixVisit) {
		return x.lock(id)
	}
	v, err := scanVisit(x.row(qVisit+x.s.d.lock, string(id)))
	c := gateway.Conversation{ID: v.ID, Visitor: v.Visitor, Channel: gateway.ByChat, Status: gateway.Active}
	if !x.now.Before(v.Until) {
		c.Status = gateway.Closed
	}
	return c, err
}

// freeze lets nothing more happen where somebody said "Not me": of a visit that is the whole link.
func (x *tx) freeze(c gateway.Conversation, change string) error {
	if c.ID.Is(gateway.PrefixVisit) {
		return x.must(qEndTranscript, string(c.ID))
	}
	if c.ID.Is(gateway.PrefixOwn) {
		return nil // the change itself says so: own looks for it
	}
	c.Frozen = true
	if err := x.save(&c); err != nil {
		return err
	}
	return x.tell(c, gateway.System(), gateway.ConversationFrozen{Change: change})
}

// visit is what the gate must know of a visit: whose login alone it takes.
func (l *Ledger) visit(ctx context.Context, id gateway.ID) (verify.Conversation, error) {
	v, err := l.s.Visit(ctx, id)
	if err != nil {
		return verify.Conversation{}, ledgerError(err)
	}
	now, err := l.clock(ctx)
	c, err2 := l.s.Conversation(ctx, v.Conversation)
	if err := errors.Join(err, err2); err != nil {
		return verify.Conversation{}, ledgerError(err)
	}
	m, err := l.s.Mailbox(ctx, c.Mailbox)
	if err != nil {
		return verify.Conversation{}, ledgerError(err)
	}
	return verify.Conversation{
		ID: string(v.ID), Open: now.Before(v.Until), Frozen: c.Frozen, Visitor: string(v.Visitor), Host: v.Host, Subject: v.Subject,
		Mailbox: m.Name, Browser: v.Browser, Started: c.StartedAt,
	}, nil
}
