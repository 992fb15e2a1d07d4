package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// A gateway is killed while a ticket sleeps, and while another one's silence ends, again and again: one wakes once, the
// other ends once.
func TestKillSilence(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f, list := processes(t, engine, nil, 1)
			r := newRow(t, f)
			r.given()
			asleep := r.ticket(vicsMail)
			silent := f.answeredAgo(t, 50*time.Hour, "Thanks for nothing", false, f.staff["ag1"].ID)
			f.warnedInTime(t, silent)
			asleep.mia.ok("conversation.snooze", map[string]any{"conversation": asleep.cv, "until": time.Now().Add(time.Second).UnixMilli()})
			for range 3 {
				f.looks(t, string(id(t, "")))
				list[0].kill(t)
				list[0].start(t)
			}
			db := f.sql(t)
			// What a dead gateway held is free after three minutes. They pass.
			if _, err := db.ExecContext(t.Context(), "UPDATE jobs SET lease_until = 1 WHERE done_at IS NULL"); err != nil {
				t.Fatal(err)
			}
			for kind, topic := range map[string]string{"conversation.woken": gateway.ID(asleep.cv).Staff(), "conversation.closed": string(silent)} {
				count := func() (n int) {
					if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM events WHERE topic = $1 AND kind = $2", topic, kind).Scan(&n); err != nil {
						t.Fatal(err)
					}
					return n
				}
				waitUntil(t, kind+" does not come", func() bool { return count() > 0 })
				if n := count(); n != 1 {
					t.Errorf("%s came %d times", kind, n)
				}
			}
		})
	}
}

// A gateway is killed right after it has acknowledged an answer that could still be taken back, again and again. Each
// one leaves once, in order, and once by mail; one that was taken back before the kill never does.
func TestKillParting(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f, list := processes(t, engine, nil, 1)
			r := newRow(t, f)
			r.given()
			k := r.ticket(vicsMail)
			const rounds = 4
			for i := range rounds {
				mia := r.as("ag1")
				args := map[string]any{"conversation": k.cv, "client_id": fmt.Sprint("a", i), "text": fmt.Sprint("Answer ", i)}
				kept := mia.ok("ticket.send", args)
				if i == rounds-1 { // the last one goes with the ticket's end
					mia.ok("ticket.undo", map[string]any{"message": kept["id"]})
					args["client_id"], args["close"] = "end", true
					mia.ok("ticket.send", args)
				}
				list[0].kill(t)
				list[0].start(t)
			}
			db := f.sql(t)
			// What a dead gateway held is free after three minutes. They pass.
			if _, err := db.ExecContext(t.Context(), "UPDATE jobs SET lease_until = 1 WHERE done_at IS NULL"); err != nil {
				t.Fatal(err)
			}
			count := func(query string, args ...any) (n int) {
				if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			waitUntil(t, "a mail stays behind", func() bool {
				return count("SELECT COUNT(*) FROM outbox WHERE state = 'sent'") == rounds && count("SELECT COUNT(*) FROM outbox") == rounds
			})
			if n := count("SELECT COUNT(*) FROM events WHERE topic = $1 AND kind = 'message.created'", k.cv); n != rounds+1 {
				t.Errorf("%d messages, want the question and %d answers", n, rounds)
			}
			if n := count("SELECT COUNT(*) FROM events WHERE topic = $1 AND kind = 'conversation.closed'", k.cv); n != 1 {
				t.Errorf("it ended %d times", n)
			}
			waitUntil(t, "something due stays undone", func() bool {
				return count("SELECT COUNT(*) FROM jobs WHERE done_at IS NULL AND due <= $1", time.Now().UnixMilli()) == 0
			})
			if n := count("SELECT COUNT(*) FROM jobs WHERE failed = TRUE"); n != 0 {
				t.Errorf("%d jobs failed", n)
			}
		})
	}
}
