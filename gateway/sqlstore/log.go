package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

const (
	qChanges     = `SELECT body, leaf FROM changes `
	qChange      = qChanges + `WHERE id = $1`
	qByHandle    = qChanges + `WHERE handle_hash = $1`
	qByFinish    = qChanges + `WHERE finish_hash = $1`
	qLiveChanges = qChanges + `WHERE conversation = $1 AND state IN
('draft','offered','challenged','matched','proven','cooling','released','unsettled') ORDER BY created_at, id`
	qDueChanges = qChanges + `WHERE state IN ('draft','offered','challenged','matched','proven','cooling')
AND expires_at <= $1 ORDER BY created_at, id LIMIT $2`
	qToSettle = qChanges + `WHERE state IN ('released','unsettled') ORDER BY created_at, id LIMIT $1`
	qBurned   = `SELECT use, key, value, until FROM burns WHERE use = $1 AND key = $2`
)

func scanChange(r scanner) (verify.Row, error) {
	var body string
	var leaf int64
	if err := r.Scan(&body, &leaf); err != nil {
		return verify.Row{}, missing(err)
	}
	row, err := verify.UnpackRow(body)
	row.Leaf = leaf
	return row, err
}

func (l *Ledger) one(ctx context.Context, query, arg string) (verify.Row, error) {
	row, err := one(ctx, l.s, scanChange, query, arg)
	return row, ledgerError(err)
}

func (l *Ledger) list(ctx context.Context, query string, args ...any) ([]verify.Row, error) {
	rows, err := all(ctx, l.s, scanChange, query, args...)
	return rows, ledgerError(err)
}

// Change implements verify.Ledger.
func (l *Ledger) Change(ctx context.Context, id string) (verify.Row, error) {
	return l.one(ctx, qChange, id)
}

// ByHandle implements verify.Ledger.
func (l *Ledger) ByHandle(ctx context.Context, hash string) (verify.Row, error) {
	return l.one(ctx, qByHandle, hash)
}

// ByFinish implements verify.Ledger.
func (l *Ledger) ByFinish(ctx context.Context, hash string) (verify.Row, error) {
	return l.one(ctx, qByFinish, hash)
}

// Live implements verify.Ledger.
func (l *Ledger) Live(ctx context.Context, conversation string) ([]verify.Row, error) {
	return l.list(ctx, qLiveChanges, conversation)
}

// Due implements verify.Ledger.
func (l *Ledger) Due(ctx context.Context, now time.Time, limit int) ([]verify.Row, error) {
	return l.list(ctx, qDueChanges, ms(now), limit)
}

// ToSettle implements verify.Ledger.
func (l *Ledger) ToSettle(ctx context.Context, limit int) ([]verify.Row, error) {
	return l.list(ctx, qToSettle, limit)
}

// Burned implements verify.Ledger.
func (l *Ledger) Burned(ctx context.Context, b verify.Burn) (verify.Burn, error) {
	got, err := one(ctx, l.s, func(r scanner) (b verify.Burn, err error) {
		var until int64
		err = r.Scan(&b.Use, &b.Key, &b.Value, &until)
		b.Until = at(until)
		return b, err
	}, qBurned, b.Use, b.Key)
	return got, ledgerError(err)
}

// Conversation implements verify.Ledger: the conversation, its visitor's signed session, its mailbox's origins.
func (l *Ledger) Conversation(ctx context.Context, id string) (verify.Conversation, error) {
	if gateway.ID(id).Is(gateway.PrefixVisit) {
		return l.visit(ctx, gateway.ID(id))
	}
	if gateway.ID(id).Is(gateway.PrefixOwn) {
		return l.own(ctx, gateway.ID(id))
	}
	c, err := l.s.Conversation(ctx, gateway.ID(id))
	if err != nil {
		return verify.Conversation{}, ledgerError(err)
	}
	out := verify.Conversation{
		ID: id, Open: live(c), Frozen: c.Frozen, Assignee: string(c.Assignee), Visitor: string(c.Visitor),
		Browser: c.Browser, Started: c.StartedAt,
	}
	m, err := l.s.Mailbox(ctx, c.Mailbox)
	if err != nil {
		return verify.Conversation{}, ledgerError(err)
	}
	out.Mailbox, out.Origins, out.Host = m.Name, m.Origins, m.Host
	v, err := l.s.Visitor(ctx, c.Visitor)
	switch {
	case gateway.CodeOf(err) == "not_found":
	case err != nil:
		return verify.Conversation{}, ledgerError(err)
	case v.Identity.ByHost():
		out.Host, out.Subject, out.Base = v.Identity.Host, v.Identity.Subject, v.Identity.Version
	}
	return out, nil
}

const (
	qHashes = `SELECT n, hash FROM log_hashes WHERE n IN (`
	qLeaves = `SELECT leaf FROM log_leaves WHERE n >= $1 ORDER BY n LIMIT $2`
	qStates = `SELECT id, state, leaf FROM changes WHERE id > $1 ORDER BY id LIMIT $2`
	qSize   = `SELECT size FROM log_head WHERE one = 1`
)

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// readHashes reads stored hashes in the order asked for. Errors: not_found when one is missing.
func readHashes(ctx context.Context, db queryer, index []int64) ([][32]byte, error) {
	out := make([][32]byte, len(index))
	if len(index) == 0 {
		return out, nil
	}
	args := make([]any, len(index))
	for i, n := range index {
		args[i] = n
	}
	rows, err := db.QueryContext(ctx, qHashes+list(0, len(index))+")", args...)
	if err != nil {
		return nil, err
	}
	found := map[int64][32]byte{}
	_, err = collect(rows, func(r scanner) (n int64, err error) {
		var h []byte
		if err = r.Scan(&n, &h); err == nil && len(h) == 32 {
			found[n] = [32]byte(h)
		}
		return n, err
	})
	if err != nil {
		return nil, err
	}
	for i, n := range index {
		h, ok := found[n]
		if !ok {
			return nil, verify.Refuse(verify.NotFound)
		}
		out[i] = h
	}
	return out, nil
}

func (x *tx) hashes(index []int64) ([][32]byte, error) { return readHashes(x.ctx, x, index) }

// Head implements verify.Log. The root is computed from stored hashes, which never change once written.
func (l *Ledger) Head(ctx context.Context) (verify.Head, error) {
	size, err := one(ctx, l.s, func(r scanner) (n int64, err error) { return n, r.Scan(&n) }, qSize)
	if err != nil {
		return verify.Head{}, ledgerError(err)
	}
	root, err := verify.Root(size, func(index []int64) ([][32]byte, error) { return l.Hashes(ctx, index) })
	return verify.Head{Size: size, Root: root}, ledgerError(err)
}

// Leaves implements verify.Log.
func (l *Ledger) Leaves(ctx context.Context, from int64, limit int) ([][]byte, error) {
	if from < 0 {
		return nil, nil
	}
	leaves, err := all(ctx, l.s, func(r scanner) ([]byte, error) { s, err := scanText(r); return []byte(s), err }, qLeaves, from, limit)
	return leaves, ledgerError(err)
}

// Hashes implements verify.Log.
func (l *Ledger) Hashes(ctx context.Context, index []int64) ([][32]byte, error) {
	h, err := readHashes(ctx, l.s.read, index)
	return h, ledgerError(failure("read hashes", err))
}

// States implements verify.Log.
func (l *Ledger) States(ctx context.Context, after string, limit int) ([]verify.RowState, error) {
	rows, err := all(ctx, l.s, func(r scanner) (v verify.RowState, err error) {
		return v, r.Scan(&v.ID, &v.State, &v.Leaf)
	}, qStates, after, limit)
	return rows, ledgerError(err)
}
