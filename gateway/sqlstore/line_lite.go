package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"

	"modernc.org/sqlite"
)

// liteLine is the connection that writes to SQLite: it keeps the prepared statements of the message path and hands
// their arguments and rows over without what database/sql does for everybody.
type liteLine struct {
	conn *sql.Conn
	kept *liteKept
}

// liteKept are the prepared statements of a connection; whoever has the connection has them to himself.
type liteKept struct {
	conn any // whose they are
	of   map[string]driver.Stmt
	args []driver.NamedValue // of the statement that runs

	left  uint32 // the database's version when the last batch was committed
	known bool   // whether left is known
}

func (l *liteLine) round(steps []step) error {
	return l.conn.Raw(func(dc any) error {
		if l.kept.conn != dc {
			*l.kept = liteKept{conn: dc, of: map[string]driver.Stmt{}} // the old ones went with their connection
		}
		for i := range steps {
			if err := l.kept.run(dc, &steps[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *liteLine) ended(rollback bool) bool {
	return !rollback || l.round([]step{{query: "ROLLBACK"}}) == nil
}

// leave notes the version of the database behind a commit.
func (l *liteLine) leave() { l.kept.left, l.kept.known = l.version() }

// untouched reports, in a transaction, whether nobody has written since: no verb over this connection, no other
// connection, no other process. SQLite's own number for its cache of pages counts them all.
// Source: sqlite.org/c3ref/c_fcntl_begin_atomic_write.html, SQLITE_FCNTL_DATA_VERSION.
func (l *liteLine) untouched() bool {
	v, ok := l.version()
	return ok && l.kept.known && v == l.kept.left
}

func (l *liteLine) version() (v uint32, ok bool) {
	err := l.conn.Raw(func(dc any) error {
		c, can := dc.(sqlite.FileControl)
		if !can || l.kept.conn != dc {
			return driver.ErrSkip
		}
		var err error
		v, err = c.FileControlDataVersion("main")
		return err
	})
	return v, err == nil
}

// liteStatement is what the driver's statements can do.
type liteStatement interface {
	driver.StmtExecContext
	driver.StmtQueryContext
}

func (k *liteKept) run(dc any, st *step) error {
	s, passing, err := k.statement(dc, st.query)
	if err != nil {
		return err
	}
	if passing {
		defer func() { _ = s.Close() }()
	}
	k.args = k.args[:0]
	for i, v := range st.args {
		v, err := driver.DefaultParameterConverter.ConvertValue(v)
		if err != nil {
			return err
		}
		k.args = append(k.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	if st.take != nil {
		return k.read(s.(liteStatement), st)
	}
	return st.changed(s.(liteStatement).ExecContext(context.Background(), k.args))
}

// statement gives the prepared form; passing says that there are too many to keep this one.
func (k *liteKept) statement(dc any, query string) (s driver.Stmt, passing bool, err error) {
	if s = k.of[query]; s != nil {
		return s, false, nil
	}
	if s, err = dc.(driver.ConnPrepareContext).PrepareContext(context.Background(), query); err != nil {
		return nil, false, err
	}
	if len(k.of) >= maxPrepared {
		return s, true, nil
	}
	k.of[query] = s
	return s, false, nil
}

// close frees them, while their connection lives.
func (k *liteKept) close() (err error) {
	for _, s := range k.of {
		err = errors.Join(err, s.Close())
	}
	*k = liteKept{}
	return err
}

func (k *liteKept) read(s liteStatement, st *step) error {
	rows, err := s.QueryContext(context.Background(), k.args)
	if err != nil {
		return err
	}
	r := liteRow(make([]driver.Value, len(rows.Columns())))
	for {
		if err = rows.Next(r); err != nil {
			break
		}
		if err = st.take(r); err != nil {
			break
		}
	}
	if err == io.EOF {
		err = nil
	}
	return errors.Join(err, rows.Close())
}

// liteRow is a row as the driver gives it.
type liteRow []driver.Value

// Scan implements scanner for the types that rows are read into.
func (r liteRow) Scan(dest ...any) error {
	if len(dest) != len(r) {
		return fmt.Errorf("scan: %d columns into %d places", len(r), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, r[i]); err != nil {
			return err
		}
	}
	return nil
}

func assign(dest any, v driver.Value) error {
	switch d := dest.(type) {
	case *string:
		if s, ok := v.(string); ok {
			*d = s
			return nil
		}
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	}
	return assignKind(reflect.ValueOf(dest).Elem(), v)
}

func assignKind(d reflect.Value, v driver.Value) error {
	switch v := v.(type) {
	case string:
		if d.Kind() == reflect.String {
			d.SetString(v)
			return nil
		}
	case int64:
		switch {
		case d.CanInt():
			d.SetInt(v)
			return nil
		case d.CanUint() && v >= 0:
			d.SetUint(uint64(v))
			return nil
		case d.Kind() == reflect.Bool:
			d.SetBool(v != 0)
			return nil
		}
	}
	return fmt.Errorf("scan: %T into %s", v, d.Type())
}
