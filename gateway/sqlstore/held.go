package sqlstore

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qHeldColumns = `SELECT message, conversation, author_role, author, client_id, kinds, state, quiet, body, at`
	qHeldRows    = qHeldColumns + ` FROM held `
	qHeldMessage = qHeldRows + `WHERE message = $1`
	qHeldBy      = qHeldRows + `WHERE conversation = $1 AND client_id = $2`
	qHeldIn      = qHeldRows + `WHERE conversation = $1 AND state = 'held' ORDER BY at, message`
	qHold        = `INSERT INTO held (message, conversation, author_role, author, client_id, kinds, counts, state, body, at, quiet)
VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`
	qHolds    = `SELECT COUNT(*) FROM held WHERE conversation = $1 AND counts`
	qEndHeld  = `UPDATE held SET state = $2, body = '' WHERE message = $1 AND state = 'held'`
	qDropHeld = `UPDATE held SET state = 'withdrawn', body = '' WHERE conversation = $1 AND state = 'held'`
)

func scanHeld(r scanner) (gateway.Held, error) {
	var h gateway.Held
	var id gateway.ID
	var client, kinds, body string
	var when int64
	if err := r.Scan(&id, &h.Conversation, &h.Author.Role, &h.Author.ID, &client, &kinds, &h.State, &h.Quiet, &body, &when); err != nil {
		return h, missing(err)
	}
	for k := range strings.FieldsSeq(kinds) {
		h.Kinds = append(h.Kinds, gateway.LeakKind(k))
	}
	if body != "" {
		if err := json.Unmarshal([]byte(body), &h.Message); err != nil {
			return h, err
		}
	}
	h.Message.ID, h.Message.ClientID, h.At = id, client, at(when)
	return h, nil
}

// Hold implements gateway.HeldStore.
func (s *Store) Hold(ctx context.Context, h gateway.Hold, now time.Time) (gateway.Held, gateway.Event, []gateway.Event, error) {
	kept, sent := h.Held, gateway.Event{}
	events, err := s.change(ctx, "hold a message", now, func(x *tx) error {
		c, err := x.lock(h.Conversation)
		if err != nil {
			return err
		}
		if kept, sent, err = x.heldBefore(h); err != nil || sent.ID != "" || kept.Message.ID != "" {
			return err
		}
		kept = h.Held
		if err := x.mayHold(c, h); err != nil {
			return err
		}
		return x.hold(&c, h)
	})
	return kept, sent, events, err
}

// heldBefore finds what was stored under the same client id: a held message, or one that was sent.
func (x *tx) heldBefore(h gateway.Hold) (kept gateway.Held, sent gateway.Event, err error) {
	sent, err = scanEvent(x.row(qEventClient, string(h.Conversation), h.Message.ClientID))
	if err == nil && sent.Actor != h.Author {
		return kept, gateway.Event{}, gateway.Conflict()
	}
	if gateway.CodeOf(err) != "not_found" {
		return kept, sent, err
	}
	kept, err = scanHeld(x.row(qHeldBy, string(h.Conversation), h.Message.ClientID))
	switch {
	case gateway.CodeOf(err) == "not_found":
		return gateway.Held{}, gateway.Event{}, nil
	case err == nil && kept.Author != h.Author:
		return gateway.Held{}, gateway.Event{}, gateway.Conflict()
	}
	return kept, gateway.Event{}, err
}

// mayHold refuses what an append of the same message would be refused for.
func (x *tx) mayHold(c gateway.Conversation, h gateway.Hold) error {
	if c.Status.Ended() {
		return gateway.ConversationClosed()
	}
	if h.MustAgent == "" || c.Assignee == "" || c.Assignee == h.MustAgent {
		return nil
	}
	name, err := x.agentName(c.Assignee)
	if err != nil {
		return err
	}
	return gateway.NotAssignee(c.Assignee, name)
}

func (x *tx) hold(c *gateway.Conversation, h gateway.Hold) error {
	body := ""
	if h.State == gateway.HeldWaiting {
		b, err := json.Marshal(h.Message)
		if err != nil {
			return err
		}
		body = string(b)
	}
	kinds := make([]string, len(h.Kinds))
	for i, k := range h.Kinds {
		kinds[i] = string(k)
	}
	if err := x.must(qHold, string(h.Message.ID), string(c.ID), string(h.Author.Role), string(h.Author.ID),
		h.Message.ClientID, strings.Join(kinds, " "), h.Counts, string(h.State), body, ms(h.At), h.Quiet); err != nil {
		return err
	}
	if h.Quiet {
		h.Kinds = nil
	}
	told := gateway.MessageHeld{Message: h.Message.ID, Kinds: h.Kinds, Blocked: h.State == gateway.HeldBlocked}
	if err := x.emit(c.ID.Staff(), h.Author, told); err != nil {
		return err
	}
	if err := x.freezeAt(c, gateway.LeakHolds); err != nil {
		return err
	}
	return x.leaf(h.Leaf, x.now, "")
}

// freezeAt freezes the locked conversation once it has so many holds that count, and ends its live changes.
func (x *tx) freezeAt(c *gateway.Conversation, holds int) error {
	var n int
	if err := x.row(qHolds, string(c.ID)).Scan(&n); err != nil || n < holds || c.Frozen {
		return err
	}
	c.Frozen = true
	if err := x.save(c); err != nil {
		return err
	}
	if err := x.tell(*c, gateway.System(), gateway.ConversationFrozen{}); err != nil {
		return err
	}
	return x.revoke(c.ID, gateway.System())
}

// Held implements gateway.HeldStore.
func (s *Store) Held(ctx context.Context, message gateway.ID) (gateway.Held, error) {
	return one(ctx, s, scanHeld, qHeldMessage, string(message))
}

// HeldIn implements gateway.HeldStore.
func (s *Store) HeldIn(ctx context.Context, cv gateway.ID) ([]gateway.Held, error) {
	return all(ctx, s, scanHeld, qHeldIn, string(cv))
}

// WithdrawHeld implements gateway.HeldStore.
func (s *Store) WithdrawHeld(ctx context.Context, message gateway.ID, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "withdraw a held message", now, func(x *tx) error {
		h, _, err := x.endHeld(message, gateway.HeldWithdrawn)
		if err != nil {
			return err
		}
		return x.emit(h.Conversation.Staff(), by, gateway.MessageWithdrawn{Message: message})
	})
}

// endHeld locks a held message's conversation and ends its wait. Errors: not_found, conflict.
func (x *tx) endHeld(message gateway.ID, to gateway.HeldState) (gateway.Held, gateway.Conversation, error) {
	h, err := scanHeld(x.row(qHeldMessage, string(message)))
	if err != nil {
		return h, gateway.Conversation{}, err
	}
	c, err := x.lock(h.Conversation)
	if err != nil {
		return h, c, err
	}
	n, err := x.exec(qEndHeld, string(message), string(to))
	if err == nil && n == 0 {
		err = gateway.Conflict()
	}
	return h, c, err
}

// ReleaseHeld implements gateway.HeldStore.
func (s *Store) ReleaseHeld(ctx context.Context, r gateway.Release, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "release a held message", now, func(x *tx) error {
		h, c, err := x.endHeld(r.Message, gateway.HeldReleased)
		if err != nil {
			return err
		}
		if c.Status.Ended() {
			return gateway.ConversationClosed()
		}
		if err := x.attach(c.ID, r.Payload.Files); err != nil {
			return err
		}
		speaks(&c, h.Author.Role, r.Payload.Message, now)
		if err := x.save(&c); err != nil {
			return err
		}
		if _, err := x.emitWith(string(c.ID), h.Author, r.Payload, h.Message.ClientID); err != nil {
			return err
		}
		if r.Mail != nil {
			if err := x.outbox(*r.Mail); err != nil {
				return err
			}
		}
		return x.emit(c.ID.Staff(), r.By, gateway.MessageReleased{Message: r.Message, Reason: r.Reason})
	})
}

// dropHeld ends what still waits in a conversation that ends: its text is erased. Files that no message names are
// loose, and removed like all such.
func (x *tx) dropHeld(cv gateway.ID) error {
	_, err := x.exec(qDropHeld, string(cv))
	return err
}

const (
	agentSaid = ` kind = 'message.created' AND actor_role NOT IN ('visitor', 'host', 'system') `
	qSaid     = `SELECT ` + eventColumns + ` FROM events WHERE topic = $1 AND` + agentSaid + `ORDER BY seq DESC LIMIT $2`
)

// Said implements gateway.HeldStore.
func (s *Store) Said(ctx context.Context, topic string, limit int) ([]gateway.Event, error) {
	events, err := all(ctx, s, scanEvent, qSaid, topic, page(limit))
	slices.Reverse(events)
	return events, err
}
