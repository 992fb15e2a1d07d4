package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"time"
)

// step is one statement of a round.
type step struct {
	query string
	args  []any
	take  func(r scanner) error     // is given every row; nil = it gives none
	done  func(changed int64) error // is told how many rows a step without take has changed; nil = nobody asks
}

// line is the one connection of a batch. A round of steps goes over it with as little between as the driver allows:
// the fixed price of a transaction is paid for every message when chats are few.
type line interface {
	// round runs the steps in their order. After an error the transaction can only be rolled back.
	round(steps []step) error
	// ended says that the transaction is over, and whether the connection can be used again.
	ended(rollback bool) (usable bool)
}

// unsent is an error of a batch that cannot have been stored: its commit was never sent.
type unsent struct{ error }

// Unwrap gives what happened.
func (u unsent) Unwrap() error { return u.error }

// runner is a transaction of a verb, or the connection of a batch.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// beginBatch takes a connection for a transaction that its first round begins and its last commits; end rolls back
// what is not committed and gives the connection back.
func (s *Store) beginBatch(ctx context.Context, now time.Time) (x *tx, end func(), err error) {
	c, err := s.write.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	x = &tx{runner: c, s: s, ctx: ctx, now: now, line: s.lineOf(ctx, c)}
	return x, func() {
		if !x.line.ended(x.begun && !x.over) {
			_ = c.Raw(func(any) error { return driver.ErrBadConn }) // the pool forgets it
		}
		_ = c.Close()
	}, nil
}

func (s *Store) lineOf(ctx context.Context, c *sql.Conn) line {
	if s.d.engine == SQLite {
		return &liteLine{conn: c, kept: &s.lite}
	}
	return &postLine{ctx: ctx, conn: c}
}

// round runs steps: on a batch's line all at once, in a verb's transaction one by one.
func (x *tx) round(steps ...step) error {
	if x.line == nil {
		return x.oneByOne(steps)
	}
	if !x.begun {
		x.begun, steps = true, slices.Insert(steps, 0, step{query: x.s.d.begin})
	}
	if len(steps) == 0 {
		return nil
	}
	return x.line.round(steps)
}

func (x *tx) oneByOne(steps []step) error {
	for _, st := range steps {
		var err error
		if st.take != nil {
			err = x.readEach(st)
		} else {
			err = x.execOne(st)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *tx) readEach(st step) error {
	rows, err := x.rows(st.query, st.args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		if err := st.take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (x *tx) execOne(st step) error {
	var r sql.Result
	var err error
	if kept := x.statement(st.query); kept != nil {
		r, err = kept.ExecContext(x.ctx, st.args...)
	} else {
		r, err = x.ExecContext(x.ctx, st.query, st.args...)
	}
	return st.changed(r, err)
}

// changed tells how many rows an execution has changed, if somebody asks.
func (st *step) changed(r driver.Result, err error) error {
	if err != nil || st.done == nil {
		return err
	}
	n, err := r.RowsAffected()
	if err != nil {
		return err
	}
	return st.done(n)
}

// exec runs a statement and gives the number of rows it changed.
func (x *tx) exec(query string, args ...any) (n int64, err error) {
	x.touched.note(query)
	err = x.round(step{query: query, args: args, done: func(changed int64) error {
		n = changed
		return nil
	}})
	return n, err
}
