package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postLine is a connection to PostgreSQL: a round's statements travel together and are answered together, so that a
// batch waits for the server three times instead of once for each statement.
type postLine struct {
	ctx  context.Context
	conn *sql.Conn
}

func (l *postLine) round(steps []step) error {
	return l.raw(func(c *pgx.Conn) error {
		var b pgx.Batch
		for _, st := range steps {
			b.Queue(st.query, st.args...)
		}
		results := c.SendBatch(l.ctx, &b)
		for _, st := range steps {
			if err := answered(results, st); err != nil {
				_ = results.Close() // says the same again
				return err
			}
		}
		return results.Close()
	})
}

// answered takes one step's answer.
func answered(results pgx.BatchResults, st step) error {
	if st.take == nil {
		tag, err := results.Exec()
		if err != nil || st.done == nil {
			return err
		}
		return st.done(tag.RowsAffected())
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := st.take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (l *postLine) ended(rollback bool) bool {
	err := l.raw(func(c *pgx.Conn) error {
		if !rollback {
			return nil
		}
		_, err := c.Exec(l.ctx, "ROLLBACK")
		return err
	})
	return err == nil
}

// raw gives the driver's connection, alive.
func (l *postLine) raw(fn func(c *pgx.Conn) error) error {
	return l.conn.Raw(func(dc any) error {
		c := dc.(*stdlib.Conn).Conn()
		if c.IsClosed() {
			return driver.ErrBadConn
		}
		return fn(c)
	})
}
