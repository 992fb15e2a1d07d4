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
	qInsertMail = `INSERT INTO outbox (message, conversation, message_id, sender, recipient, raw, state, code, at, cc, kind)
VALUES ($1,$2,$3,$4,$5,$6,'waiting','',$7,$8,$9) ON CONFLICT (message) DO NOTHING`
	qMails     = `SELECT message, conversation, message_id, sender, recipient, raw, cc, kind FROM outbox `
	qMail      = qMails + `WHERE message = $1`
	qMailSent  = qMails + `WHERE message_id = $1`
	qDelivered = `UPDATE outbox SET state = 'sent', code = '', sent_at = $2 WHERE message = $1 AND state = 'waiting'`
	qBounced   = `UPDATE outbox SET state = 'bounced', code = $2 WHERE message = $1 AND state <> 'bounced'`
	qOutbox    = `SELECT o.message, o.conversation, o.recipient, o.code, o.at, o.state,
COALESCE(j.attempts, 0), COALESCE(j.last_err, ''), COALESCE(j.failed, FALSE)
FROM outbox o LEFT JOIN jobs j ON j.id = 'mail:' || o.message
WHERE o.state <> 'sent' ORDER BY o.at DESC, o.message DESC LIMIT 200`
)

// mailPayload is what a mail's job carries.
type mailPayload struct {
	Message gateway.ID `json:"message"`
}

// outbox stores a mail with its job. The same message's mail again is nothing.
func (x *tx) outbox(m gateway.Mail) error {
	n, err := x.exec(qInsertMail, string(m.ID), string(m.Conversation), m.MessageID, m.From, m.To, m.Raw, ms(x.now),
		strings.Join(m.Cc, " "), kindOf(m))
	if err != nil || n == 0 {
		return err
	}
	p, err := json.Marshal(mailPayload{m.ID})
	if err != nil {
		return err
	}
	if err := x.enqueue(gateway.Job{ID: "mail:" + string(m.ID), Kind: gateway.JobMail, Due: x.now, Payload: p}); err != nil {
		return err
	}
	if code, err := x.dead(m.To); code == "" || err != nil {
		return err
	} else {
		return x.withhold(m, code)
	}
}

func scanMail(r scanner) (gateway.Mail, error) {
	var m gateway.Mail
	var cc, kind string
	err := r.Scan(&m.ID, &m.Conversation, &m.MessageID, &m.From, &m.To, &m.Raw, &cc, &kind)
	m.Cc, m.Forward = strings.Fields(cc), kind == kindForward
	return m, missing(err)
}

// kindForward marks a mail to somebody outside.
const kindForward = "forward"

func kindOf(m gateway.Mail) string {
	if m.Forward {
		return kindForward
	}
	return ""
}

// Mail implements gateway.JobStore.
func (s *Store) Mail(ctx context.Context, message gateway.ID) (gateway.Mail, error) {
	return one(ctx, s, scanMail, qMail, string(message))
}

// MailSent implements gateway.JobStore. Errors: not_found.
func (s *Store) MailSent(ctx context.Context, messageID string) (gateway.Mail, error) {
	return one(ctx, s, scanMail, qMailSent, messageID)
}

// Delivered implements gateway.JobStore. Told again, it changes nothing and gives no event.
func (s *Store) Delivered(ctx context.Context, message gateway.ID, now time.Time) ([]gateway.Event, error) {
	return s.mailMoved(ctx, message, now, gateway.TicketDelivered{Message: message}, false, qDelivered, string(message), ms(now))
}

// Bounced implements gateway.JobStore. Told again, it changes nothing and gives no event: an old report that is read once
// more marks no address that has come back to life.
func (s *Store) Bounced(ctx context.Context, message gateway.ID, b gateway.Bounce, now time.Time) ([]gateway.Event, error) {
	return s.mailMoved(ctx, message, now, gateway.TicketBounced{Message: message, Code: b.Code}, b.Hard, qBounced, string(message), b.Code)
}

// mailMoved tells the staff's side what became of a mail. dead: its recipient takes no mail, and the second argument of
// the query says why.
func (s *Store) mailMoved(ctx context.Context, message gateway.ID, now time.Time, p gateway.Payload, dead bool, query string, args ...any) ([]gateway.Event, error) {
	return s.change(ctx, "note a mail's fate", now, func(x *tx) error {
		m, err := scanMail(x.row(qMail, string(message)))
		if err != nil {
			return err
		}
		n, err := x.exec(query, args...)
		if err != nil || n == 0 {
			return err
		}
		if dead {
			if err := x.must(qMarkDead, strings.ToLower(m.To), args[1], ms(now)); err != nil {
				return err
			}
		}
		return x.emit(m.Conversation.Staff(), gateway.System(), p)
	})
}

func scanOutbox(r scanner) (gateway.OutboxRow, error) {
	var o gateway.OutboxRow
	var when int64
	var lastErr string
	var failed bool
	err := r.Scan(&o.Message, &o.Conversation, &o.To, &o.Code, &when, &o.State, &o.Attempts, &lastErr, &failed)
	o.At = at(when)
	if o.State == "bounced" || failed {
		o.State = "stopped"
	}
	if o.Code == "" {
		o.Code = lastErr
	}
	return o, err
}

// Outbox implements gateway.JobStore.
func (s *Store) Outbox(ctx context.Context) ([]gateway.OutboxRow, error) {
	list, err := all(ctx, s, scanOutbox, qOutbox)
	if err != nil {
		return nil, err
	}
	known := deaths{}
	for i := range list {
		if list[i].State == "stopped" {
			if list[i].Dead, err = known.of(ctx, s, list[i].To); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

const qInsertIncoming = `INSERT INTO incoming (dedupe, conversation, message, raw, at, original) VALUES ($1,$2,$3,$4,$5,$6)
ON CONFLICT (dedupe) DO NOTHING`

// StoreIncoming implements gateway.JobStore. Only a proven sender's words count as the visitor's turn; they reopen
// a ticket closed for at most 30 days.
func (s *Store) StoreIncoming(ctx context.Context, in gateway.Incoming, now time.Time) (gateway.Conversation, []gateway.Event, error) {
	id := in.Conversation
	if in.Start != nil {
		id = in.Start.ID
	}
	original, err := json.Marshal(in.Original)
	if err != nil {
		return gateway.Conversation{}, nil, failure("encode a mail", err)
	}
	named := in.Message.Files
	events, err := s.change(ctx, "store a mail", now, func(x *tx) error {
		in.Message.Files = slices.Clone(named) // it may run again
		var cv gateway.Conversation
		if in.Start == nil && in.Machine == nil {
			var err error
			if cv, err = x.lockLast(in.Conversation); err != nil {
				return err
			}
			id = cv.ID
		}
		n, err := x.exec(qInsertIncoming, in.Key, string(id), string(in.Message.ID), in.Raw, ms(now), string(original))
		if err == nil && n == 0 {
			err = gateway.Conflict()
		}
		if err != nil {
			return err
		}
		if err := x.moveMail(in.Position); err != nil {
			return err
		}
		if err := x.revive(in.Alive); err != nil {
			return err
		}
		if in.Machine != nil {
			return x.listMachine(*in.Machine)
		}
		if in.Start != nil {
			start := *in.Start
			start.Ticket, start.First = true, &in.Message
			if err := x.mailFiles(id, in.Files, &in.Message); err != nil {
				return err
			}
			if _, err := x.start(start); err != nil {
				return err
			}
			if in.Confirm {
				if err := x.confirms(id, in.MessageID); err != nil {
					return err
				}
			}
			return x.copiesOf(id, in, true)
		}
		if in.Note {
			return x.joinNote(cv, in)
		}
		if err := x.joinMail(cv, in); err != nil {
			return err
		}
		return x.copiesOf(id, in, in.Verified)
	})
	if err != nil || id == "" {
		return gateway.Conversation{}, events, err
	}
	c, err := s.Conversation(ctx, id)
	return c, events, err
}

// joinMail puts a mail into the locked conversation that it answers.
func (x *tx) joinMail(c gateway.Conversation, in gateway.Incoming) error {
	if !c.DeletedAt.IsZero() {
		return gateway.ConversationClosed() // it opens a new one
	}
	if err := x.mailFiles(c.ID, in.Files, &in.Message); err != nil {
		return err
	}
	by := visitorOf(c)
	if c.Status.Ended() && !in.Auto {
		if c.Number == 0 || !in.Verified || x.now.Sub(c.ClosedAt) > reopenWithin {
			return gateway.ConversationClosed()
		}
		if err := x.reopen(&c, by); err != nil {
			return err
		}
	}
	if !in.Auto {
		if err := x.woken(&c, by, "visitor"); err != nil {
			return err
		}
	}
	if err := x.enqueueAll(in.Jobs); err != nil {
		return err
	}
	if in.Verified {
		spoke(&c, gateway.RoleVisitor, in.Message.Text, x.now)
	} else {
		c.LastMessageAt = x.now
	}
	if err := x.save(&c); err != nil {
		return err
	}
	if _, err := x.emitWith(string(c.ID), by, gateway.MessageCreated{Message: in.Message}, in.Message.ClientID); err != nil {
		return err
	}
	return x.tell(c, by, gateway.TicketReplied{Message: in.Message.ID, Verified: in.Verified})
}

// joinNote puts the answer to a forward on the staff's side of the locked conversation. It moves nothing else.
func (x *tx) joinNote(c gateway.Conversation, in gateway.Incoming) error {
	if !c.DeletedAt.IsZero() {
		return gateway.ConversationClosed() // nobody would read it there
	}
	by := gateway.System()
	if err := x.emit(c.ID.Staff(), by, gateway.NoteCreated{Message: in.Message}); err != nil {
		return err
	}
	return x.emitAbout(string(c.Mailbox), c.ID, by, gateway.TicketReplied{Message: in.Message.ID})
}
