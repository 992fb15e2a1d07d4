package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/postern-chat/postern/verify"
)

// backup is a copy of a whole database, made and put back behind the gateway's back.
type backup struct {
	tables  []string
	columns map[string][]string
	rows    map[string][][]any
}

func (r *row) backup() backup {
	r.Helper()
	db := r.sql(r.T)
	list := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if r.engine == "PostgreSQL" {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`
	}
	b := backup{columns: map[string][]string{}, rows: map[string][][]any{}}
	for _, table := range r.column(db, list) {
		if table == "goose_db_version" {
			continue
		}
		b.tables = append(b.tables, table)
		rows, err := db.Query("SELECT * FROM " + table)
		if err != nil {
			r.Fatal(err)
		}
		if b.columns[table], err = rows.Columns(); err != nil {
			r.Fatal(err)
		}
		for rows.Next() {
			values, to := make([]any, len(b.columns[table])), make([]any, len(b.columns[table]))
			for i := range values {
				to[i] = &values[i]
			}
			if err := rows.Scan(to...); err != nil {
				r.Fatal(err)
			}
			for i, v := range values {
				if bytes, ok := v.([]byte); ok {
					values[i] = slices.Clone(bytes)
				}
			}
			b.rows[table] = append(b.rows[table], values)
		}
		if err := rows.Err(); err != nil {
			r.Fatal(err)
		}
	}
	return b
}

func (r *row) column(db *sql.DB, query string) (out []string) {
	r.Helper()
	rows, err := db.Query(query)
	if err != nil {
		r.Fatal(err)
	}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			r.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		r.Fatal(err)
	}
	return out
}

// restore puts a backup back, while no gateway runs.
func (r *row) restore(b backup) {
	r.Helper()
	c, err := r.sql(r.T).Conn(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	do := func(query string, args ...any) {
		r.Helper()
		if _, err := c.ExecContext(context.Background(), query, args...); err != nil {
			r.Fatal(query, err)
		}
	}
	if r.engine == "PostgreSQL" {
		do("SET session_replication_role = replica") // references in any order
	}
	do("BEGIN")
	for _, table := range b.tables {
		do("DELETE FROM " + table)
		for _, values := range b.rows[table] {
			marks := make([]string, len(values))
			for i := range marks {
				marks[i] = fmt.Sprintf("$%d", i+1)
			}
			do("INSERT INTO "+table+" ("+strings.Join(b.columns[table], ",")+") VALUES ("+strings.Join(marks, ",")+")", values...)
		}
	}
	do("COMMIT")
}

// checkpoint is the fixture's copy outside the database.
func (r *row) checkpoint() (verify.Checkpoint, string) {
	r.Helper()
	name := filepath.Join(r.config.Data, "checkpoint")
	raw, err := os.ReadFile(name)
	if err != nil {
		return verify.Checkpoint{}, name
	}
	k, err := verify.OpenCheckpoint(raw, r.logKey.Verifier())
	if err != nil {
		r.Fatal(err)
	}
	return k, name
}

// droppedTail: 10,000 lines and one honest change, seen by the outside file and by the shop; then the last 100 go.
func droppedTail(r *row) {
	db := r.fill(10_000)
	r.honest(r.talk("ag1"))
	r.until(func() string {
		if k, _ := r.checkpoint(); k.Size < 10_000 {
			return fmt.Sprintf("the checkpoint outside has %d lines", k.Size)
		}
		return ""
	})
	var seen int64
	r.until(func() string { // the shop looks after it has answered
		if err := r.site.db.QueryRow("SELECT size FROM log_seen").Scan(&seen); err != nil || seen < 10_000 {
			return fmt.Sprintf("the shop remembers %d lines: %v", seen, err)
		}
		return ""
	})
	k, file := r.checkpoint()
	outside := filepath.Join(r.TempDir(), "checkpoint")
	b, err := os.ReadFile(file)
	if err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(outside, b, 0o600); err != nil {
		r.Fatal(err)
	}
	r.given()
	keep := r.leaf - 100
	for _, q := range []string{
		fmt.Sprintf("DELETE FROM log_leaves WHERE n >= %d", keep), fmt.Sprintf("DELETE FROM log_hashes WHERE n >= %d", verify.StoredHashCount(keep)),
		fmt.Sprintf("UPDATE log_head SET size = %d", keep), "DELETE FROM changes",
	} {
		if _, err := db.Exec(q); err != nil {
			r.Fatal(err)
		}
	}
	if ok, _, _ := r.audited(); !ok {
		r.Error("the rest does not look whole: this row is about what only a copy outside shows")
	}
	bundle := r.export()
	say(r.T, exitOK, nil, "audit", "verify", bundle)
	out := say(r.T, exitFailed, nil, "audit", "verify", bundle, "--checkpoint", outside)
	if want := fmt.Sprintf("line %d ", keep); !strings.Contains(out, want) || !strings.Contains(out, "gone") || k.Size <= keep {
		r.Errorf("the copy outside has %d lines, %d are left: %s", k.Size, keep, out)
	}
	r.untouched()

	r.site.exec(r.T, "UPDATE log_seen SET at = at - 60") // the remembered receipt is a minute old
	r.site.renew(r.T)
	r.honest(r.talkIn(newBrowser(r.T), "ag2", "Please stop my renewal"))
	r.until(func() string {
		if what, err := r.site.shop.LogAlarm(r.Context()); err != nil || !strings.Contains(what, "shorter") {
			return fmt.Sprintf("the shop says %q, %v", what, err)
		}
		return ""
	})
	r.given() // that one was asked for
}

// restored: the backup holds a start token and a finish token that were not used yet, and a change that was applied
// since.
func restored(r *row) {
	r.alone(options{})
	one := r.talk("ag1")
	change, address := one.offer(r.T)
	back := r.confirm(address)
	two := r.talkIn(newBrowser(r.T), "ag2", "Please pause it")
	paused, start := r.pause(two)
	kept := r.backup()

	one.vic.ok("change.finish", one.finish(r.T, one.b, change, back))
	r.reaches(change, verify.Applied)
	if s, status, out := r.redeem(paused, start); status != http.StatusOK || s.cookie == "" {
		r.Fatalf("start: %d %v", status, out)
	}
	receipt := r.change(change).Receipt
	r.given()
	r.stop()
	lost, file := r.checkpoint()
	if lost.Size != r.leaf {
		r.Errorf("the last checkpoint has %d lines of %d", lost.Size, r.leaf)
	}
	r.restore(kept)
	r.start(r.T, options{})

	for _, id := range []string{change, paused} {
		c := r.change(id)
		if c.State != verify.Revoked || c.Reason != verify.LogRestored {
			r.Errorf("%s is %s (%s)", id, c.State, c.Reason)
		}
	}
	if _, err := os.Stat(fmt.Sprintf("%s.lost-%d", file, lost.Size)); err != nil {
		r.Error("the old checkpoint is not kept:", err)
	}
	if k, _ := r.checkpoint(); k.Size > lost.Size {
		r.Errorf("the new checkpoint has %d lines", k.Size)
	}
	if s, status, out := r.redeem(paused, start); status == http.StatusOK || s.cookie != "" || out["code"] != "proof_expired" {
		r.Errorf("the burned start token: %d %v", status, out)
	}
	vic := r.visit(one.b)
	f := vic.do("change.finish", one.finish(r.T, one.b, change, back))
	if e, _ := f["error"].(map[string]any); e["code"] != "proof_expired" {
		r.Errorf("the burned finish token: %v", f)
	}
	r.replayed(receipt.JWS)
	r.audit(r.T)
	r.talks, r.clients = nil, nil // of the gateway before
}

// replayed sends every delivery that the shop has had once more: none moves anything.
func (r *row) replayed(jws string) {
	r.Helper()
	r.site.mu.Lock()
	bodies := slices.Clone(r.site.bodies)
	r.site.mu.Unlock()
	sent := 0
	for _, b := range bodies {
		if !bytes.Contains(b, []byte(jws)) {
			continue
		}
		res, err := http.Post(r.site.URL+"/postern", "application/json", bytes.NewReader(b))
		if err != nil {
			r.Fatal(err)
		}
		_ = res.Body.Close()
		sent++
		var applied int
		if err := r.site.db.QueryRow("SELECT COUNT(*) FROM burned").Scan(&applied); err != nil || applied != 1 {
			r.Errorf("applied %d times, %v", applied, err)
		}
	}
	if sent == 0 {
		r.Error("the receipt was never delivered")
	}
	r.untouched()
}
