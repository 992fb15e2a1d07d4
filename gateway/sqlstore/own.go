package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

const (
	// Who may have had a hand in a conversation; subjectOf says whose it is.
	qOwn = qConversations + `WHERE NOT frozen AND id IN (SELECT conversation FROM changes WHERE host = $1 AND subject = $2
UNION SELECT c.id FROM conversations c JOIN visitors v ON v.id = c.visitor WHERE v.host = $1 AND v.subject = $2)
ORDER BY CASE WHEN last_message_at > started_at THEN last_message_at ELSE started_at END DESC, id LIMIT $3`
	qDisowned = `SELECT COUNT(*) FROM changes WHERE conversation = $1 AND state = 'disowned'`
)

// maxLooked is how many of the newest conversations with an account's name in them are looked at.
const maxLooked = 1000

// asks is what a transaction and the pool of readers have in common.
type asks interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// subjectOf says whose conversation it is: the account that was proven in it, else the one that the host signed for
// its browser. "" if there is none, or if two were proven.
func subjectOf(ctx context.Context, q asks, c gateway.Conversation) (host, subject string, proven bool, err error) {
	rows, err := q.QueryContext(ctx, qChangesOf, string(c.ID))
	if err != nil {
		return "", "", false, err
	}
	changes, err := collect(rows, scanChange)
	if err != nil {
		return "", "", false, err
	}
	if host, subject = verify.ProvenSubject(changes); subject != "" {
		return host, subject, true, nil
	}
	if verify.AnyProven(changes) {
		return "", "", false, nil
	}
	if rows, err = q.QueryContext(ctx, qVisitor, string(c.Visitor)); err != nil {
		return "", "", false, err
	}
	visitors, err := collect(rows, scanVisitor)
	if err != nil || len(visitors) == 0 {
		return "", "", false, err
	}
	if i := visitors[0].Identity; i.ByHost() {
		return i.Host, i.Subject, false, nil
	}
	return "", "", false, nil
}

// OwnConversations implements gateway.TranscriptStore.
func (s *Store) OwnConversations(ctx context.Context, host, subject string, limit int) ([]gateway.Conversation, error) {
	if host == "" || subject == "" {
		return nil, nil
	}
	list, err := all(ctx, s, scanConversation, qOwn, host, subject, maxLooked)
	if err != nil {
		return nil, err
	}
	var out []gateway.Conversation
	for _, c := range list {
		own, err := s.owns(ctx, host, subject, c)
		if err != nil {
			return nil, failure("find an owner", err)
		}
		if own {
			out = append(out, c)
		}
		if len(out) == limit {
			break
		}
	}
	return out, nil
}

// OwnConversation implements gateway.TranscriptStore.
func (s *Store) OwnConversation(ctx context.Context, host, subject string, id gateway.ID) (gateway.Conversation, error) {
	c, err := s.Conversation(ctx, id)
	if err != nil {
		return gateway.Conversation{}, err
	}
	own, err := s.owns(ctx, host, subject, c)
	if err == nil && !own {
		err = gateway.NotFound()
	}
	if err != nil {
		return gateway.Conversation{}, failure("find an owner", err)
	}
	return c, nil
}

func (s *Store) owns(ctx context.Context, host, subject string, c gateway.Conversation) (bool, error) {
	h, sub, _, err := subjectOf(ctx, s.read, c)
	return err == nil && !c.Frozen && host != "" && subject != "" && h == host && sub == subject, err
}

// ownPlace locks a browser's own place, which the gate takes for a chat: it goes on for a day, and ends for good when
// somebody said "Not me" in it.
func (x *tx) ownPlace(id gateway.ID) (gateway.Conversation, error) {
	v, err := scanVisitor(x.row(qVisitor+x.s.d.lock, string(id.OwnVisitor())))
	if err != nil {
		return gateway.Conversation{}, err
	}
	c := gateway.Conversation{ID: id, Visitor: v.ID, Channel: gateway.ByChat, Status: gateway.Active}
	if !ownOpen(v, x.now) {
		c.Status = gateway.Closed
	}
	var n int
	err = x.row(qDisowned, string(id)).Scan(&n)
	c.Frozen = n > 0
	return c, err
}

func ownOpen(v gateway.Visitor, now time.Time) bool {
	return v.BlockedAt.IsZero() && now.Before(v.CreatedAt.Add(gateway.OwnLife))
}

// own is what the gate must know of a browser's own place: whose host is asked, and whom the host has signed for it.
func (l *Ledger) own(ctx context.Context, id gateway.ID) (verify.Conversation, error) {
	v, err := l.s.Visitor(ctx, id.OwnVisitor())
	if err != nil {
		return verify.Conversation{}, ledgerError(err)
	}
	m, err := l.s.Mailbox(ctx, v.Mailbox)
	if err != nil {
		return verify.Conversation{}, ledgerError(err)
	}
	n, err := one(ctx, l.s, func(r scanner) (n int, err error) { return n, r.Scan(&n) }, qDisowned, string(id))
	if err != nil {
		return verify.Conversation{}, ledgerError(err)
	}
	now, err := l.clock(ctx)
	if err != nil {
		return verify.Conversation{}, ledgerError(err)
	}
	out := verify.Conversation{
		ID: string(id), Open: ownOpen(v, now), Frozen: n > 0, Visitor: string(v.ID), Host: m.Host, Mailbox: m.Name, Started: v.CreatedAt,
	}
	if v.Identity.ByHost() {
		out.Host, out.Subject = v.Identity.Host, v.Identity.Subject
	}
	return out, nil
}
