package sqlstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/postern-chat/postern/gateway"
)

// On SQLite what is remembered is trusted as long as nobody has written since the last batch (liteLine.untouched). A
// verb of this process need not end that: it notes which of it is not true any more.

// touched is what a transaction has made of what is remembered.
type touched struct {
	rows   []gateway.ID // conversations whose row was saved
	any    bool         // or rows that nobody knows of
	rights bool         // a number was changed, perhaps the epoch of rights
}

// note looks at what a statement writes. It sees every single one of a transaction; the multi-row ones of a batch write no
// rows but the batch's own.
func (t *touched) note(query string) {
	switch query {
	case qUpdateConvo: // save names the row
	case qInsertConvo: // it was there for nobody
	case qMissedWhy: // a column that is not read with the row
	default:
		t.any = t.any || writes(query, "conversations")
		t.rights = t.rights || writes(query, "numbers")
	}
}

// writes reports whether a query may change rows of a table.
func writes(query, table string) bool {
	return strings.Contains(query, "UPDATE "+table) || strings.Contains(query, "INTO "+table) || strings.Contains(query, "DELETE FROM "+table)
}

// ExecContext implements runner.
func (x *tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	x.touched.note(query)
	return x.runner.ExecContext(ctx, query, args...)
}

// QueryContext implements runner.
func (x *tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	x.touched.note(query)
	return x.runner.QueryContext(ctx, query, args...)
}

// QueryRowContext implements runner.
func (x *tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	x.touched.note(query)
	return x.runner.QueryRowContext(ctx, query, args...)
}

// beginAlone begins a verb's transaction on SQLite and looks whether what is remembered is true so far.
func (s *Store) beginAlone(ctx context.Context) (t *sql.Tx, own *liteLine, err error) {
	c, err := s.write.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	if t, err = c.BeginTx(ctx, nil); err != nil {
		_ = c.Close() // gives it back
		return nil, nil, err
	}
	return t, &liteLine{conn: c, kept: &s.lite}, nil
}

// settle comes behind the commit of a verb, while its connection is still its own.
func (x *tx) settle() {
	if x.own == nil || !x.same {
		return // the next batch finds out
	}
	for _, p := range x.pending { // an agent's words, or that some were held
		x.touched.rows = append(x.touched.rows, gateway.ID(strings.TrimSuffix(p.event.Topic, "/staff")))
	}
	x.s.talks.forget(&x.touched)
	x.own.leave()
}

// forget notes what a transaction has changed: it is not sure any more.
func (r *remembered) forget(t *touched) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range t.rows {
		if m, ok := r.of[id]; ok {
			m.age = 0
			r.of[id] = m
		}
	}
	if t.any {
		r.age++
	}
	if t.rights {
		r.epochAge = 0
	}
}
