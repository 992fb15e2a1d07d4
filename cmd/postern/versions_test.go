package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// A newer version migrates while this one runs: columns and tables that it does not know come, and all goes on. A gateway
// of this version that starts afterwards is refused, in words, and changes nothing.
func TestNewerSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, r *row) {
		k, db := r.talk("ag1"), r.sql(t)
		for _, q := range []string{
			"ALTER TABLE conversations ADD COLUMN later TEXT NOT NULL DEFAULT ''", "ALTER TABLE events ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
			"ALTER TABLE jobs ADD COLUMN later TEXT NOT NULL DEFAULT ''", "ALTER TABLE agents ADD COLUMN later TEXT", "CREATE TABLE later (id TEXT PRIMARY KEY)",
			"INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)",
		} {
			if _, err := db.Exec(q); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
		}
		sent := k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "with a newer schema", "text": "and now?"})
		k.mia.have(sent["id"])
		other := r.talk("ag2")
		other.mia.ok("conversation.close", map[string]any{"conversation": other.cv, "outcome": "resolved"})
		other.vic.event("conversation.closed", other.cv)
		k.offer(t)

		conf := r.config
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		_, err = Start(t.Context(), conf, l, slog.New(slog.DiscardHandler))
		if gateway.CodeOf(err) != "unsupported" || !regexp.MustCompile(`schema 9999 and this version knows \d+`).MatchString(fmt.Sprint(err)) {
			t.Errorf("an older version starts on a newer schema: %v", err)
		}
		var n int
		if err := db.QueryRow("SELECT COUNT(*) FROM goose_db_version WHERE version_id > 9999").Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows, %v", n, err)
		}
		again := k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "after the refusal", "text": "still there"})
		k.mia.have(again["id"])
	})
}

// Another version stores what this one does not know: a kind to come, fields to come, fields that an older one left out.
// It is passed on as it is, in its place, and the conversation goes on behind it.
func TestEventsOfAnotherVersion(t *testing.T) {
	onBoth(t, func(t *testing.T, r *row) {
		k, db := r.talk("ag1"), r.sql(t)
		last := k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "before", "text": "before"})
		k.mia.have(last["id"])
		seq := int(last["seq"].(float64))
		for i, e := range [][2]string{
			{"conversation.hummed", `{"tune":["a","b"],"deep":{"er":1}}`},
			{"message.created", `{"id":"ms_00000000000000000000000000","text":"an older form"}`},
			{"message.created", `{"id":"ms_00000000000000000000000001","client_id":"x","text":"a newer form","mood":"fine","nodes":[]}`},
		} {
			seq++
			for _, q := range []struct {
				text string
				args []any
			}{
				{"INSERT INTO events (topic, seq, id, kind, at, actor_role, actor_id, client_id, payload) VALUES ($1, $2, $3, $4, $5, 'system', '', '', $6)", []any{k.cv, seq, fmt.Sprintf("ev_other%d", i), e[0], r.clock.now().UnixMilli(), e[1]}},
				{"UPDATE topics SET seq = $2 WHERE topic = $1", []any{k.cv, seq}},
			} {
				if _, err := db.Exec(q.text, q.args...); err != nil {
					t.Fatal(err)
				}
			}
		}
		for who, c := range map[string]*client{"the visitor": k.vic, "the agent": k.mia} {
			for i, want := range []string{`"tune"`, `"an older form"`, `"mood"`} {
				c.have(fmt.Sprintf("ev_other%d", i))
				if !strings.Contains(textOf(t, c.frames), want) {
					t.Errorf("%s lacks %s", who, want)
				}
			}
		}
		after := k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "after", "text": "after"})
		if after["seq"] != float64(seq+1) {
			t.Errorf("seq %v, want %d", after["seq"], seq+1)
		}
		k.mia.have(after["id"])
		gapless(t, k.vic, k.cv)
	})
}

// From 0016 on a migration only adds, so that the version before runs beside it: what it no longer needs goes a release
// later, in a migration that says "contract:" and which version has stopped using it.
func TestMigrationsOnlyAdd(t *testing.T) {
	files, err := filepath.Glob("../../gateway/sqlstore/migration/*.sql")
	if err != nil || len(files) < 14 {
		t.Fatalf("%d migrations, %v", len(files), err)
	}
	takes := regexp.MustCompile(`(?i)\b(DROP\s+(TABLE|COLUMN)|RENAME|ALTER\s+COLUMN|DROP\s+CONSTRAINT)\b`)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		if name := filepath.Base(f); name > "0016" && takes.MatchString(up) && !strings.Contains(up, "contract:") {
			t.Errorf("%s takes something away: %s", name, takes.FindString(up))
		}
	}
	if !takes.MatchString("alter table x drop  column y") || takes.MatchString("ALTER TABLE x ADD COLUMN y TEXT") || takes.MatchString("DROP INDEX i") {
		t.Error("the rule itself is wrong")
	}
}

// textOf is all that came, as JSON.
func textOf(t *testing.T, frames []map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(frames)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
