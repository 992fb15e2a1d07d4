package sqlstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/postern-chat/postern/gateway"
)

// What PostgreSQL alone is told: plain messages go in one round, which is a transaction by itself. Its first statement
// takes the locks. Its second begins after them, so that it sees what was committed while they were waited for
// (architecture.md 11): it compares each row with what was remembered and stores the messages of those that fit. A client
// id that stands there already breaks its unique key: then nothing of the round is stored. The arrays come through
// sub-selects, or each call is planned anew for their lengths.
const (
	qPlainLock = `SELECT id FROM conversations
WHERE id IN (SELECT talk FROM unnest((SELECT CAST($1 AS TEXT[]))) AS u (talk)) ORDER BY id FOR UPDATE`

	qPlain = `WITH c AS (SELECT * FROM unnest(
(SELECT CAST($1 AS TEXT[])), (SELECT CAST($2 AS BIGINT[])), (SELECT CAST($3 AS TEXT[])), (SELECT CAST($4 AS TEXT[])),
(SELECT CAST($5 AS TEXT[])), (SELECT CAST($6 AS TEXT[])), (SELECT CAST($7 AS BIGINT[])), (SELECT CAST($8 AS BIGINT[])),
(SELECT CAST($9 AS BIGINT[])), (SELECT CAST($10 AS TEXT[])), (SELECT CAST($11 AS TEXT[])), (SELECT CAST($12 AS BIGINT[])),
(SELECT CAST($13 AS BIGINT[])), (SELECT CAST($14 AS TEXT[]))
) AS c (talk, knew, state, owner, box, email, n, visitors, spoken, author, words, epoch, said, client)),
e AS (SELECT * FROM unnest(
(SELECT CAST($15 AS TEXT[])), (SELECT CAST($16 AS BIGINT[])), (SELECT CAST($17 AS TEXT[])), (SELECT CAST($18 AS TEXT[])),
(SELECT CAST($19 AS BIGINT[])), (SELECT CAST($20 AS TEXT[])), (SELECT CAST($21 AS TEXT[])), (SELECT CAST($22 AS TEXT[])),
(SELECT CAST($23 AS TEXT[]))
) AS e (goes_to, place, event, what, sent, role, actor, name, body)),
good AS (SELECT c.*, version AS was FROM c JOIN conversations ON id = talk
WHERE status = state AND assignee = owner AND mailbox = box AND number = 0
AND COALESCE(CAST(claimed AS JSON) ->> 'email', '') = email
AND (epoch IS NULL OR epoch = COALESCE((SELECT value FROM numbers WHERE name = 'rights'), 0))
AND (said IS NULL OR NOT EXISTS (SELECT 1 FROM events WHERE topic = talk AND seq > said AND` + agentSaid + `)
AND NOT EXISTS (SELECT 1 FROM held WHERE conversation = talk AND client_id = client))),
noted AS (UPDATE conversations SET version = version + 1, last_message_at = spoken, last_author = good.author,
first_words = CASE WHEN messages = 0 AND visitors > 0 THEN words ELSE first_words END, messages = messages + visitors
FROM good WHERE id = talk),
head AS (INSERT INTO topics (topic, seq) SELECT talk, n FROM good ORDER BY talk
ON CONFLICT (topic) DO UPDATE SET seq = topics.seq + excluded.seq RETURNING topic, seq),
stored AS (INSERT INTO events (topic, seq, id, kind, at, actor_role, actor_id, client_id, payload)
SELECT talk, seq - n + place, event, what, sent, role, actor, name, body
FROM e JOIN good ON talk = goes_to JOIN head ON topic = goes_to)
SELECT ` + conversationColumns + `, 0, 0, talk, seq, was
FROM good JOIN head ON topic = talk LEFT JOIN conversations ON id = talk AND version <> knew`
)

// refusedBy reports whether the server itself has said no: then nothing of the round was stored.
func refusedBy(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && !gone(err)
}

// storePlain tries to store the messages of conversations; those whose row was as remembered are numbered. After an
// error nobody knows, unless it is refusedBy.
func (s *Store) storePlain(talks []*plainTalk) error {
	x, end, err := s.beginBatch(context.Background(), time.Time{})
	if err != nil {
		return err
	}
	defer end()
	if s.o.CommitDelay > 0 {
		time.Sleep(s.o.CommitDelay)
	}
	ids, args := plainArgs(talks)
	of := make(map[gateway.ID]*plainTalk, len(talks))
	for _, t := range talks {
		of[t.known.row.ID] = t
	}
	err = x.line.round([]step{
		{query: qPlainLock, args: []any{ids}, take: func(scanner) error { return nil }},
		{query: qPlain, args: args, take: func(r scanner) error { return takePlain(r, of) }},
	})
	if err != nil {
		for _, t := range talks {
			t.first = 0
		}
	}
	return err
}

// takePlain notes what was stored of one conversation. Its row comes along only if it was another than remembered.
func takePlain(r scanner, of map[gateway.ID]*plainTalk) error {
	var id gateway.ID
	var head, was int64
	if err := r.Scan(append(make([]any, conversationWidth()), &id, &head, &was)...); err != nil {
		return err
	}
	t := of[id]
	c := t.known.row
	if c.Version != was {
		var err error
		if c, err = scanConversation(wider{r, make([]any, 3)}); err != nil {
			return err
		}
	}
	t.known.row = t.left(c)
	t.first = uint64(head) - uint64(len(t.items)) + 1
	return nil
}

// conversationWidth is how many columns scanConversation reads: a row's own, and two heads.
func conversationWidth() int { return strings.Count(conversationColumns, ",") + 1 + 2 }

// plainArgs are the arrays of qPlain, and the ids alone.
func plainArgs(talks []*plainTalk) (ids []string, args []any) {
	var c struct {
		state, owner, box, email, author, words []string
		knew, n, visitors, spoken               []int64
		epoch, said                             []*int64
		client                                  []*string
	}
	var e struct {
		to, event, what, role, actor, name, body []string
		place, sent                              []int64
	}
	for _, t := range talks {
		row, last := &t.known.row, t.last()
		ids, c.knew = append(ids, string(row.ID)), append(c.knew, row.Version)
		c.state, c.owner = append(c.state, string(row.Status)), append(c.owner, string(row.Assignee))
		c.box, c.email = append(c.box, string(row.Mailbox)), append(c.email, row.Claimed.Email)
		c.n, c.visitors = append(c.n, int64(len(t.items))), append(c.visitors, t.visitors)
		c.spoken, c.author = append(c.spoken, ms(last.At)), append(c.author, string(last.Actor.Role))
		c.words, c.epoch = append(c.words, t.words), append(c.epoch, t.epoch)
		said, client := t.judgedWith()
		c.said, c.client = append(c.said, said), append(c.client, client)
		for i, it := range t.items {
			in := &it.in
			e.to, e.place = append(e.to, in.Topic), append(e.place, int64(i+1))
			e.event, e.what = append(e.event, string(in.ID)), append(e.what, string(in.Payload.Kind()))
			e.sent, e.role = append(e.sent, ms(in.At)), append(e.role, string(in.Actor.Role))
			e.actor, e.name = append(e.actor, string(in.Actor.ID)), append(e.name, in.ClientID)
			e.body = append(e.body, t.payloads[i])
		}
	}
	return ids, []any{
		ids, c.knew, c.state, c.owner, c.box, c.email, c.n, c.visitors, c.spoken, c.author, c.words, c.epoch, c.said, c.client,
		e.to, e.place, e.event, e.what, e.sent, e.role, e.actor, e.name, e.body,
	}
}

// judgedWith is up to where the judged message's author had read, and under which client id it may have been held.
func (t *plainTalk) judgedWith() (said *int64, client *string) {
	if t.judged == nil {
		return nil, nil
	}
	n := int64(t.judged.Said)
	return &n, &t.judged.ClientID
}
