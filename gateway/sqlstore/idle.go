package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qIdle = `SELECT ` + conversationColumns + `, ` + conversationHeads + `, COALESCE(i.told_for, 0), COALESCE(i.since, 0)
FROM conversations LEFT JOIN idles i ON i.conversation = conversations.id
WHERE snoozed_until = 0 AND last_author <> 'visitor' AND last_author <> '' AND (last_message_at > $1 OR last_message_at = $1 AND id > $2)
AND `
	qIdleRows = `SELECT * FROM (` + qIdle + `assignee <> '' AND status = 'active' AND last_message_at <= $3 UNION ALL ` +
		qIdle + `status = 'waiting' AND last_message_at <= $4) r ORDER BY last_message_at, id LIMIT $5`
	qIdleTold = `INSERT INTO idles (conversation, told_for, since) VALUES ($1,$2,$3)
ON CONFLICT (conversation) DO UPDATE SET told_for = excluded.told_for, since = excluded.since`
	qIdleSince = `INSERT INTO idles (conversation, told_for, since) VALUES ($1,0,$2)
ON CONFLICT (conversation) DO UPDATE SET since = excluded.since`
	qForgetLooks = `DELETE FROM jobs WHERE kind = 'idle' AND done_at < $1`
)

func scanIdle(r scanner) (gateway.IdleRow, error) {
	var told, since int64
	c, err := scanConversation(wider{r, []any{&told, &since}})
	return gateway.IdleRow{Conversation: c, ToldFor: at(told), Since: at(since)}, err
}

// ForgetLooks implements gateway.IdleStore.
func (s *Store) ForgetLooks(ctx context.Context, before time.Time) error {
	_, err := s.change(ctx, "forget looks", time.Time{}, func(x *tx) error {
		_, err := x.exec(qForgetLooks, ms(before))
		return err
	})
	return err
}

// IdleRows implements gateway.IdleStore.
func (s *Store) IdleRows(ctx context.Context, chats, tickets time.Time, after gateway.IdleRow, limit int) ([]gateway.IdleRow, error) {
	return all(ctx, s, scanIdle, qIdleRows, ms(after.LastMessageAt), string(after.ID), ms(chats), ms(tickets), limit)
}

// WarnIdle implements gateway.IdleStore.
func (s *Store) WarnIdle(ctx context.Context, r gateway.IdleRow, until time.Time, m *gateway.Mail, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "warn of silence", now, func(x *tx) error {
		c, err := x.unmoved(r)
		if err != nil {
			return err
		}
		if _, err := x.exec(qIdleTold, string(c.ID), ms(r.Silence()), ms(r.Since)); err != nil {
			return err
		}
		if err := x.save(&c); err != nil { // of two looks one finds the version
			return err
		}
		if m != nil {
			if err := x.outbox(*m); err != nil {
				return err
			}
		}
		return x.emit(string(c.ID), gateway.System(), gateway.ConversationIdling{Until: ms(until), Mailed: m != nil})
	})
}

// EndIdle implements gateway.IdleStore.
func (s *Store) EndIdle(ctx context.Context, r gateway.IdleRow, o gateway.Outcome, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "end a silence", now, func(x *tx) error {
		c, err := x.unmoved(r)
		if err != nil {
			return err
		}
		return x.end(&c, gateway.System(), o, string(o))
	})
}

// unmoved locks a row and refuses if anything has happened in it since it was read.
func (x *tx) unmoved(r gateway.IdleRow) (gateway.Conversation, error) {
	c, err := x.lock(r.ID)
	if err == nil && (c.Version != r.Version || c.Status.Ended()) {
		err = gateway.Conflict()
	}
	return c, err
}

// Stay implements gateway.IdleStore.
func (s *Store) Stay(ctx context.Context, cv gateway.ID, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "stay", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		if c.Status.Ended() {
			return gateway.ConversationClosed()
		}
		if err := x.silentSince(c.ID, x.now); err != nil {
			return err
		}
		if err := x.save(&c); err != nil { // an end that has read it before is refused
			return err
		}
		return x.emit(string(c.ID), by, gateway.ConversationStayed{})
	})
}

// silentSince makes a locked conversation's silence begin anew.
func (x *tx) silentSince(cv gateway.ID, since time.Time) error {
	_, err := x.exec(qIdleSince, string(cv), ms(since))
	return err
}
