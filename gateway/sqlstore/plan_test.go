package sqlstore

import (
	"strings"
	"testing"
)

// What runs for every message must find its row by all of its key: a partial index serves only a query that
// repeats the index's condition, and else each message would cost a reading of its whole conversation.
func TestMessagePathUsesIndexes(t *testing.T) {
	lite, pg := openSQLite(t), openPostgres(t)
	many := func(literals string) string { return strings.TrimSuffix(strings.Repeat(literals+", ", 8), ", ") }
	q := pg.texts
	for _, c := range []struct{ name, query, literals, lite, pg string }{
		{"messages sent twice", q.client.of[8], many("'t', 'c'"), "events_client (topic=? AND client_id=?)", "events_client"},
		{"the rows", q.lock.of[8], many("'cv'"), "(id=?)", "conversations_pkey"},
		{"messages in their rows", q.spoke.of[8], many("1, 'visitor', '', 1, 'cv'"), "(id=?)", "conversations_pkey"},
		{"a message in its row", q.spoke.of[1], "1, 'visitor', '', 1, 'cv'", "(id=?)", "conversations_pkey"},
		{"whether others came between", q.said.of[8], many("'t', 1"), "(topic=? AND seq>?)", "events_pkey"},
		{"a message sent twice", qEventClient, "'t', 'c'", "events_client (topic=? AND client_id=?)", "events_client"},
		{"the row", qLockConversation, "'cv'", "(id=?)", "conversations_pkey"},
		{"an agent's last messages", qSaid, "'t', 5", "(topic=?)", "events_pkey"},
		{"the missing events", qEventsAfter, "'t', 1, 10", "(topic=? AND seq>?)", "events_pkey"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if plan := liteplan(t, lite, strings.ReplaceAll(c.query, " FOR UPDATE", "")); !strings.Contains(plan, c.lite) {
				t.Errorf("SQLite's plan lacks %q:\n%s", c.lite, plan)
			}
			if plan := pgplan(t, pg, c.query, c.literals); !strings.Contains(plan, c.pg) {
				t.Errorf("PostgreSQL's plan lacks %q:\n%s", c.pg, plan)
			}
		})
	}
}

func liteplan(t *testing.T, s *Store, query string) string {
	t.Helper()
	args := make([]any, strings.Count(query, "$"))
	rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := collect(rows, func(r scanner) (line string, err error) {
		var id, parent, unused int
		return line, r.Scan(&id, &parent, &unused, &line)
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// pgplan asks for the plan that holds for all values: what a prepared statement ends up with.
func pgplan(t *testing.T, s *Store, query, literals string) string {
	t.Helper()
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, q := range []string{
		"SET LOCAL enable_seqscan = off", "SET LOCAL enable_bitmapscan = off",
		"SET LOCAL plan_cache_mode = force_generic_plan", "PREPARE looked AS " + query,
	} {
		if _, err := tx.ExecContext(t.Context(), q); err != nil {
			t.Fatal(q, err)
		}
	}
	rows, err := tx.QueryContext(t.Context(), "EXPLAIN EXECUTE looked ("+literals+")")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := collect(rows, func(r scanner) (line string, err error) { return line, r.Scan(&line) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "DEALLOCATE looked"); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
