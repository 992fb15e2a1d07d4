package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// CloseDuplicate implements gateway.DuplicateStore.
func (s *Store) CloseDuplicate(ctx context.Context, cv, of gateway.ID, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "close a duplicate", now, func(x *tx) error {
		c, other, err := x.lockBoth(cv, of)
		switch {
		case err != nil:
			return err
		case !c.DeletedAt.IsZero() || !other.DeletedAt.IsZero():
			return gateway.NotFound()
		case c.Status.Ended():
			return gateway.ConversationClosed()
		}
		if err := x.end(&c, by, gateway.Idle, gateway.ReasonDuplicate); err != nil {
			return err
		}
		first := gateway.ConversationDuplicate{Of: of, Number: other.Number}
		if err := x.emit(cv.Staff(), by, first); err != nil {
			return err
		}
		return x.emit(of.Staff(), by, gateway.ConversationDuplicate{By: cv, Number: c.Number})
	})
}

const (
	qEraseSaid = `UPDATE events SET payload = '{"id":"","text":"","nodes":[]}' WHERE topic IN ($1,$2)
AND kind IN ('message.created','note.created')`
	qEraseOther = `UPDATE events SET payload = '{}' WHERE topic IN ($1,$2) AND kind IN ('conversation.started',
'conversation.escalated','conversation.rated','ticket.opened','ticket.forwarded','identity.claimed','article.suggested',
'article.opened','article.rated')`
	qEraseMails = `UPDATE incoming SET raw = $2, original = '' WHERE conversation = $1`
	qEraseOut   = `UPDATE outbox SET raw = $2 WHERE conversation = $1 AND state <> 'waiting'`
	qDropOut    = `DELETE FROM outbox WHERE conversation = $1 AND state = 'waiting'`
	qDropMails  = `UPDATE jobs SET done_at = $2, last_err = '' WHERE done_at IS NULL
AND id IN (SELECT 'mail:' || message FROM outbox WHERE conversation = $1 AND state = 'waiting')`
	qEraseCopies = `DELETE FROM mail_copies WHERE conversation = $1`
	qEraseParts  = `DELETE FROM file_parts WHERE file IN (SELECT id FROM files WHERE conversation = $1)`
	qEraseFiles  = `DELETE FROM files WHERE conversation = $1`
	qDropParting = `UPDATE partings SET state = 'undone', body = '' WHERE conversation = $1 AND state = 'waiting'`
	qDropLooks   = `UPDATE jobs SET done_at = $3, last_err = '' WHERE id IN ($1,$2) AND done_at IS NULL`
	qDeleted     = `UPDATE conversations SET deleted_at = $2 WHERE id = $1`
)

// DeleteTicket implements gateway.DuplicateStore.
func (s *Store) DeleteTicket(ctx context.Context, cv gateway.ID, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "delete a ticket", now, func(x *tx) error {
		c, err := x.lock(cv)
		switch {
		case err != nil:
			return err
		case !c.DeletedAt.IsZero():
			return gateway.NotFound()
		case c.Number == 0:
			return gateway.InvalidState(string(c.Status))
		}
		if _, err := x.exec(qDropParting, string(cv)); err != nil {
			return err
		}
		if !c.Status.Ended() {
			if err := x.end(&c, by, gateway.Idle, "deleted"); err != nil {
				return err
			}
		}
		c.Subject, c.FirstWords, c.Claimed, c.Rating.Text = "", "", gateway.Claimed{}, ""
		if err := x.save(&c); err != nil {
			return err
		}
		if err := x.erase(cv); err != nil {
			return err
		}
		return x.emitAbout(string(c.Mailbox), cv, by, gateway.ConversationDeleted{})
	})
}

const qEndings = `SELECT mailbox, outcome, reason, COUNT(*) FROM conversations WHERE status = 'closed' AND closed_at >= $1
GROUP BY mailbox, outcome, reason ORDER BY COUNT(*) DESC, mailbox, outcome, reason`

// Endings implements gateway.DuplicateStore.
func (s *Store) Endings(ctx context.Context, since time.Time) ([]gateway.Ending, error) {
	return all(ctx, s, func(r scanner) (e gateway.Ending, err error) {
		return e, r.Scan(&e.Mailbox, &e.Outcome, &e.Reason, &e.N)
	}, qEndings, ms(since))
}

// erase empties what was written in a locked conversation. What is numbered keeps its number, and a mail its key.
func (x *tx) erase(cv gateway.ID) error {
	clock := "clock:" + string(cv) + ":"
	for _, q := range []struct {
		query string
		args  []any
	}{
		{qEraseSaid, []any{string(cv), cv.Staff()}},
		{qEraseOther, []any{string(cv), cv.Staff()}},
		{qEraseMails, []any{string(cv), []byte{}}},
		{qEraseOut, []any{string(cv), []byte{}}},
		{qDropMails, []any{string(cv), ms(x.now)}}, // reads what the next one removes
		{qDropOut, []any{string(cv)}},
		{qEraseCopies, []any{string(cv)}},
		{qEraseParts, []any{string(cv)}},
		{qEraseFiles, []any{string(cv)}},
		{qDropLooks, []any{clock + "0", clock + "1", ms(x.now)}},
		{qDeleted, []any{string(cv), ms(x.now)}},
	} {
		if _, err := x.exec(q.query, q.args...); err != nil {
			return err
		}
	}
	return nil
}
