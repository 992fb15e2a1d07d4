package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/pressly/goose/v3"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// leftOut are the tables that no copy holds. Their rows open something once or for a while: sessions and password
// links, half-finished logins. Put back, one that was used or ended since would open again. Goose keeps its own table.
func leftOut(table string) bool {
	return slices.Contains([]string{"sessions", "passkey_challenges", "slips", "goose_db_version"}, table)
}

// Moment is a database as it is at one moment, while others go on writing. It is a verify.Log too.
type Moment struct {
	snapshot
	d       dialect
	version int64
	tables  []string
}

var _ verify.Log = Moment{}

// ReadMoment lets read see a database at one moment, whatever version its schema has. It changes nothing, and starts
// no committers. The moment lasts as long as read does: meanwhile SQLite's log file and PostgreSQL's dead rows are kept.
// Errors: invalid, unavailable, internal; read's.
func ReadMoment(ctx context.Context, o Options, read func(Moment) error) error {
	return o.visit(func(d dialect, _, r *sql.DB) error {
		t, err := d.moment(ctx, r)
		if err != nil {
			return failure("begin to read", err)
		}
		defer func() { _ = t.Rollback() }() // nothing was written
		m := Moment{snapshot: snapshot{t}, d: d}
		if m.version, err = schemaOf(ctx, d, t); err != nil {
			return failure("read the schema's version", err)
		}
		if m.tables, err = names(ctx, t, d.catalogue()); err != nil {
			return failure("list the tables", err)
		}
		return read(m)
	})
}

// visit opens a database, migrates nothing and starts nothing, and closes it behind do.
func (o Options) visit(do func(d dialect, write, read *sql.DB) error) (err error) {
	d, err := dialectOf(o.Engine)
	if err != nil {
		return err
	}
	w, r, err := d.open(o.DataSource)
	if err != nil {
		return failure("open the database", err)
	}
	defer func() { err = errors.Join(err, closeBoth(w, r)) }()
	return do(d, w, r)
}

func closeBoth(w, r *sql.DB) error {
	if r == w {
		return w.Close()
	}
	return errors.Join(w.Close(), r.Close())
}

// Version is that of the schema, 0 = there is none yet.
func (m Moment) Version() int64 { return m.version }

// Tables are those that a copy holds, by name.
func (m Moment) Tables() []string { return slices.DeleteFunc(slices.Clone(m.tables), leftOut) }

// Rows gives a table's columns once, then each row: nil, int64, bool, string or []byte in each column.
// Errors: invalid for a table that is none of Tables; what columns and row give.
func (m Moment) Rows(ctx context.Context, table string, columns func([]string) error, row func([]any) error) error {
	if !slices.Contains(m.tables, table) || leftOut(table) {
		return gateway.Invalid("table")
	}
	rows, err := m.t.QueryContext(ctx, qWhole+quoted(table))
	if err != nil {
		return failure("read "+table, err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return failure("read "+table, err)
	}
	if err := columns(names); err != nil {
		return err
	}
	kinds, err := rows.ColumnTypes()
	if err != nil {
		return failure("read "+table, err)
	}
	values, to := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		to[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return failure("read "+table, err)
		}
		for i, k := range kinds { // SQLite keeps a BOOLEAN as a number
			if n, ok := values[i].(int64); ok && k.DatabaseTypeName() == "BOOLEAN" {
				values[i] = n != 0
			}
		}
		if err := row(values); err != nil {
			return err
		}
	}
	return failure("read "+table, rows.Err())
}

const (
	qWhole = `SELECT * FROM `
	// A version that was taken back has a later row that says so; ours never are.
	qSchema = `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`
)

// quoted is a table or column name for a query's text. All of ours are plain words.
func quoted(name string) string { return `"` + name + `"` }

// Head implements verify.Log.
func (m Moment) Head(ctx context.Context) (verify.Head, error) {
	size, err := m.Size(ctx)
	if err != nil {
		return verify.Head{}, err
	}
	root, err := verify.Root(size, func(index []int64) ([][32]byte, error) { return m.Hashes(ctx, index) })
	return verify.Head{Size: size, Root: root}, ledgerError(err)
}

// States implements verify.Log.
func (m Moment) States(ctx context.Context, after string, limit int) ([]verify.RowState, error) {
	return pageOf(ctx, m.snapshot, func(r scanner) (v verify.RowState, err error) {
		return v, r.Scan(&v.ID, &v.State, &v.Leaf)
	}, qStates, after, limit)
}

// Moment implements verify.Log: it is one already.
func (m Moment) Moment(_ context.Context, read func(verify.BundleSource) error) error {
	return read(m.snapshot)
}

// schemaOf is the version that the schema has, 0 = none.
func schemaOf(ctx context.Context, d dialect, q queryer) (version int64, err error) {
	all, err := names(ctx, q, d.catalogue())
	if err != nil || !slices.Contains(all, "goose_db_version") {
		return 0, err
	}
	rows, err := q.QueryContext(ctx, qSchema)
	if err != nil {
		return 0, err
	}
	got, err := collect(rows, func(r scanner) (n int64, err error) { return n, r.Scan(&n) })
	if err == nil && len(got) == 1 {
		version = got[0]
	}
	return version, err
}

func names(ctx context.Context, q queryer, query string) ([]string, error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanText)
}

// Newest is the version that this program brings a schema to.
func Newest() (want int64, err error) {
	files, err := migrations.ReadDir("migration")
	if err != nil {
		return 0, failure("read the migrations", err)
	}
	for _, f := range files {
		n, err := goose.NumericComponent(f.Name())
		if err != nil {
			continue // not a migration
		}
		want = max(want, n)
	}
	return want, nil
}

// Schema says which version the database's schema has (0 = none) and which one this program brings it to. It changes
// nothing. Errors: unavailable, internal.
func Schema(ctx context.Context, o Options) (have, want int64, err error) {
	if want, err = Newest(); err != nil {
		return 0, 0, err
	}
	err = ReadMoment(ctx, o, func(m Moment) error { have = m.Version(); return nil })
	return have, want, err
}
