package sqlstore

import (
	"context"
	"database/sql"
	"time"
)

// Facts is what an operator is told about a database.
type Facts struct {
	Have, Want int64             // version of its schema (0 = none), and of the one that this program brings it to
	Now        time.Time         // its clock; zero on SQLite, which has none
	High       time.Time         // the latest time in its log of changes
	Settings   map[string]string // of the PostgreSQL server: what decides whether a commit outlasts a power cut, and room for connections
}

const (
	// pg_is_in_recovery: a replica, where nothing can be written.
	qServer = `SELECT name, setting FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'max_connections', 'server_encoding')
UNION ALL SELECT 'replica', CAST(pg_is_in_recovery() AS TEXT)`
)

// Look reads the facts and changes nothing. Errors: unavailable, internal.
func Look(ctx context.Context, o Options) (f Facts, err error) {
	if f.Have, f.Want, err = Schema(ctx, o); err != nil {
		return f, err
	}
	err = o.visit(func(d dialect, _, r *sql.DB) error { return f.read(ctx, d, r) })
	return f, err
}

func (f *Facts) read(ctx context.Context, d dialect, r *sql.DB) error {
	if now, ok, err := d.clock(ctx, r); err != nil {
		return failure("read the clock", err)
	} else if ok {
		f.Now = at(now)
	}
	if f.Have > 0 {
		var high int64
		if err := r.QueryRowContext(ctx, qHigh).Scan(&high); err != nil {
			return failure("read the log's head", err)
		}
		f.High = at(high)
	}
	if d.engine != PostgreSQL {
		return nil
	}
	rows, err := r.QueryContext(ctx, qServer)
	if err != nil {
		return failure("read the server's settings", err)
	}
	pairs, err := collect(rows, func(s scanner) (p [2]string, err error) { return p, s.Scan(&p[0], &p[1]) })
	f.Settings = map[string]string{}
	for _, p := range pairs {
		f.Settings[p[0]] = p[1]
	}
	return failure("read the server's settings", err)
}
