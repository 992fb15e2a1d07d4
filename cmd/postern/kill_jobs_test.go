package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// A gateway is killed right after it has acknowledged an agent's answer that goes by mail, and a conversation that
// waits for somebody, again and again. Each mail leaves, each conversation that nobody took becomes a ticket once, and
// nothing that is due stays undone: mails and timers are rows of the same transaction.
func TestKillJobs(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f, list := processes(t, engine, nil, 1)
			r := newRow(t, f)
			r.given()
			box := f.box
			box.Missed, box.Ring = 2*time.Second, time.Second
			if _, _, err := f.Service.Store.SaveMailbox(t.Context(), box, gateway.System(), time.Now()); err != nil {
				t.Fatal(err)
			}
			list[0].kill(t) // it may have read the mailbox
			list[0].start(t)
			ticket := r.ticket(vicsMail)
			ticket.mia.ok("conversation.claim", map[string]any{"conversation": ticket.cv})
			var waiting []string
			const rounds = 5
			for i := range rounds {
				mia := r.as("ag1")
				waiting = append(waiting, r.asksFor(mia, r.visit(newBrowser(t))))
				mia.ok("message.send", map[string]any{"conversation": ticket.cv, "client_id": fmt.Sprint("a", i), "text": fmt.Sprint("Answer ", i)})
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
			mails, err := filepath.Glob(filepath.Join(f.config.Data, "spool", "*.eml"))
			if err != nil || len(mails) != rounds {
				t.Errorf("%d mails left, want %d: %v, %v", len(mails), rounds, mails, err)
			}
			for _, name := range mails {
				if b, err := os.ReadFile(name); err != nil || len(b) == 0 {
					t.Errorf("%s: %d bytes, %v", name, len(b), err)
				}
			}
			for _, cv := range waiting {
				waitUntil(t, cv+" waits for ever", func() bool {
					return count("SELECT COUNT(*) FROM conversations WHERE id = $1 AND channel = 'email'", cv) == 1
				})
				if n := count("SELECT COUNT(*) FROM events WHERE topic = $1 AND kind = 'conversation.missed'", cv); n != 1 {
					t.Errorf("%s was missed %d times", cv, n)
				}
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

// asksFor begins a conversation that somebody is there for: a ring that an earlier one missed may just have taken her out.
func (r *row) asksFor(mia, visitor *client) (cv string) {
	r.Helper()
	soon(r.T, "she is available, and a conversation begins", func() bool {
		mia.ok("availability.set", map[string]any{"value": "available"})
		id, e := r.triesToStart(visitor, map[string]any{"text": "Is anybody there?"})
		if e != nil && e["code"] != "nobody_available" {
			r.Fatal(e)
		}
		cv = id
		return e == nil
	})
	return cv
}
