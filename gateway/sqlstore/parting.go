package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qPartings    = `SELECT message, conversation, author_role, author, client_id, state, body, last, at, due FROM partings `
	qParting     = qPartings + `WHERE message = $1`
	qPartingBy   = qPartings + `WHERE conversation = $1 AND client_id = $2`
	qPartingsIn  = qPartings + `WHERE conversation = $1 AND state = 'waiting'`
	qPartsDue    = qPartings + `WHERE state = 'waiting' AND due < $1 ORDER BY due LIMIT $2`
	qKeepParting = `INSERT INTO partings (message, conversation, author_role, author, client_id, state, body, last, at, due)
VALUES ($1,$2,$3,$4,$5,'waiting',$6,$7,$8,$9)`
	// state: of undo and departure one finds the row.
	qEndParting = `UPDATE partings SET state = $2, body = '' WHERE message = $1 AND state = 'waiting'`
	qSaidAfter  = `SELECT COUNT(*) FROM events WHERE topic = $1 AND seq > $2 AND` + agentSaid
)

func scanParting(r scanner) (gateway.Parting, error) {
	var p gateway.Parting
	var id gateway.ID
	var client, body, last string
	var when, due int64
	if err := r.Scan(&id, &p.Conversation, &p.Author.Role, &p.Author.ID, &client, &p.State, &body, &last, &when, &due); err != nil {
		return p, missing(err)
	}
	if body != "" {
		if err := json.Unmarshal([]byte(body), &p.Message); err != nil {
			return p, err
		}
	}
	p.Message.ID, p.Message.ClientID, p.At, p.Due = id, client, at(when), at(due)
	return p, json.Unmarshal([]byte(last), &p.Then)
}

// KeepParting implements gateway.PartingStore.
func (s *Store) KeepParting(ctx context.Context, p gateway.Part, now time.Time) (gateway.Parting, []gateway.Event, error) {
	kept := p.Parting
	events, err := s.change(ctx, "keep an answer for a while", now, func(x *tx) error {
		c, err := x.lock(p.Conversation)
		if err != nil {
			return err
		}
		before, err := x.partedBefore(p.Parting)
		if err != nil || before.State != "" {
			kept = before
			return err
		}
		kept = p.Parting
		return x.part(&c, p)
	})
	return kept, events, err
}

// partedBefore finds what became of the same message: kept, or sent in the other way. State "" = there is none.
func (x *tx) partedBefore(p gateway.Parting) (gateway.Parting, error) {
	before, err := scanParting(x.row(qPartingBy, string(p.Conversation), p.Message.ClientID))
	if gateway.CodeOf(err) == "not_found" {
		e, err := scanEvent(x.row(qEventClient, string(p.Conversation), p.Message.ClientID))
		if gateway.CodeOf(err) == "not_found" {
			return gateway.Parting{}, nil
		}
		before = gateway.Parting{
			Message: gateway.Message{ID: e.ID, ClientID: p.Message.ClientID}, Author: e.Actor, State: gateway.PartingSent, At: e.At, Due: e.At,
		}
		if err != nil {
			return before, err
		}
	} else if err != nil {
		return before, err
	}
	if before.Author != p.Author {
		return gateway.Parting{}, gateway.Conflict()
	}
	return before, nil
}

func (x *tx) part(c *gateway.Conversation, p gateway.Part) error {
	if err := x.mayPart(c, p); err != nil {
		return err
	}
	body, err := json.Marshal(p.Message)
	if err != nil {
		return err
	}
	last, err := json.Marshal(p.Then)
	if err != nil {
		return err
	}
	if err := x.must(qKeepParting, string(p.Message.ID), string(c.ID), string(p.Author.Role), string(p.Author.ID), p.Message.ClientID,
		string(body), string(last), ms(p.At), ms(p.Due)); err != nil {
		return err
	}
	j, err := gateway.PartingJob(p.Parting)
	if err != nil {
		return err
	}
	if err := x.enqueue(j); err != nil {
		return err
	}
	return x.emit(c.ID.Staff(), p.Author, gateway.MessagePosted{Message: p.Message.ID, Until: ms(p.Due), Closes: p.Then.Close})
}

// mayPart refuses what an append of the same message would be refused for, and a second one beside one that waits. The
// first answer claims.
func (x *tx) mayPart(c *gateway.Conversation, p gateway.Part) error {
	switch {
	case c.Status.Ended():
		return gateway.ConversationClosed()
	case c.Number == 0:
		return gateway.InvalidState(string(c.Status))
	case p.MustAgent != "" && c.Assignee != "" && c.Assignee != p.MustAgent:
		name, err := x.agentName(c.Assignee)
		if err != nil {
			return err
		}
		return gateway.NotAssignee(c.Assignee, name)
	}
	if _, err := scanParting(x.row(qPartingsIn, string(c.ID))); gateway.CodeOf(err) != "not_found" {
		if err == nil {
			err = gateway.SaidMoreConflict()
		}
		return err
	}
	if err := x.saidSince(c.ID, p.Said); err != nil {
		return err
	}
	if p.MustAgent != "" && c.Assignee == "" {
		return x.claim(c, p.MustAgent, p.Author, "reply")
	}
	return nil
}

// saidSince refuses if an agent's message stands in a locked conversation that the leak guard has not read.
func (x *tx) saidSince(cv gateway.ID, said uint64) error {
	var n int
	err := x.row(qSaidAfter, string(cv), int64(said)).Scan(&n)
	if err == nil && n > 0 {
		err = gateway.SaidMoreConflict()
	}
	return err
}

// Parting implements gateway.PartingStore.
func (s *Store) Parting(ctx context.Context, message gateway.ID) (gateway.Parting, error) {
	return one(ctx, s, scanParting, qParting, string(message))
}

// PartingsIn implements gateway.PartingStore.
func (s *Store) PartingsIn(ctx context.Context, cv gateway.ID) ([]gateway.Parting, error) {
	return all(ctx, s, scanParting, qPartingsIn, string(cv))
}

// PartingsDue implements gateway.PartingStore.
func (s *Store) PartingsDue(ctx context.Context, before time.Time, limit int) ([]gateway.Parting, error) {
	return all(ctx, s, scanParting, qPartsDue, ms(before), limit)
}

// UndoParting implements gateway.PartingStore.
func (s *Store) UndoParting(ctx context.Context, message gateway.ID, by gateway.Actor, now time.Time) (gateway.Parting, []gateway.Event, error) {
	var p gateway.Parting
	events, err := s.change(ctx, "take an answer back", now, func(x *tx) error {
		var err error
		if p, err = scanParting(x.row(qParting, string(message))); err != nil {
			return err
		}
		n, err := x.exec(qEndParting, string(message), string(gateway.PartingUndone))
		if err == nil && n == 0 {
			err = gateway.Gone()
		}
		if err != nil {
			return err
		}
		p.State = gateway.PartingUndone
		return x.emit(p.Conversation.Staff(), by, gateway.MessageUndone{Message: message})
	})
	return p, events, err
}

// HoldParting implements gateway.PartingStore.
func (s *Store) HoldParting(ctx context.Context, message gateway.ID) error {
	_, err := s.change(ctx, "hold an answer", time.Time{}, func(x *tx) error {
		_, err := x.exec(qEndParting, string(message), string(gateway.PartingHeld))
		return err
	})
	return err
}

// Depart implements gateway.PartingStore.
func (s *Store) Depart(ctx context.Context, d gateway.Departure, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "send an answer", now, func(x *tx) error {
		p, err := scanParting(x.row(qParting, string(d.Message)))
		if err != nil {
			return err
		}
		c, err := x.lock(p.Conversation) // conversation first, then its answer: undo takes no other lock
		if err != nil {
			return err
		}
		n, err := x.exec(qEndParting, string(d.Message), string(gateway.PartingSent))
		if err != nil || n == 0 {
			return err
		}
		if err := x.saidSince(c.ID, d.Said); err != nil {
			return err
		}
		if err := x.attach(c.ID, d.Payload.Files); err != nil {
			return err
		}
		return x.depart(&c, p, d)
	})
}

// depart stores the message in its locked row, and does what is to become of the ticket. Words of the visitor that came
// since it was written stay unanswered: it is still our turn, and nothing ends.
func (x *tx) depart(c *gateway.Conversation, p gateway.Parting, d gateway.Departure) error {
	asked := c.LastAuthor == gateway.RoleVisitor && c.LastMessageAt.After(p.At)
	if asked || c.Status.Ended() {
		c.LastMessageAt = x.now
	} else {
		speaks(c, p.Author.Role, d.Payload.Message, x.now)
	}
	if err := x.save(c); err != nil {
		return err
	}
	if _, err := x.emitWith(string(c.ID), p.Author, d.Payload, p.Message.ClientID); err != nil {
		return err
	}
	if d.Mail != nil {
		if err := x.outbox(*d.Mail); err != nil {
			return err
		}
	}
	switch {
	case asked || c.Status.Ended():
		return nil
	case d.Then.Close:
		return x.end(c, p.Author, d.Then.Outcome, d.Then.Reason)
	case d.Then.Snooze > ms(x.now):
		return x.snooze(c, p.Author, at(d.Then.Snooze))
	}
	return nil
}
