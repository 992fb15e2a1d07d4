package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Snooze implements gateway.SnoozeStore.
func (s *Store) Snooze(ctx context.Context, cv gateway.ID, by gateway.Actor, until, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "snooze", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		if c.Status.Ended() {
			return gateway.ConversationClosed()
		}
		if c.Number == 0 {
			return gateway.InvalidState(string(c.Status))
		}
		return x.snooze(&c, by, until)
	})
}

// snooze lets a locked ticket sleep.
func (x *tx) snooze(c *gateway.Conversation, by gateway.Actor, until time.Time) error {
	c.SnoozedUntil = at(ms(until))
	if err := x.save(c); err != nil {
		return err
	}
	j, err := gateway.SnoozeJob(c.ID, c.SnoozedUntil)
	if err != nil {
		return err
	}
	if err := x.enqueue(j); err != nil {
		return err
	}
	return x.tellStaff(*c, by, gateway.ConversationSnoozed{Until: ms(c.SnoozedUntil)})
}

// Wake implements gateway.SnoozeStore.
func (s *Store) Wake(ctx context.Context, cv gateway.ID, by gateway.Actor, until, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "wake", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil || !c.Snoozed() || !until.IsZero() && ms(until) != ms(c.SnoozedUntil) {
			return err
		}
		why := "agent"
		if by.Role == gateway.RoleSystem {
			why = "due"
		}
		if err := x.woken(&c, by, why); err != nil {
			return err
		}
		return x.save(&c)
	})
}

const qAsleep = qConversations + `WHERE snoozed_until > 0 AND snoozed_until < $1 ORDER BY snoozed_until LIMIT $2`

// Asleep implements gateway.SnoozeStore.
func (s *Store) Asleep(ctx context.Context, before time.Time, limit int) ([]gateway.Conversation, error) {
	return all(ctx, s, scanConversation, qAsleep, ms(before), limit)
}

// woken ends the sleep of a locked row, if there is one. The caller saves it.
func (x *tx) woken(c *gateway.Conversation, by gateway.Actor, why string) error {
	if !c.Snoozed() {
		return nil
	}
	c.SnoozedUntil = time.Time{}
	if err := x.silentSince(c.ID, x.now); err != nil { // no silence counts while it sleeps
		return err
	}
	return x.tellStaff(*c, by, gateway.ConversationWoken{Why: why})
}

// tellStaff puts an event into the conversation's staff side and its mailbox's topic.
func (x *tx) tellStaff(c gateway.Conversation, by gateway.Actor, p gateway.Payload) error {
	if err := x.emit(c.ID.Staff(), by, p); err != nil {
		return err
	}
	return x.emitAbout(string(c.Mailbox), c.ID, by, p)
}
