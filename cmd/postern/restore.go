package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/sqlstore"
	"github.com/postern-chat/postern/verify"
)

const restoreUsage = "usage: postern restore DIR [flags of serve]"

// runRestore is 'postern restore': a backup becomes a new installation, where nothing is yet. Exit codes as backup.
func runRestore(ctx context.Context, c call) int {
	if len(c.args) == 0 || c.args[0] == "" || c.args[0][0] == '-' {
		fmt.Fprintln(c.err, restoreUsage)
		return exitUsage
	}
	cfg, rest, err := Load(c.args[1:], c.env, c.err)
	if err != nil || len(rest) > 0 {
		return usage(c.err, err, rest)
	}
	m, ends, err := restore(ctx, cfg, c.args[0], here(), c.err)
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	c.described(m)
	fmt.Fprintf(c.out, "ended, because it may have been ended or used since: %d changes under way, %d API keys, %d requests to loosen, all sessions and password links\n", ends.Changes, ends.Keys, ends.Requests)
	fmt.Fprintln(c.out, "look through: staff and roles, kinds that were switched off since, erasures since (postern audit erase)")
	return exitOK
}

// restore checks a backup, fills the empty place that the configuration names, and ends what must not open again.
func restore(ctx context.Context, c Config, dir string, o outside, progress io.Writer) (m Manifest, ends gateway.RestoredEnds, err error) {
	root, m, err := openBackup(dir)
	if err != nil {
		return m, ends, err
	}
	defer func() { _ = root.Close() }() // only read
	if want, err := sqlstore.Newest(); err != nil || m.Schema > want {
		return m, ends, errors.Join(fmt.Errorf("the backup has schema %d, this program knows %d: restore with one that is at least as new as the one that made it (%s)", m.Schema, want, m.Made), err)
	}
	if err := errors.Join(os.MkdirAll(c.Data, 0o700), c.emptyPlace(root, m)); err != nil {
		return m, ends, err
	}
	// SQLite is made under another name, PostgreSQL is emptied again if anything fails.
	making := c
	making.Data = filepath.Join(c.Data, "restoring")
	if err := os.Mkdir(making.Data, 0o700); err != nil {
		return m, ends, fmt.Errorf("%w (of a restore that was broken off, or that runs)", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(making.Data)) }()
	r := restoring{root: root, manifest: m, progress: &progressLines{out: progress, now: o.now, every: 2 * time.Second}}
	db := making.database()
	if err := sqlstore.Fill(ctx, db, m.Schema, func(f *sqlstore.Filling) error { return r.fill(ctx, f) }); err != nil {
		if gateway.CodeOf(err) == "conflict" {
			err = errors.New("the database has tables already; a restore goes into an empty one only")
		}
		return m, ends, err
	}
	if ends, err = r.settle(ctx, making, o); err == nil {
		err = r.place(c, making)
	}
	if err != nil && c.DatabaseURL != "" {
		err = errors.Join(err, sqlstore.Clear(context.WithoutCancel(ctx), db))
	}
	return m, ends, err
}

// emptyPlace refuses where anything lies that a restore would have to replace. Keys that are there already must be
// those of the backup.
func (c Config) emptyPlace(root *os.Root, m Manifest) error {
	for _, name := range []string{"postern.db", "postern.db-wal", "postern.db-shm"} {
		if _, err := os.Lstat(filepath.Join(c.Data, name)); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fmt.Errorf("%s is there already; a restore goes into an empty place only", filepath.Join(c.Data, name)), err)
		}
	}
	if mails, err := os.ReadDir(filepath.Join(c.Data, "spool")); err == nil && len(mails) > 0 {
		return fmt.Errorf("mails lie in %s; a restore goes into an empty place only", filepath.Join(c.Data, "spool"))
	}
	for name, to := range c.keyPlaces() {
		if !m.has(name) {
			continue
		}
		mine, err := os.ReadFile(to)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		theirs, e := root.ReadFile(filepath.FromSlash(name))
		if err := errors.Join(err, e); err != nil {
			return err
		}
		if !bytes.Equal(bytes.TrimSpace(mine), bytes.TrimSpace(theirs)) {
			return fmt.Errorf("%s is another key than the backup's", to)
		}
	}
	return nil
}

// keyPlaces says where the secrets of a backup belong.
func (c Config) keyPlaces() map[string]string {
	return map[string]string{"keys/secret": c.secretFile(), "keys/signing-key.pem": c.signingKeyFile()}
}

func (m Manifest) has(name string) bool {
	return slices.ContainsFunc(m.Files, func(f BackupFile) bool { return f.Name == name })
}

// restoring is one restore under way.
type restoring struct {
	root     *os.Root
	manifest Manifest
	progress *progressLines
}

// fill puts every table's rows into the new database, and the mark that it is a copy.
func (r restoring) fill(ctx context.Context, f *sqlstore.Filling) error {
	tables := f.Tables()
	for _, file := range r.manifest.Files {
		if t := file.table(); t != "" && !slices.Contains(tables, t) {
			return fmt.Errorf("the backup has a table %s, which schema %d has not", t, r.manifest.Schema)
		}
	}
	mark, err := json.Marshal(gateway.RestoredMark{TakenAt: r.manifest.TakenAt.UnixMilli(), Size: r.manifest.Log.Size, Root: r.manifest.Log.Root})
	if err != nil {
		return err
	}
	for _, table := range tables {
		var more []any
		if table == "settings" {
			more = []any{gateway.RestoredSetting, string(mark), int64(1)}
		}
		if err := r.table(ctx, f, table, more); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	return nil
}

// table puts one table's rows in; more is a row of the settings that comes last, and whose older self is left out.
func (r restoring) table(ctx context.Context, f *sqlstore.Filling, table string, more []any) error {
	name := "tables/" + table + tableSuffix
	i := slices.IndexFunc(r.manifest.Files, func(f BackupFile) bool { return f.Name == name })
	if i < 0 {
		return errors.New("is missing in the backup")
	}
	file, err := r.root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	rows, err := newRowReader(file)
	if err != nil {
		return err
	}
	n := int64(0)
	next := func() ([]any, error) {
		row, err := rows.next()
		for err == nil && row != nil && more != nil && len(row) > 0 && row[0] == gateway.RestoredSetting {
			n++
			row, err = rows.next()
		}
		if err != nil || row != nil {
			n++
			r.progress.rows(table, n)
			return row, err
		}
		row, more = more, nil
		return row, nil
	}
	if more != nil && (len(rows.columns) != len(more) || rows.columns[0] != "name" || rows.columns[1] != "value") {
		return errors.New("has other columns than this program knows")
	}
	if _, err := f.Insert(ctx, table, rows.columns, next); err != nil {
		return err
	}
	if n != r.manifest.Files[i].Rows {
		return fmt.Errorf("%d rows, the manifest says %d", n, r.manifest.Files[i].Rows)
	}
	r.progress.say(fmt.Sprintf("%s: %d rows", table, n))
	return nil
}

// settle checks that the log is the backup's, and ends what must not open again.
func (r restoring) settle(ctx context.Context, c Config, o outside) (ends gateway.RestoredEnds, err error) {
	st, err := openStorage(ctx, c, o.decides)
	if err != nil {
		return ends, err
	}
	defer func() { err = errors.Join(err, st.gateway.Close()) }()
	r.progress.say("log of changes: checking")
	report, err := verify.Audit(ctx, st.ledger)
	if err != nil {
		return ends, err
	}
	if root := base64.RawURLEncoding.EncodeToString(report.Root[:]); root != r.manifest.Log.Root || report.Size != r.manifest.Log.Size {
		return ends, fmt.Errorf("the log of changes has %d lines and root %s, the manifest says %d and %s", report.Size, root, r.manifest.Log.Size, r.manifest.Log.Root)
	}
	s := &gateway.Service{Store: st.gateway, Guard: &verify.Guard{Ledger: st.ledger}, Now: o.now}
	return s.EndRestored(ctx)
}

// place puts the files where they belong, the database last: without it nothing starts on half of a backup.
func (r restoring) place(c, making Config) error {
	for _, f := range r.manifest.Files {
		to := c.keyPlaces()[f.Name]
		if below, ok := strings.CutPrefix(f.Name, "spool/"); ok {
			to = filepath.Join(c.Data, "spool", filepath.FromSlash(below))
		}
		if to == "" {
			continue
		}
		if err := r.copyOut(f.Name, to); err != nil {
			return err
		}
	}
	if c.DatabaseURL != "" {
		return nil
	}
	if err := os.Rename(making.database().DataSource, c.database().DataSource); err != nil {
		return err
	}
	return syncFolder(c.Data)
}

// copyOut writes one file of the backup; a key that is there already is the same one.
func (r restoring) copyOut(name, to string) error {
	in, err := r.root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// endRestored ends what a restore left open that was stopped before its end.
func (a *App) endRestored(ctx context.Context) error {
	ends, err := a.Service.EndRestored(ctx)
	if ends != (gateway.RestoredEnds{}) {
		a.log.Warn("the database was restored: what it held open is ended", "changes", ends.Changes, "api_keys", ends.Keys, "requests", ends.Requests)
	}
	return err
}
