package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern-chat/postern/gateway"
)

const (
	conversationColumns = `id, mailbox, visitor, channel, status, outcome, reason, number, subject, assignee,
offer_agent, offer_until, offer_ring, round, version, frozen, started_at, queued_at, missed_at, claimed_at,
closed_at, last_message_at, last_author, first_words, messages, page, browser, locale, claimed, stars,
rating_text, rated_at, priority, served_by, moved, type, min_role, holding_at, snoozed_until, deleted_at`
	conversationHeads = `COALESCE((SELECT seq FROM topics WHERE topic = conversations.id), 0),
COALESCE((SELECT seq FROM topics WHERE topic = conversations.id || '/staff'), 0)`
	qConversations     = `SELECT ` + conversationColumns + `, ` + conversationHeads + ` FROM conversations `
	qConversation      = qConversations + `WHERE id = $1 AND deleted_at = 0`
	qLockConversation  = `SELECT ` + conversationColumns + `, 0, 0 FROM conversations WHERE id = $1`
	qInsertConvoPrefix = `INSERT INTO conversations (` + conversationColumns + `, command_id, missed_why) VALUES (`
	qUpdateConvo       = `UPDATE conversations SET mailbox=$2, channel=$3, status=$4, outcome=$5, reason=$6, number=$7,
subject=$8, assignee=$9, offer_agent=$10, offer_until=$11, offer_ring=$12, round=$13, version=version+1, frozen=$14,
queued_at=$15, missed_at=$16, claimed_at=$17, closed_at=$18, last_message_at=$19, last_author=$20, first_words=$21,
messages=$22, claimed=$23, stars=$24, rating_text=$25, rated_at=$26,
priority=$27, served_by=$28, moved=$29, type=$30, min_role=$31, holding_at=$32, snoozed_until=$33 WHERE id=$1`
)

func scanConversation(r scanner) (gateway.Conversation, error) {
	var c gateway.Conversation
	var until, started, queued, missed, claimedAt, closed, last, rated, holding, snoozed, deleted int64
	var claimed string
	err := r.Scan(&c.ID, &c.Mailbox, &c.Visitor, &c.Channel, &c.Status, &c.Outcome, &c.Reason, &c.Number, &c.Subject,
		&c.Assignee, &c.Offer.Agent, &until, &c.Offer.Ring, &c.Round, &c.Version, &c.Frozen, &started, &queued, &missed,
		&claimedAt, &closed, &last, &c.LastAuthor, &c.FirstWords, &c.Messages, &c.Page, &c.Browser, &c.Locale, &claimed,
		&c.Rating.Stars, &c.Rating.Text, &rated, &c.Priority, &c.ServedBy, &c.Moved, &c.Type, &c.MinRole, &holding,
		&snoozed, &deleted, &c.Seq, &c.StaffSeq)
	if err != nil {
		return c, missing(err)
	}
	c.Offer.Until, c.StartedAt, c.QueuedAt, c.MissedAt = at(until), at(started), at(queued), at(missed)
	c.ClaimedAt, c.ClosedAt, c.LastMessageAt, c.Rating.At = at(claimedAt), at(closed), at(last), at(rated)
	c.HoldingAt, c.SnoozedUntil, c.DeletedAt = at(holding), at(snoozed), at(deleted)
	return c, json.Unmarshal([]byte(claimed), &c.Claimed)
}

// missing turns "no row" into not_found.
func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return gateway.NotFound()
	}
	return err
}

// lock reads a conversation's row and holds it until the end of the transaction. Errors: not_found.
func (x *tx) lock(id gateway.ID) (gateway.Conversation, error) {
	return scanConversation(x.row(qLockConversation+x.s.d.lock, string(id)))
}

// save stores what a verb changed in the locked row; the version counts it.
func (x *tx) save(c *gateway.Conversation) error {
	claimed, err := json.Marshal(c.Claimed)
	if err != nil {
		return err
	}
	c.Version++
	if c.Assignee != "" {
		c.ServedBy = c.Assignee
	}
	x.touched.rows = append(x.touched.rows, c.ID)
	err = x.must(qUpdateConvo, string(c.ID), string(c.Mailbox), string(c.Channel), string(c.Status), string(c.Outcome),
		c.Reason, c.Number, c.Subject, string(c.Assignee), string(c.Offer.Agent), ms(c.Offer.Until), c.Offer.Ring, c.Round,
		c.Frozen, ms(c.QueuedAt), ms(c.MissedAt), ms(c.ClaimedAt), ms(c.ClosedAt), ms(c.LastMessageAt),
		string(c.LastAuthor), c.FirstWords, c.Messages, string(claimed), c.Rating.Stars, c.Rating.Text, ms(c.Rating.At),
		int64(c.Priority), string(c.ServedBy), c.Moved, c.Type, string(c.MinRole), ms(c.HoldingAt), ms(c.SnoozedUntil))
	if err != nil {
		return err
	}
	return x.keepWindow(*c)
}

// spoken are save for rows in which only a message was noted: the hot path. It names no column of an index that need
// not change.
func (x *tx) spoken(rows []*gateway.Conversation) (steps []step) {
	forParts(rows, func(part []*gateway.Conversation) {
		args := make([]any, 0, 5*len(part))
		for _, c := range part {
			c.Version++
			args = append(args, ms(c.LastMessageAt), string(c.LastAuthor), c.FirstWords, int64(c.Messages), string(c.ID))
		}
		steps = append(steps, step{query: x.s.texts.spoke.of[len(part)], args: args, done: exactly(len(part))})
	})
	return steps
}

// exactly refuses any other number of changed rows.
func exactly(n int) func(changed int64) error {
	return func(changed int64) error {
		if changed != int64(n) {
			return gateway.NotFound()
		}
		return nil
	}
}

// insert stores a new row; stored false means that the visitor's command was carried out before.
func (x *tx) insert(c gateway.Conversation, commandID string) (stored bool, err error) {
	claimed, err := json.Marshal(c.Claimed)
	if err != nil {
		return false, err
	}
	n, err := x.exec(qInsertConvo, string(c.ID), string(c.Mailbox), string(c.Visitor), string(c.Channel),
		string(c.Status), string(c.Outcome), c.Reason, c.Number, c.Subject, string(c.Assignee), "", int64(0), 0, c.Round,
		int64(1), false, ms(c.StartedAt), ms(c.QueuedAt), ms(c.MissedAt), int64(0), int64(0), ms(c.LastMessageAt),
		string(c.LastAuthor), c.FirstWords, c.Messages, c.Page, c.Browser, c.Locale, string(claimed), 0, "", int64(0),
		int64(c.Priority), string(c.ServedBy), false, c.Type, string(c.MinRole), ms(c.HoldingAt), int64(0), int64(0), commandID, "")
	return n == 1, err
}

const qInsertConvo = qInsertConvoPrefix + `$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,
$21,$22,$23,$24,$25,$26,$27,$28,$29,$30,$31,$32,$33,$34,$35,$36,$37,$38,$39,$40,$41,$42)
ON CONFLICT (visitor, command_id) WHERE command_id <> '' DO NOTHING`

// spoke notes a message in the row: whose turn it is, and the visitor's first words.
func spoke(c *gateway.Conversation, by gateway.Role, text string, now time.Time) {
	c.LastMessageAt, c.LastAuthor = now, by
	if by == gateway.RoleVisitor {
		if c.Messages == 0 {
			c.FirstWords = cut(text, 160)
		}
		c.Messages++
	}
	if c.Number > 0 && c.Status != gateway.Closed {
		c.Status = turn(*c)
	}
}

// speaks notes a message in the row, whichever way it comes: one that asks for patience answers nothing.
func speaks(c *gateway.Conversation, by gateway.Role, m gateway.Message, now time.Time) {
	spoke(c, by, m.Text, now)
	if m.Holding && by != gateway.RoleVisitor {
		owes(c, now)
	}
}

// owes notes in the row of a message just noted that it asked for patience: an answer is still ours to give.
func owes(c *gateway.Conversation, now time.Time) {
	c.LastAuthor, c.HoldingAt = gateway.RoleVisitor, now
	if c.Number > 0 && c.Status != gateway.Closed {
		c.Status = turn(*c)
	}
}

// turn is a ticket's status: open while it is our turn.
func turn(c gateway.Conversation) gateway.Status {
	if c.LastAuthor == gateway.RoleVisitor || c.LastAuthor == "" {
		return gateway.Open
	}
	return gateway.Waiting
}

// cut gives the first n characters of a text on one line.
func cut(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// ticket gives the next ticket number.
func (x *tx) ticket() (n int64, err error) {
	err = x.row(qNextNumber, "ticket").Scan(&n)
	return n, err
}

const qNextNumber = `INSERT INTO numbers (name, value) VALUES ($1, 1)
ON CONFLICT (name) DO UPDATE SET value = numbers.value + 1 RETURNING value`

// all reads every row of a query. The list is never nil.
func all[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.query(ctx, query, args...)
	if err != nil {
		return nil, failure("read", err)
	}
	out, err := collect(rows, scan)
	return out, failure("read", err)
}

func collect[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer func() { _ = rows.Close() }()
	out := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// one reads one row. Errors: not_found.
func one[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(s.queryRow(ctx, query, args...))
	if err != nil {
		var none T
		return none, failure("read", missing(err))
	}
	return v, nil
}

// sorted gives the ids in lock order, each once, without the empty one.
func sorted(ids ...gateway.ID) []gateway.ID {
	out := slices.DeleteFunc(slices.Clone(ids), func(id gateway.ID) bool { return id == "" })
	slices.Sort(out)
	return slices.Compact(out)
}
