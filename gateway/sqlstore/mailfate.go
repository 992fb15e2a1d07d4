package sqlstore

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qMailsOut = `SELECT o.message, o.recipient, o.cc, o.kind, o.state, o.code, o.at, COALESCE(j.last_err, ''), COALESCE(j.failed, FALSE)
FROM outbox o LEFT JOIN jobs j ON j.id = 'mail:' || o.message WHERE o.conversation = $1 ORDER BY o.at DESC, o.message DESC LIMIT 200`
	qMailsIn   = `SELECT message, address, at FROM mail_copies WHERE conversation = $1 ORDER BY at DESC, message, address LIMIT 1000`
	qCopies    = `SELECT address FROM mail_copies WHERE conversation = $1 AND trusted = TRUE ORDER BY address LIMIT 20`
	qUntrusted = `UPDATE mail_copies SET trusted = FALSE WHERE conversation = $1 AND trusted = TRUE`
	qCopy      = `INSERT INTO mail_copies (message, conversation, address, trusted, at) VALUES ($1,$2,$3,$4,$5)
ON CONFLICT (message, address) DO NOTHING`
	qAgain = `UPDATE outbox SET state = 'waiting', code = '' WHERE message = $1 AND (state = 'bounced'
OR (state = 'waiting' AND EXISTS (SELECT 1 FROM jobs WHERE jobs.id = 'mail:' || outbox.message AND failed = TRUE)))`
	qJobAgain = `UPDATE jobs SET done_at = NULL, failed = FALSE, attempts = 0, last_err = '', due = $2, since = $2, lease_until = 0,
lease_owner = '' WHERE id = $1`
	qMailsSince = `SELECT COUNT(*) FROM outbox o JOIN conversations c ON c.id = o.conversation
WHERE o.sent_at > $2 AND c.mailbox = $1`
)

// copiesOf keeps whom else a mail names. trusted = the ticket's own sender says so: then it counts from here on.
func (x *tx) copiesOf(cv gateway.ID, in gateway.Incoming, trusted bool) error {
	if trusted {
		if _, err := x.exec(qUntrusted, string(cv)); err != nil {
			return err
		}
	}
	for _, a := range in.Copies {
		if _, err := x.exec(qCopy, string(in.Message.ID), string(cv), a, trusted, ms(x.now)); err != nil {
			return err
		}
	}
	return nil
}

// Copies implements gateway.MailFateStore.
func (s *Store) Copies(ctx context.Context, cv gateway.ID) ([]string, error) {
	return all(ctx, s, scanText, qCopies, string(cv))
}

func scanFate(r scanner) (gateway.MailFate, error) {
	var f gateway.MailFate
	var cc, kind, lastErr string
	var when int64
	var failed bool
	err := r.Scan(&f.Message, &f.To, &cc, &kind, &f.State, &f.Code, &when, &lastErr, &failed)
	f.Cc, f.Forward, f.At = strings.Fields(cc), kind == kindForward, at(when)
	if f.State == "bounced" || failed {
		f.State = "stopped"
	}
	if f.Code == "" && f.State == "stopped" {
		f.Code = lastErr
	}
	return f, err
}

// Mails implements gateway.MailFateStore.
func (s *Store) Mails(ctx context.Context, cv gateway.ID) ([]gateway.MailFate, error) {
	out, err := all(ctx, s, scanFate, qMailsOut, string(cv))
	if err != nil {
		return nil, err
	}
	known := deaths{}
	for i := range out {
		if out[i].State == "stopped" {
			if out[i].Dead, err = known.of(ctx, s, out[i].To); err != nil {
				return nil, err
			}
		}
	}
	in, err := all(ctx, s, func(r scanner) (f gateway.MailFate, err error) {
		var address string
		var when int64
		err = r.Scan(&f.Message, &address, &when)
		f.In, f.Cc, f.At = true, []string{address}, at(when)
		return f, err
	}, qMailsIn, string(cv))
	for _, f := range in {
		if n := len(out); n > 0 && out[n-1].In && out[n-1].Message == f.Message {
			out[n-1].Cc = append(out[n-1].Cc, f.Cc...)
		} else {
			out = append(out, f)
		}
	}
	return out, err
}

// SendAgain implements gateway.MailFateStore.
func (s *Store) SendAgain(ctx context.Context, message gateway.ID, dead bool, now time.Time) error {
	_, err := s.change(ctx, "send a mail again", now, func(x *tx) error {
		m, err := scanMail(x.row(qMail, string(message)))
		if err != nil {
			return err
		}
		if code, err := x.dead(m.To); err != nil || code != "" && !dead {
			return cmp.Or(err, error(gateway.Invalid("dead")))
		}
		if err := x.revive(m.To); err != nil {
			return err
		}
		n, err := x.exec(qAgain, string(message))
		if err == nil && n == 0 {
			err = gateway.Conflict()
		}
		if err != nil {
			return err
		}
		return x.must(qJobAgain, "mail:"+string(message), ms(now))
	})
	return err
}

// MailsSince implements gateway.MailFateStore.
func (s *Store) MailsSince(ctx context.Context, mailbox gateway.ID, since time.Time) (int, error) {
	return one(ctx, s, scanInt, qMailsSince, string(mailbox), ms(since))
}
