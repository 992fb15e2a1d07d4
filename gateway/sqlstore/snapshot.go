package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

const (
	qKeepKeys   = `INSERT INTO key_archive (hash, body, at) VALUES ($1,$2,$3) ON CONFLICT (hash) DO NOTHING`
	qKeptKeys   = `SELECT hash, body FROM key_archive WHERE hash > $1 ORDER BY hash LIMIT $2`
	qChangePage = `SELECT body, leaf FROM changes WHERE id > $1 ORDER BY id LIMIT $2`
)

func (x *tx) archive(a verify.KeyArchive, when time.Time) error {
	_, err := x.exec(qKeepKeys, a.Hash, a.Body, ms(when))
	return err
}

// Archive implements verify.Ledger.
func (l *Ledger) Archive(ctx context.Context, a verify.KeyArchive) error {
	now, err := l.clock(ctx)
	if err != nil {
		return ledgerError(err)
	}
	_, err = l.s.change(ctx, "keep a key set", now, func(x *tx) error { return x.archive(a, now) })
	return ledgerError(err)
}

// snapshot is a transaction that only reads: verify.BundleSource.
type snapshot struct{ t *sql.Tx }

// Moment implements verify.Log.
func (l *Ledger) Moment(ctx context.Context, read func(verify.BundleSource) error) error {
	t, err := l.s.d.moment(ctx, l.s.read)
	if err != nil {
		return ledgerError(failure("read the log", err))
	}
	defer func() { _ = t.Rollback() }() // nothing was written
	return read(snapshot{t})
}

// Size implements verify.BundleSource.
func (s snapshot) Size(ctx context.Context) (n int64, err error) {
	return n, ledgerError(failure("read the log", s.t.QueryRowContext(ctx, qSize).Scan(&n)))
}

// Leaves implements verify.BundleSource.
func (s snapshot) Leaves(ctx context.Context, from int64, limit int) ([][]byte, error) {
	return pageOf(ctx, s, func(r scanner) ([]byte, error) { t, err := scanText(r); return []byte(t), err }, qLeaves, from, limit)
}

// Hashes implements verify.BundleSource.
func (s snapshot) Hashes(ctx context.Context, index []int64) ([][32]byte, error) {
	h, err := readHashes(ctx, s.t, index)
	return h, ledgerError(failure("read hashes", err))
}

// Changes implements verify.BundleSource.
func (s snapshot) Changes(ctx context.Context, after string, limit int) ([]verify.Row, error) {
	return pageOf(ctx, s, scanChange, qChangePage, after, limit)
}

// Archives implements verify.BundleSource.
func (s snapshot) Archives(ctx context.Context, after string, limit int) ([]verify.KeyArchive, error) {
	return pageOf(ctx, s, func(r scanner) (a verify.KeyArchive, err error) { return a, r.Scan(&a.Hash, &a.Body) }, qKeptKeys, after, limit)
}

func pageOf[T any](ctx context.Context, s snapshot, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.t.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, ledgerError(failure("read", err))
	}
	out, err := collect(rows, scan)
	return out, ledgerError(failure("read", err))
}

const (
	qErase      = `UPDATE changes SET chg = '', subject = NULL, body = $2 WHERE id = $1`
	qToldOf     = `SELECT seq, payload FROM events WHERE topic = $1 AND kind IN ('change.drafted', 'change.offered')`
	qEraseLinks = `UPDATE transcripts SET subject = '', until = 0
WHERE conversation = $1 OR id IN (SELECT transcript FROM transcript_visits WHERE id = $1)`
	qEraseTold = `UPDATE events SET payload = $3 WHERE topic = $1 AND seq = $2`
)

// Erase implements verify.Ledger.
func (l *Ledger) Erase(ctx context.Context, id string, leaf verify.Leaf) error {
	now, err := l.clock(ctx)
	if err != nil {
		return ledgerError(err)
	}
	_, err = l.s.change(ctx, "erase a change", now, func(x *tx) error {
		c, err := x.place(gateway.ID(leaf.Conversation))
		if err != nil {
			return err
		}
		row, err := scanChange(x.row(qChange, id))
		switch {
		case err != nil:
			return err
		case row.Conversation != string(c.ID) || !row.State.Final():
			return verify.Refuse(verify.ChangeState)
		case row.Erased != 0:
			return nil
		}
		body, err := row.Erase(now.UnixMilli()).Pack()
		if err != nil {
			return err
		}
		if err := x.must(qErase, id, body); err != nil {
			return err
		}
		if _, err := x.exec(qEraseLinks, string(c.ID)); err != nil { // whose login opens them is known no more
			return err
		}
		for _, topic := range []string{string(c.ID), c.ID.Staff()} {
			if err := x.eraseTold(topic, id); err != nil {
				return err
			}
		}
		return x.leaf(leaf, now, "")
	})
	return ledgerError(err)
}

// eraseTold takes the values of a change out of what a conversation's people were told.
func (x *tx) eraseTold(topic, change string) error {
	rows, err := x.QueryContext(x.ctx, qToldOf, topic)
	if err != nil {
		return err
	}
	type event struct {
		seq     int64
		payload string
	}
	events, err := collect(rows, func(r scanner) (e event, err error) { return e, r.Scan(&e.seq, &e.payload) })
	if err != nil {
		return err
	}
	for _, e := range events {
		var p map[string]json.RawMessage
		if err := json.Unmarshal([]byte(e.payload), &p); err != nil {
			return err
		}
		if string(p["change"]) != `"`+change+`"` || p["fields"] == nil {
			continue
		}
		delete(p, "fields")
		b, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if err := x.must(qEraseTold, topic, e.seq, string(b)); err != nil {
			return err
		}
	}
	return nil
}
