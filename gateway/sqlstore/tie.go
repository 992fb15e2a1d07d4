package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"github.com/postern-chat/postern/gateway"
)

const (
	qTies = `SELECT 'into' AS kind, target AS other, at, 0 AS seq FROM merges WHERE merged = $1 AND undone_at = 0
UNION ALL SELECT 'from', merged, at, 0 FROM merges WHERE target = $1 AND undone_at = 0
UNION ALL SELECT 'of', source, at, from_seq FROM splits WHERE conversation = $1
UNION ALL SELECT 'off', conversation, at, from_seq FROM splits WHERE source = $1
UNION ALL SELECT 'before', ticket, at, 0 FROM continuations WHERE conversation = $1
UNION ALL SELECT 'onward', conversation, at, 0 FROM continuations WHERE ticket = $1
ORDER BY at, other LIMIT 100`
	qAlike = qConversations + `WHERE status IN ('open', 'waiting') AND mailbox = $1 AND id <> $2
AND ((visitor = $3 AND visitor <> '') OR lower(claimed) LIKE lower($4) ESCAPE '\') ORDER BY last_message_at DESC, id DESC LIMIT 20`
	qInto     = `SELECT target FROM merges WHERE merged = $1 AND undone_at = 0`
	qAccounts = `SELECT host || ' ' || subject AS account FROM changes WHERE conversation = $1 AND subject IS NOT NULL
UNION SELECT v.host || ' ' || v.subject FROM visitors v JOIN conversations c ON c.visitor = v.id WHERE c.id = $1 AND v.subject <> ''`
	// A payload is JSON: a text that says the same has its quotes escaped.
	qConfirmed = `SELECT COUNT(*) FROM events WHERE topic = $1 AND kind = 'message.created' AND actor_role = 'visitor'
AND lower(payload) LIKE lower('%"via":"email"%') AND NOT (lower(payload) LIKE lower('%"unverified":true%'))`
)

// asker asks the database: within a transaction, or not.
type asker struct {
	one  func(query string, args ...any) *sql.Row
	many func(query string, args ...any) (*sql.Rows, error)
}

func (x *tx) asker() asker {
	return asker{x.row, func(q string, args ...any) (*sql.Rows, error) { return x.QueryContext(x.ctx, q, args...) }}
}

// Ties implements gateway.TieStore.
func (s *Store) Ties(ctx context.Context, cv gateway.ID) ([]gateway.Tie, error) {
	list, err := all(ctx, s, func(r scanner) (t gateway.Tie, err error) {
		var when, seq int64
		err = r.Scan(&t.Kind, &t.Other.ID, &when, &seq)
		t.At, t.Seq = at(when), uint64(seq)
		return t, err
	}, qTies, string(cv))
	for i := range list {
		if list[i].Other, err = s.Conversation(ctx, list[i].Other.ID); err != nil {
			return nil, err
		}
	}
	return list, err
}

// maxAlike is how many tickets are named as perhaps the same.
const maxAlike = 5

// Alike implements gateway.TieStore.
func (s *Store) Alike(ctx context.Context, cv gateway.Conversation) ([]gateway.Conversation, error) {
	like := ""
	if cv.Claimed.Email != "" {
		quoted, err := json.Marshal(cv.Claimed.Email)
		if err != nil {
			return nil, failure("encode an address", err)
		}
		like = "%" + likeEscape(`"email":`+string(quoted)) + "%"
	}
	list, err := all(ctx, s, scanConversation, qAlike, string(cv.Mailbox), string(cv.ID), string(cv.Visitor), like)
	list = slices.DeleteFunc(list, func(c gateway.Conversation) bool {
		return (cv.Visitor == "" || c.Visitor != cv.Visitor) && !strings.EqualFold(c.Claimed.Email, cv.Claimed.Email)
	})
	return list[:min(len(list), maxAlike)], err
}

// MergeSide implements gateway.TieStore.
func (s *Store) MergeSide(ctx context.Context, cv gateway.ID) (gateway.MergeSide, error) {
	c, err := s.Conversation(ctx, cv)
	if err != nil {
		return gateway.MergeSide{}, err
	}
	side, err := mergeSide(asker{
		func(q string, args ...any) *sql.Row { return s.queryRow(ctx, q, args...) },
		func(q string, args ...any) (*sql.Rows, error) { return s.query(ctx, q, args...) },
	}, c)
	return side, failure("read", err)
}

// mergeSide reads what a merge is decided by.
func mergeSide(ask asker, c gateway.Conversation) (side gateway.MergeSide, err error) {
	side.Conversation = c
	mb, err := scanMailbox(ask.one(qMailbox, string(c.Mailbox)))
	if err != nil {
		return side, err
	}
	side.Host = mb.Host
	if side.Into, err = goesOn(ask, c.ID); err != nil {
		return side, err
	}
	rows, err := ask.many(qAccounts, string(c.ID))
	if err != nil {
		return side, err
	}
	if side.Accounts, err = collect(rows, scanText); err != nil {
		return side, err
	}
	if c.Visitor != "" {
		return side, nil // then its address proves nothing
	}
	var n int
	err = ask.one(qConfirmed, string(c.ID)).Scan(&n)
	side.Confirmed = n > 0
	return side, err
}

// goesOn says in which conversation another one goes on; "" = it was not merged.
func goesOn(ask asker, cv gateway.ID) (into gateway.ID, err error) {
	err = missing(ask.one(qInto, string(cv)).Scan(&into))
	if gateway.CodeOf(err) == "not_found" {
		return "", nil
	}
	return into, err
}

// maxHops is how far a chain of merges is followed.
const maxHops = 100

// lastOf follows merges from a conversation to where its mail lands now.
func (x *tx) lastOf(cv gateway.ID) (gateway.ID, error) {
	for range maxHops {
		into, err := goesOn(x.asker(), cv)
		if err != nil || into == "" {
			return cv, err
		}
		cv = into
	}
	return cv, nil
}

// lockLast locks the conversation in which a mail to cv lands. Errors: unavailable if that changed at this moment.
func (x *tx) lockLast(cv gateway.ID) (gateway.Conversation, error) {
	id, err := x.lastOf(cv)
	if err != nil {
		return gateway.Conversation{}, err
	}
	c, err := x.lock(id)
	if err != nil {
		return c, err
	}
	if now, err := x.lastOf(cv); err != nil || now != id {
		if err == nil {
			err = gateway.Unavailable("merge", nil)
		}
		return c, err
	}
	return c, nil
}
