package sqlstore

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qSplit = `INSERT INTO splits (conversation, source, from_seq, at) VALUES ($1,$2,$3,$4)
ON CONFLICT (source, from_seq) DO NOTHING`
	qMessages = `SELECT ` + eventColumns + ` FROM events WHERE topic = $1 AND kind = 'message.created' ORDER BY seq LIMIT 5000`
)

// Split implements gateway.TieStore.
func (s *Store) Split(ctx context.Context, sp gateway.Split, now time.Time) (gateway.Conversation, []gateway.Event, error) {
	events, err := s.change(ctx, "split", now, func(x *tx) error {
		source, err := x.lock(sp.Source)
		switch {
		case err != nil:
			return err
		case source.Number == 0:
			return gateway.InvalidState(string(source.Status))
		case source.Status.Ended(): // a merged one among them
			return gateway.ConversationClosed()
		}
		messages, err := x.messages(source.ID)
		if err != nil {
			return err
		}
		tail, err := gateway.Tail(messages, sp.Seq)
		if err != nil {
			return err
		}
		return x.split(sp, source, tail)
	})
	if err != nil {
		return gateway.Conversation{}, nil, err
	}
	c, err := s.Conversation(ctx, sp.ID)
	return c, events, err
}

func (x *tx) messages(cv gateway.ID) (out []gateway.SplitMessage, err error) {
	rows, err := x.QueryContext(x.ctx, qMessages, string(cv))
	if err != nil {
		return nil, err
	}
	return collect(rows, func(r scanner) (m gateway.SplitMessage, err error) {
		if m.Event, err = scanEvent(r); err == nil {
			err = json.Unmarshal(m.Event.Payload, &m.Message)
		}
		return m, err
	})
}

// split stores the new ticket, with copies of the messages as they were said and when.
func (x *tx) split(sp gateway.Split, source gateway.Conversation, tail []gateway.SplitMessage) error {
	c := gateway.Conversation{
		ID: sp.ID, Mailbox: source.Mailbox, Visitor: source.Visitor, Channel: gateway.ByEmail, Status: gateway.Open,
		Assignee: source.Assignee, StartedAt: x.now, Page: source.Page, Browser: source.Browser, Locale: source.Locale,
		Claimed: source.Claimed, Priority: source.Priority, Type: source.Type, MinRole: source.MinRole, Subject: sp.Subject,
	}
	if c.Subject == "" {
		c.Subject = gateway.Subject(tail[0].Message.Text)
	}
	var err error
	if c.Number, err = x.ticket(); err != nil {
		return err
	}
	for _, m := range tail {
		if m.Event.Actor.Role != gateway.RoleVisitor || !m.Message.Unproven {
			speaks(&c, m.Event.Actor.Role, m.Message, m.Event.At)
		}
	}
	if c.FirstWords == "" {
		c.FirstWords = cut(tail[0].Message.Text, 160)
	}
	c.LastMessageAt = x.now
	stored, err := x.insert(c, "split:"+string(source.ID)+":"+strconv.FormatUint(sp.Seq, 10))
	if err != nil || !stored {
		return orConflict(err)
	}
	n, err := x.exec(qSplit, string(c.ID), string(source.ID), int64(sp.Seq), ms(x.now))
	if err != nil || n == 0 {
		return orConflict(err)
	}
	if err := x.copied(c, sp, tail); err != nil {
		return err
	}
	return x.tellBoth(source, c, sp.By, gateway.ConversationSplit{
		From: source.ID, FromNumber: source.Number, Into: c.ID, IntoNumber: c.Number, Seq: sp.Seq,
	})
}

// orConflict says that a row was there already, unless something failed.
func orConflict(err error) error {
	if err != nil {
		return err
	}
	return gateway.Conflict()
}

// copied emits what a ticket that was split off begins with.
func (x *tx) copied(c gateway.Conversation, sp gateway.Split, tail []gateway.SplitMessage) error {
	if err := x.beginning(c, gateway.Start{}); err != nil {
		return err
	}
	for _, m := range tail {
		m.Message.ClientID = ""
		p, err := x.emitWith(string(c.ID), m.Event.Actor, gateway.MessageCreated{Message: m.Message}, "")
		if err != nil {
			return err
		}
		p.event.At = m.Event.At
	}
	if err := x.promised(c.ID, sp.Clock); err != nil {
		return err
	}
	return x.ticketOpened(c, sp.By, "split")
}
