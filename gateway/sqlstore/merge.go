package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qMerge = `INSERT INTO merges (id, merged, target, was_status, by_id, at, undone_at) VALUES ($1,$2,$3,$4,$5,$6,0)
ON CONFLICT (merged) WHERE undone_at = 0 DO NOTHING`
	qMergeOf = `SELECT id, target, was_status, at FROM merges WHERE merged = $1 AND undone_at = 0`
	qUnmerge = `UPDATE merges SET undone_at = $2 WHERE id = $1 AND undone_at = 0`
)

// lockBoth locks two conversations in the order of their ids.
func (x *tx) lockBoth(a, b gateway.ID) (first, second gateway.Conversation, err error) {
	rows := map[gateway.ID]gateway.Conversation{}
	for _, id := range sorted(a, b) {
		if rows[id], err = x.lock(id); err != nil {
			return first, second, err
		}
	}
	return rows[a], rows[b], nil
}

// Merge implements gateway.TieStore.
func (s *Store) Merge(ctx context.Context, m gateway.Merge, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "merge", now, func(x *tx) error {
		from, into, err := x.lockBoth(m.From, m.Into)
		if err != nil {
			return err
		}
		a, err := mergeSide(x.asker(), from)
		if err != nil {
			return err
		}
		b, err := mergeSide(x.asker(), into)
		if err != nil {
			return err
		}
		if err := gateway.MayMerge(a, b); err != nil {
			return err
		}
		return x.merge(m, from, into)
	})
}

// merge points one locked conversation to another, and ends what is open of it.
func (x *tx) merge(m gateway.Merge, from, into gateway.Conversation) error {
	n, err := x.exec(qMerge, string(m.ID), string(from.ID), string(into.ID), string(from.Status), string(m.By.ID), ms(x.now))
	if err == nil && n == 0 {
		err = gateway.Conflict()
	}
	if err != nil {
		return err
	}
	if !from.Status.Ended() {
		if err := x.end(&from, m.By, gateway.Idle, "merged"); err != nil {
			return err
		}
	}
	return x.tellBoth(from, into, m.By, merged(from, into))
}

func merged(from, into gateway.Conversation) gateway.ConversationMerged {
	return gateway.ConversationMerged{From: from.ID, FromNumber: from.Number, Into: into.ID, IntoNumber: into.Number}
}

// tellBoth tells the staff's sides and the mailboxes of two conversations.
func (x *tx) tellBoth(a, b gateway.Conversation, by gateway.Actor, p gateway.Payload) error {
	for _, c := range []gateway.Conversation{a, b} {
		if err := x.emit(c.ID.Staff(), by, p); err != nil {
			return err
		}
		if err := x.emitAbout(string(c.Mailbox), c.ID, by, p); err != nil {
			return err
		}
	}
	return nil
}

// Unmerge implements gateway.TieStore.
func (s *Store) Unmerge(ctx context.Context, id gateway.ID, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "undo a merge", now, func(x *tx) error {
		var merge string
		var target gateway.ID
		var was gateway.Status
		var when int64
		err := missing(x.row(qMergeOf, string(id)).Scan(&merge, &target, &was, &when))
		switch {
		case gateway.CodeOf(err) == "not_found":
			return gateway.Conflict()
		case err != nil:
			return err
		case now.Sub(at(when)) > gateway.UndoMerge:
			return gateway.Gone()
		}
		from, into, err := x.lockBoth(id, target)
		if err != nil {
			return err
		}
		n, err := x.exec(qUnmerge, merge, ms(x.now))
		if err == nil && n == 0 {
			err = gateway.Conflict()
		}
		if err != nil {
			return err
		}
		if err := x.restored(&from, was, by); err != nil {
			return err
		}
		return x.tellBoth(from, into, by, gateway.ConversationUnmerged{ConversationMerged: merged(from, into)})
	})
}

// restored gives a ticket the status back that it had before it was merged. A chat stays ended.
func (x *tx) restored(c *gateway.Conversation, was gateway.Status, by gateway.Actor) error {
	if !c.Status.Ended() || was != gateway.Open && was != gateway.Waiting {
		return nil
	}
	if err := x.reopen(c, by); err != nil {
		return err
	}
	c.Status = was
	return x.save(c)
}
