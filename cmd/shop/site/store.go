package site

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver that "sqlite" names below
)

const schema = `
CREATE TABLE IF NOT EXISTS customers (
	id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL,
	address TEXT NOT NULL, newsletter INTEGER NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS plans (
	customer TEXT PRIMARY KEY REFERENCES customers, plan TEXT NOT NULL, renews_at INTEGER NOT NULL,
	off_at INTEGER NOT NULL, receipt TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
	number TEXT PRIMARY KEY, customer TEXT NOT NULL REFERENCES customers, placed_at INTEGER NOT NULL,
	state TEXT NOT NULL, address TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS order_lines (
	number TEXT NOT NULL REFERENCES orders, product TEXT NOT NULL, quantity INTEGER NOT NULL, cents INTEGER NOT NULL,
	PRIMARY KEY (number, product));
-- One row per receipt that was carried out: commit is the proof's one commitment.
CREATE TABLE IF NOT EXISTS burned (
	commit_hash TEXT PRIMARY KEY, chg TEXT NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL);
-- One row per change that was announced and waits; cancel is the hash of the token in its owner's link.
CREATE TABLE IF NOT EXISTS pending (
	commit_hash TEXT PRIMARY KEY, chg TEXT NOT NULL, sub TEXT NOT NULL, sub_iss TEXT NOT NULL, level TEXT NOT NULL,
	at INTEGER NOT NULL, not_before INTEGER NOT NULL, cancelled_at INTEGER NOT NULL, cancel TEXT NOT NULL UNIQUE,
	challenge TEXT NOT NULL, title TEXT NOT NULL);
-- The newest place in the gateway's log that a receipt has named; alarm is what was wrong with a later one.
CREATE TABLE IF NOT EXISTS log_seen (
	one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root TEXT NOT NULL, at INTEGER NOT NULL, alarm TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
	token TEXT PRIMARY KEY, customer TEXT NOT NULL REFERENCES customers, login_at INTEGER NOT NULL, ends_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS resets (token TEXT PRIMARY KEY, customer TEXT NOT NULL REFERENCES customers, ends_at INTEGER NOT NULL);
-- One row per login made for one challenge: what the page showed, and what was pressed.
CREATE TABLE IF NOT EXISTS confirmations (
	id TEXT PRIMARY KEY, session TEXT NOT NULL, handle TEXT NOT NULL, customer TEXT NOT NULL, auth_time INTEGER NOT NULL,
	view TEXT NOT NULL, choice TEXT NOT NULL DEFAULT '', UNIQUE (session, handle));
CREATE TABLE IF NOT EXISTS log (
	id INTEGER PRIMARY KEY, customer TEXT NOT NULL, at INTEGER NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL,
	once TEXT UNIQUE);
`

func openDB(ctx context.Context, folder string) (*sql.DB, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	set := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "foreign_keys(1)"}}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "shop.db")+"?"+set.Encode())
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, fmt.Errorf("shop: make the tables: %w", err)
	}
	return db, nil
}

// tx runs f in one transaction that writes; an error of f rolls everything back.
func (s *Site) tx(ctx context.Context, f func(*sql.Tx) error) error {
	t, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback() }() // after a commit it does nothing
	if err := f(t); err != nil {
		return err
	}
	return t.Commit()
}

// Dump is every row of every table that makes up the accounts, as text: one line of JSON a row, tables and rows
// in a fixed order. Sessions, confirmations and the security log are not in it. Two equal dumps mean that
// nothing has happened to any account.
func (s *Site) Dump(ctx context.Context) ([]byte, error) {
	var out strings.Builder
	for _, table := range []string{"customers", "plans", "orders", "order_lines", "burned"} {
		if err := s.dump(ctx, &out, table); err != nil {
			return nil, err
		}
	}
	return []byte(out.String()), nil
}

func (s *Site) dump(ctx context.Context, out *strings.Builder, table string) error {
	rows, err := s.db.QueryContext(ctx, "SELECT * FROM "+table+" ORDER BY 1, 2") // table is one of our own five
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values := make([]any, len(names))
		to := make([]any, len(names))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			return err
		}
		line, err := json.Marshal(values)
		if err != nil {
			return err
		}
		out.WriteString(table + " " + string(line) + "\n")
	}
	return rows.Err()
}
