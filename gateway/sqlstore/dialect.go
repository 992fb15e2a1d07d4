package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/postern-chat/postern/gateway"
)

// Engine names a database product.
type Engine string

// The two engines.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgres"
)

// dialect is every difference between the engines.
type dialect struct {
	engine Engine
	lock   string // ends a SELECT whose rows the transaction will change
	begin  string // begins a transaction that writes
}

func dialectOf(e Engine) (dialect, error) {
	switch e {
	case SQLite:
		return dialect{engine: e, begin: "BEGIN IMMEDIATE"}, nil // an immediate transaction is alone with its database: nothing to lock
	case PostgreSQL:
		return dialect{engine: e, lock: " FOR UPDATE", begin: "BEGIN"}, nil
	}
	return dialect{}, gateway.Invalid("engine")
}

// open gives the writers' and the readers' pool.
func (d dialect) open(source string) (write, read *sql.DB, err error) {
	if d.engine == PostgreSQL {
		if write, err = sql.Open("pgx", source); err != nil {
			return nil, nil, err
		}
		write.SetMaxOpenConns(16)
		write.SetMaxIdleConns(16)
		return write, write, nil
	}
	if write, err = sql.Open("sqlite", sqliteSource(source, false)); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if read, err = sql.Open("sqlite", sqliteSource(source, true)); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(4)
	read.SetMaxIdleConns(4)
	return write, read, nil
}

// sqliteSource adds what every connection must begin with to the file's path.
func sqliteSource(path string, readOnly bool) string {
	q := url.Values{"_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "foreign_keys(1)", "synchronous(FULL)",
	}}
	if readOnly {
		q["_pragma"] = append(q["_pragma"], "query_only(1)", "cache_size(-512)") // every commit of others empties it
	} else {
		q["_pragma"] = append(q["_pragma"], writerPragmas()...)
		q.Set("_txlock", "immediate")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// writerPragmas are for the one connection that writes: 16 MiB of pages are kept, and the log may grow to 32 MiB
// before the writer itself brings it into the database (checkpointer); what a statement may have to take back stays in
// memory.
func writerPragmas() []string {
	return []string{"cache_size(-16384)", "wal_autocheckpoint(8000)", "temp_store(memory)"}
}

// goose gives the provider's options: nodes that start together migrate one after the other.
func (d dialect) goose() (goose.Dialect, []goose.ProviderOption, error) {
	if d.engine == SQLite {
		return goose.DialectSQLite3, nil, nil
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return "", nil, err
	}
	return goose.DialectPostgres, []goose.ProviderOption{goose.WithSessionLocker(locker)}, nil
}

const (
	qLiteTables = `SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name`
	qPostTables = `SELECT table_name FROM information_schema.tables
WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name`
	qLiteRefs = `SELECT m.name, f."table" FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'`
	qPostRefs = `SELECT c.relname, p.relname FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_class AS p ON p.oid = k.confrelid
JOIN pg_namespace AS n ON n.oid = k.connamespace WHERE k.contype = 'f' AND n.nspname = current_schema()`
)

// catalogue lists the tables of the schema.
func (d dialect) catalogue() string {
	if d.engine == PostgreSQL {
		return qPostTables
	}
	return qLiteTables
}

// references lists which table refers to which.
func (d dialect) references() string {
	if d.engine == PostgreSQL {
		return qPostRefs
	}
	return qLiteRefs
}

// moment begins a transaction that sees the database at one moment and only reads.
func (d dialect) moment(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	var o *sql.TxOptions // a reader's transaction of SQLite sees one moment
	if d.engine == PostgreSQL {
		o = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return db.BeginTx(ctx, o)
}

const qPostgresClock = `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`

// clock reads the database's clock, unix ms; ok false where the process's clock counts.
func (d dialect) clock(ctx context.Context, db *sql.DB) (ms int64, ok bool, err error) {
	if d.engine == SQLite {
		return 0, false, nil
	}
	err = db.QueryRowContext(ctx, qPostgresClock).Scan(&ms)
	return ms, true, err
}

// unique reports whether err is the refusal of a second row under a unique key.
func unique(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

// passing reports whether the same transaction may succeed if tried again: a deadlock's victim, a lost race of
// serialisation, a connection that died before the commit. Nothing of it was stored.
func passing(err error) bool {
	var u unsent
	return errors.As(err, &u) && gone(err) || lostRace(err)
}

func lostRace(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40P01" || pg.Code == "40001")
}

// gone reports whether the connection ended: a server that is stopped says so first, one that is killed does not.
func gone(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "08")
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) ||
		strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "connection reset")
}

// failure gives a database error its code.
func failure(doing string, err error) error {
	if err == nil {
		return nil
	}
	if gateway.CodeOf(err) != "internal" {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return gateway.Unavailable("request", err)
	}
	if down(err) {
		return gateway.Unavailable("database", fmt.Errorf("%s: %w", doing, err))
	}
	return gateway.Internal(doing, err)
}

func down(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		c := lite.Code() & 0xff
		return c == sqlite3.SQLITE_BUSY || c == sqlite3.SQLITE_LOCKED || c == sqlite3.SQLITE_FULL || c == sqlite3.SQLITE_IOERR
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		class := pg.Code[:2]
		return class == "08" || class == "53" || class == "57" || lostRace(err)
	}
	var dial *pgconn.ConnectError
	return gone(err) || errors.As(err, &dial) || errors.Is(err, sql.ErrConnDone) || strings.Contains(err.Error(), "connection")
}

// list gives "$4,$5,$6" for n placeholders after the first `after`.
func list(after, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("$" + strconv.Itoa(after+i+1))
	}
	return b.String()
}
