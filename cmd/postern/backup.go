package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway/sqlstore"
	"github.com/postern-chat/postern/verify"
)

const backupUsage = `usage: postern backup DIR [--with-keys] [flags of serve]
       postern backup check DIR`

// runBackup is 'postern backup': a consistent copy of everything, while gateways run. Exit code 0 = it is whole;
// 1 = there is none, or its log of changes is not what it should be; 2 = asked in a wrong way.
func runBackup(ctx context.Context, c call) int {
	if len(c.args) == 2 && c.args[0] == "check" {
		return runBackupCheck(c, c.args[1])
	}
	if len(c.args) == 0 || c.args[0] == "" || c.args[0][0] == '-' || c.args[0] == "check" {
		fmt.Fprintln(c.err, backupUsage)
		return exitUsage
	}
	to, args := c.args[0], slices.DeleteFunc(slices.Clone(c.args[1:]), func(a string) bool { return a == "--with-keys" })
	cfg, rest, err := Load(args, c.env, c.err)
	if err != nil || len(rest) > 0 {
		return usage(c.err, err, rest)
	}
	m, err := makeBackup(ctx, cfg, to, len(args) < len(c.args)-1, here(), c.err)
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	c.described(m)
	if !m.Log.Good {
		fmt.Fprintln(c.err, "postern: the backup is made, but its log of changes is not whole: see 'postern audit verify'")
		return exitFailed
	}
	return exitOK
}

// runBackupCheck reads a backup and holds it against its manifest, without any database.
func runBackupCheck(c call, dir string) int {
	root, m, err := openBackup(dir)
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	_ = root.Close() // only read
	c.described(m)
	return exitOK
}

func (c call) described(m Manifest) {
	var rows, size int64
	for _, f := range m.Files {
		rows, size = rows+f.Rows, size+f.Bytes
	}
	fmt.Fprintf(c.out, "%d files, %d rows, %d bytes, schema %d, taken at %s\n", len(m.Files), rows, size, m.Schema, m.TakenAt.Format(time.RFC3339))
	fmt.Fprintf(c.out, "log of changes: %d lines, root %s\n", m.Log.Size, m.Log.Root)
	if m.Keys {
		fmt.Fprintln(c.out, "it holds SECRET KEYS: keep it as you keep them")
	}
}

// database is where the configuration's data lies.
func (c Config) database() sqlstore.Options {
	if c.DatabaseURL != "" {
		return sqlstore.Options{Engine: sqlstore.PostgreSQL, DataSource: c.DatabaseURL}
	}
	return sqlstore.Options{Engine: sqlstore.SQLite, DataSource: filepath.Join(c.Data, "postern.db")}
}

// makeBackup writes a backup to a folder that is not there yet. It is written beside it and gets its name at the end.
func makeBackup(ctx context.Context, c Config, to string, keys bool, o outside, progress io.Writer) (m Manifest, err error) {
	if err := exists(c); err != nil {
		return m, err
	}
	to = filepath.Clean(to)
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return m, errors.Join(fmt.Errorf("%s is there already; a backup overwrites nothing", to), err)
	}
	b := &backupDir{dir: to + ".partial"}
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return m, fmt.Errorf("%w (of a backup that was broken off, or that runs)", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(b.dir))
		}
	}()
	db := c.database()
	b.manifest = Manifest{Format: backupFormat, Made: version(), TakenAt: o.now().UTC(), Engine: string(db.Engine), Keys: keys}
	p := &progressLines{out: progress, now: o.now, every: 2 * time.Second}
	if err := sqlstore.ReadMoment(ctx, db, func(m sqlstore.Moment) error { return b.tables(ctx, m, p) }); err != nil {
		return m, err
	}
	if err := b.disk(c, keys); err != nil {
		return m, err
	}
	return b.manifest, b.finish(to)
}

// tables writes every table and what the log says at this moment.
func (b *backupDir) tables(ctx context.Context, m sqlstore.Moment, p *progressLines) error {
	want, err := sqlstore.Newest()
	if err != nil {
		return err
	}
	if b.manifest.Schema = m.Version(); m.Version() == 0 || m.Version() > want {
		return fmt.Errorf("the database has schema %d, this program knows %d: use the program that made it", m.Version(), want)
	}
	for _, table := range m.Tables() {
		if err := b.table(ctx, m, table, p); err != nil {
			return err
		}
	}
	p.say("log of changes: checking")
	r, err := verify.Audit(ctx, m)
	b.manifest.Log = BackupLog{Size: r.Size, Root: base64.RawURLEncoding.EncodeToString(r.Root[:]), Good: len(r.Bad) == 0}
	return err
}

func (b *backupDir) table(ctx context.Context, m sqlstore.Moment, table string, p *progressLines) (err error) {
	s, err := b.create("tables/" + table + tableSuffix)
	if err != nil {
		return err
	}
	w, err := newRowWriter(s)
	if err != nil {
		return errors.Join(err, s.file.Close())
	}
	n := int64(0)
	err = m.Rows(ctx, table, func(columns []string) error { return w.write(columns) }, func(row []any) error {
		n++
		p.rows(table, n)
		return w.row(row)
	})
	if err = errors.Join(err, w.close()); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", table, err), s.file.Close())
	}
	p.say(fmt.Sprintf("%s: %d rows", table, n))
	return b.add(s, n)
}

// disk copies what is written outside the database. A key that was asked for must be there.
func (b *backupDir) disk(c Config, keys bool) error {
	for _, f := range []struct {
		name, from string
		take, must bool
	}{
		{"checkpoint", c.copies().file, true, false},
		{"policy.toml", c.PolicyFile, c.PolicyFile != "", false},
		{"keys/secret", c.secretFile(), keys, true},
		{"keys/signing-key.pem", c.signingKeyFile(), keys && c.Signer == "", true},
	} {
		if !f.take {
			continue
		}
		if err := b.copyFile(f.name, f.from); err != nil && (f.must || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return b.spool(filepath.Join(c.Data, "spool"))
}

func (c Config) secretFile() string { return cmp.Or(c.SecretFile, filepath.Join(c.Data, "secret")) }

func (c Config) signingKeyFile() string {
	return cmp.Or(c.SigningKeyFile, filepath.Join(c.Data, "signing-key.pem"))
}

// spool copies the mails that lie in the data folder. One that goes away meanwhile has been taken by somebody.
func (b *backupDir) spool(dir string) error {
	return filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		// A mail that ends in .part is only half there, and its job is not done.
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!e.Type().IsRegular() || strings.HasSuffix(name, ".part")) {
			return nil
		}
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if err = b.copyFile(path.Join("spool", filepath.ToSlash(below)), name); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// version is that of this program, as the go command noted it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}

// progressLines tells how far a long command is, now and then.
type progressLines struct {
	out   io.Writer
	now   func() time.Time
	every time.Duration
	last  time.Time
}

func (p *progressLines) say(line string) { fmt.Fprintln(p.out, line) }

func (p *progressLines) rows(table string, n int64) {
	if n%1000 != 0 {
		return
	}
	if now := p.now(); now.Sub(p.last) >= p.every {
		p.last = now
		p.say(fmt.Sprintf("%s: %d rows so far", table, n))
	}
}
