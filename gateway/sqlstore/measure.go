package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// What only measurements need. No configuration leads here.

// DelayCommits holds every batch of appends open for d before it commits, as a slow disk would. Call it before the
// first append.
func (s *Store) DelayCommits(d time.Duration) { s.o.CommitDelay = d }

const (
	qTopicHead = `SELECT seq FROM topics WHERE topic = $1`
	qMoveHead  = `UPDATE topics SET seq = $2 WHERE topic = $1`
	// What is there is written again behind itself: no row leaves the engine.
	qDouble = `INSERT INTO events (topic, seq, id, kind, at, actor_role, actor_id, client_id, payload)
SELECT topic, seq + $2, id, kind, at, actor_role, actor_id, client_id || '-' || $3, payload
FROM events WHERE topic = $1 AND seq > $4 AND seq <= $5`
)

// Preload stores n copies of a message at the end of a topic that exists, in bulk, each under a number and a client id
// of its own. Errors: not_found, unavailable, internal.
func (s *Store) Preload(ctx context.Context, m gateway.Append, n int) error {
	_, err := s.change(ctx, "preload", m.At, func(x *tx) error {
		var head int
		if err := x.row(qTopicHead, m.Topic).Scan(&head); err != nil {
			return err
		}
		if _, err := x.emitWith(m.Topic, m.Actor, m.Payload, "preloaded"); err != nil {
			return err
		}
		if err := x.flush(); err != nil {
			return err
		}
		for have := 1; have < n; {
			more := min(have, n-have)
			if _, err := x.exec(qDouble, m.Topic, have, mark(have), head, head+more); err != nil {
				return err
			}
			have += more
		}
		return x.must(qMoveHead, m.Topic, head+n)
	})
	return err
}

// mark names a doubling: a letter for each bit of how many there were.
func mark(have int) string {
	var b []byte
	for ; have > 0; have >>= 1 {
		b = append(b, 'a'+byte(have&1))
	}
	return string(b)
}
