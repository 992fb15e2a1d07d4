package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/pressly/goose/v3"

	"github.com/postern-chat/postern/gateway"
)

// Filling is a new database that takes a copy's rows, in one transaction.
type Filling struct {
	t       *sql.Tx
	d       dialect
	tables  []string // each after those that it refers to
	columns map[string][]string
}

// Fill makes a database of a copy: an empty place gets the schema of the copy's version, then the rows that fill
// inserts, then the newest schema. If any of it fails the place is empty again.
//
// Errors: conflict when there is something; invalid schema for a version that this program does not know; fill's.
func Fill(ctx context.Context, o Options, version int64, fill func(*Filling) error) error {
	return onEmpty(ctx, o, func(p *goose.Provider, db *sql.DB, d dialect) error {
		if known := p.ListSources(); len(known) == 0 || version < 1 || version > known[len(known)-1].Version {
			return gateway.Invalid("schema")
		}
		if _, err := p.UpTo(ctx, version); err != nil {
			return failure("make the schema", err)
		}
		if err := fillRows(ctx, db, d, fill); err != nil {
			return err
		}
		_, err := p.Up(ctx)
		return failure("migrate", err)
	})
}

// onEmpty runs fill on a place without tables, and leaves it so if that fails.
func onEmpty(ctx context.Context, o Options, fill func(*goose.Provider, *sql.DB, dialect) error) error {
	return o.visit(func(d dialect, w, _ *sql.DB) error {
		there, err := names(ctx, w, d.catalogue())
		if err != nil {
			return failure("list the tables", err)
		}
		if len(there) > 0 {
			return gateway.Conflict()
		}
		p, err := provider(d, w)
		if err != nil {
			return failure("migrate", err)
		}
		if err = fill(p, w, d); err != nil {
			err = errors.Join(err, dropAll(context.WithoutCancel(ctx), w, d))
		}
		return err
	})
}

// Clear drops every table of a database.
func Clear(ctx context.Context, o Options) error {
	return o.visit(func(d dialect, w, _ *sql.DB) error { return dropAll(ctx, w, d) })
}

func dropAll(ctx context.Context, db *sql.DB, d dialect) error {
	tables, err := ordered(ctx, db, d)
	if err != nil {
		return failure("list the tables", err)
	}
	slices.Reverse(tables)
	for _, t := range tables {
		if _, err := db.ExecContext(ctx, "DROP TABLE "+quoted(t)); err != nil {
			return failure("drop "+t, err)
		}
	}
	return nil
}

func fillRows(ctx context.Context, db *sql.DB, d dialect, fill func(*Filling) error) error {
	t, err := db.BeginTx(ctx, nil)
	if err != nil {
		return failure("begin to fill", err)
	}
	defer func() { _ = t.Rollback() }() // after a commit it does nothing
	f := &Filling{t: t, d: d, columns: map[string][]string{}}
	if f.tables, err = ordered(ctx, t, d); err != nil {
		return failure("list the tables", err)
	}
	for _, table := range slices.Backward(f.tables) { // what migrations put in is in the copy
		if leftOut(table) {
			continue
		}
		if _, err := t.ExecContext(ctx, "DELETE FROM "+quoted(table)); err != nil {
			return failure("empty "+table, err)
		}
		if f.columns[table], err = columnsOf(ctx, t, table); err != nil {
			return failure("read "+table, err)
		}
	}
	if err := fill(f); err != nil {
		return err
	}
	return failure("fill", t.Commit())
}

func columnsOf(ctx context.Context, t *sql.Tx, table string) ([]string, error) {
	r, err := t.QueryContext(ctx, qWhole+quoted(table))
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	c, err := r.Columns()
	return c, errors.Join(err, r.Err())
}

// Tables are those that take rows, each after the ones that it refers to.
func (f *Filling) Tables() []string { return slices.DeleteFunc(slices.Clone(f.tables), leftOut) }

// maxParameters of one statement: SQLite's limit; PostgreSQL's is twice that.
const maxParameters = 32766

// atOnce is how many rows one statement inserts: SQLite is fastest with prepared single rows.
func (f *Filling) atOnce(columns int) int {
	if f.d.engine == SQLite {
		return 1
	}
	return min(500, maxParameters/columns)
}

// Insert puts rows into a table until next has none: nil, int64, bool, string or []byte in each column.
// Errors: invalid for a table or column that the schema does not have, or a row of another length; next's.
func (f *Filling) Insert(ctx context.Context, table string, columns []string, next func() ([]any, error)) (n int64, err error) {
	if len(columns) == 0 || slices.ContainsFunc(columns, func(c string) bool { return !slices.Contains(f.columns[table], c) }) {
		return 0, gateway.Invalid("table")
	}
	head := "INSERT INTO " + quoted(table) + " ("
	for i, c := range columns {
		if i > 0 {
			head += ","
		}
		head += quoted(c)
	}
	head += ") VALUES "
	size := f.atOnce(len(columns))
	full, err := f.t.PrepareContext(ctx, head+values(size, len(columns)))
	if err != nil {
		return 0, failure("fill "+table, err)
	}
	defer func() { _ = full.Close() }()
	var args []any
	for {
		row, err := next()
		if err != nil {
			return n, err
		}
		if row != nil && len(row) != len(columns) {
			return n, gateway.Invalid("row")
		}
		args = append(args, row...)
		switch {
		case len(args) == size*len(columns):
			_, err = full.ExecContext(ctx, args...)
			args = args[:0]
		case row == nil && len(args) > 0:
			_, err = f.t.ExecContext(ctx, head+values(len(args)/len(columns), len(columns)), args...)
		}
		if err != nil {
			return n, failure("fill "+table, err)
		}
		if row == nil {
			return n, nil
		}
		n++
	}
}

// ordered lists all tables, each after those that it refers to.
func ordered(ctx context.Context, q queryer, d dialect) ([]string, error) {
	tables, err := names(ctx, q, d.catalogue())
	if err != nil {
		return nil, err
	}
	r, err := q.QueryContext(ctx, d.references())
	if err != nil {
		return nil, err
	}
	refs, err := collect(r, func(s scanner) (p [2]string, err error) { return p, s.Scan(&p[0], &p[1]) })
	if err != nil {
		return nil, err
	}
	return inOrder(tables, refs)
}

// inOrder sorts tables so that each comes after those it refers to; refs are pairs of table and what it refers to.
func inOrder(tables []string, refs [][2]string) (out []string, err error) {
	waits := func(t string) bool {
		return slices.ContainsFunc(refs, func(p [2]string) bool {
			return p[0] == t && p[1] != t && !slices.Contains(out, p[1])
		})
	}
	for left := tables; len(left) > 0; {
		var later []string
		for _, t := range left {
			if waits(t) {
				later = append(later, t)
			} else {
				out = append(out, t)
			}
		}
		if len(later) == len(left) {
			return nil, errors.New("tables refer to each other in a ring")
		}
		left = later
	}
	return out, nil
}
