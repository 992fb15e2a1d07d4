package sqlstore

import (
	"database/sql"
	"strconv"
	"strings"
)

// parts are the row counts of multi-row statements, largest first: few texts, so that each stays prepared, and for a
// batch of a few dozen rows two or three statements.
func parts() []int { return []int{128, 64, 32, 16, 8, 4, 2, 1} }

// forParts calls do for runs of rows whose lengths are those of parts.
func forParts[T any](rows []T, do func(part []T)) {
	for _, size := range parts() {
		for len(rows) >= size {
			do(rows[:size])
			rows = rows[size:]
		}
	}
}

// inParts is forParts until the first error.
func inParts[T any](rows []T, do func(part []T) error) (err error) {
	forParts(rows, func(part []T) {
		if err == nil {
			err = do(part)
		}
	})
	return err
}

// values gives "($1,$2),($3,$4)" for n rows of width placeholders.
func values(n, width int) string {
	var b strings.Builder
	for row := range n {
		if row > 0 {
			b.WriteByte(',')
		}
		b.WriteString("(" + list(row*width, width) + ")")
	}
	return b.String()
}

// typed is values for rows that no column gives a type: kinds has t for text and n for a number per placeholder.
func typed(n int, kinds string) string {
	var b strings.Builder
	for at := range n * len(kinds) {
		switch {
		case at == 0:
			b.WriteByte('(')
		case at%len(kinds) == 0:
			b.WriteString("),(")
		default:
			b.WriteByte(',')
		}
		kind := "TEXT"
		if kinds[at%len(kinds)] == 'n' {
			kind = "BIGINT"
		}
		b.WriteString("CAST($" + strconv.Itoa(at+1) + " AS " + kind + ")")
	}
	return b.String() + ")"
}

// text keeps the text of a statement for each of the sizes of parts: to build it costs more than to run it.
type text struct{ of map[int]string }

func (d dialect) textOf(build func(n int) string) text {
	t := text{map[int]string{}}
	for _, n := range parts() {
		t.of[n] = d.bind(build(n))
	}
	return t
}

// bind gives a statement that names its placeholders once each and in order the form that costs least: SQLite looks
// the name of each placeholder up among all of them.
func (d dialect) bind(query string) string {
	if d.engine != SQLite {
		return query
	}
	var b strings.Builder
	for i := 0; i < len(query); i++ {
		if query[i] != '$' {
			b.WriteByte(query[i])
			continue
		}
		b.WriteByte('?')
		for i+1 < len(query) && query[i+1] >= '0' && query[i+1] <= '9' {
			i++
		}
	}
	return b.String()
}

// texts are the multi-row statements of the message path.
type statements struct{ lock, spoke, client, held, said, bump, event text }

func newStatements(d dialect) statements {
	return statements{
		lock: d.textOf(func(n int) string {
			return `SELECT id, version, status, assignee FROM conversations WHERE id IN (` + list(0, n) + `) ORDER BY id` + d.lock
		}),
		spoke: d.textOf(func(n int) string {
			if n == 1 {
				return `UPDATE conversations SET version = version + 1, last_message_at = $1, last_author = $2, first_words = $3,
messages = $4 WHERE id = $5`
			}
			return `WITH v(spoken, author, words, messages, id) AS (VALUES ` + typed(n, "nttnt") + `)
UPDATE conversations SET version = version + 1, last_message_at = v.spoken, last_author = v.author,
first_words = v.words, messages = v.messages FROM v WHERE conversations.id = v.id`
		}),
		client: d.textOf(func(n int) string {
			return `WITH v(t, c) AS (VALUES ` + typed(n, "tt") + `) SELECT ` + eventColumns + `, client_id FROM v CROSS JOIN events
WHERE topic = v.t AND client_id = v.c AND client_id <> ''` // or the partial index is not used, and the whole topic read
		}),
		held: d.textOf(func(n int) string {
			return `WITH v(t, c) AS (VALUES ` + typed(n, "tt") + `) ` + qHeldColumns + ` FROM v CROSS JOIN held
WHERE conversation = v.t AND client_id = v.c`
		}),
		said: d.textOf(func(n int) string {
			return `WITH v(t, s) AS (VALUES ` + typed(n, "tn") + `) SELECT topic, MAX(seq) FROM v CROSS JOIN events
WHERE topic = v.t AND seq > v.s AND` + agentSaid + `GROUP BY topic`
		}),
		bump: d.textOf(func(n int) string {
			return `INSERT INTO topics (topic, seq) VALUES ` + values(n, 2) + `
ON CONFLICT (topic) DO UPDATE SET seq = topics.seq + excluded.seq RETURNING topic, seq`
		}),
		event: d.textOf(func(n int) string {
			return `INSERT INTO events (topic, seq, id, kind, at, actor_role, actor_id, client_id, payload) VALUES ` + values(n, 9)
		}),
	}
}

// rows is a query for a list.
func (x *tx) rows(query string, args ...any) (*sql.Rows, error) {
	if st := x.statement(query); st != nil {
		return st.QueryContext(x.ctx, args...)
	}
	return x.QueryContext(x.ctx, query, args...)
}
