package main

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// opens makes a ticket of somebody's.
func (n *node) opens(t *testing.T, email string) gateway.ID {
	t.Helper()
	now, err := n.Service.Store.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cv := id(t, gateway.PrefixConversation)
	if _, _, err := n.Service.Store.StartConversation(t.Context(), gateway.Start{
		ID: cv, Mailbox: n.box.ID, Ticket: true, Subject: "My parcel", CommandID: rand.Text(), Claimed: gateway.Claimed{Email: email},
		First: &gateway.Message{ID: id(t, gateway.PrefixMessage), Text: "Where is it?"},
	}, now); err != nil {
		t.Fatal(err)
	}
	return cv
}

// answers stores an agent's answer with its mail.
func (n *node) answers(t *testing.T, cv gateway.ID, text string) gateway.Mail {
	t.Helper()
	row, err := n.Service.Store.Conversation(t.Context(), cv)
	if err != nil {
		t.Fatal(err)
	}
	now, err := n.Service.Store.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := gateway.Message{ID: id(t, gateway.PrefixMessage), Text: text}
	out, err := n.Service.Composer.Compose(gateway.Writing{Conversation: row, Mailbox: n.box, Author: "Mia", Message: m, At: now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Service.Store.Append(t.Context(), gateway.Append{
		Topic: string(cv), Conversation: cv, Actor: gateway.System(), Payload: gateway.MessageCreated{Message: m}, ID: id(t, "ev_"), At: now, Mail: &out,
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// A smart host that does not answer is asked again after 1, 5, 15 minutes, an hour, then every 4 hours. When five days
// are over the mail is given up, and its ticket says so.
func TestMailIsGivenUpAfterFiveDays(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := startFixture(t, engine, options{clock: true, bend: func(s *gateway.Service) { s.Mail = deaf{} }})
			cv := f.opens(t, "vic@example-mail.com")
			m := f.answers(t, cv, "Here you are.")
			db := f.sql(t)
			state := func() (attempts int, due, leased int64, done bool) {
				if err := db.QueryRowContext(t.Context(), "SELECT attempts, due, lease_until, done_at IS NOT NULL FROM jobs WHERE id = $1", "mail:"+string(m.ID)).
					Scan(&attempts, &due, &leased, &done); err != nil {
					t.Fatal(err)
				}
				return attempts, due, leased, done
			}
			tried := func(n int) (due int64) {
				waitUntil(t, "it is not tried again", func() bool {
					got, at, leased, _ := state()
					due = at
					return got == n && leased == 0
				})
				return due
			}
			_, first, _, _ := state()
			for i, wait := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 4 * time.Hour} {
				due := time.UnixMilli(tried(i + 1))
				if off := due.Sub(f.clock.now()) - wait; off > time.Second || off < -time.Minute {
					t.Errorf("after try %d: in %v, want %v", i+1, due.Sub(f.clock.now()), wait)
				}
				f.clock.set(t, time.Until(due)+time.Second)
			}
			tried(7)
			if box, err := f.Service.Store.Outbox(t.Context()); err != nil || len(box) != 1 || box[0].State != "waiting" || box[0].Code != "unavailable" {
				t.Fatalf("%+v, %v", box, err)
			}
			f.clock.set(t, time.Until(time.UnixMilli(first))+5*24*time.Hour+time.Minute)
			waitUntil(t, "it is never given up", func() bool { _, _, _, done := state(); return done })
			box, err := f.Service.Store.Outbox(t.Context())
			if err != nil || len(box) != 1 || box[0].State != "stopped" || box[0].Code != "unavailable" {
				t.Errorf("%+v, %v", box, err)
			}
			events, err := f.Service.Store.Events(t.Context(), cv.Staff(), 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, e := range events {
				if e.Kind == "ticket.bounced" {
					n++
				}
			}
			if n != 1 {
				t.Errorf("the ticket was told %d times", n)
			}
		})
	}
}

// deaf is a smart host that does not answer.
type deaf struct{}

func (deaf) Send(context.Context, gateway.Mail) error { return gateway.Unavailable("smtp", nil) }

// A mail that is refused for good is shown on its ticket at once.
func TestRefusedMailIsShown(t *testing.T) {
	f := startFixture(t, "SQLite", options{bend: func(s *gateway.Service) { s.Mail = refusing{} }})
	cv := f.opens(t, "vic@example-mail.com")
	f.answers(t, cv, "Here you are.")
	waitUntil(t, "the ticket is not told", func() bool {
		events, err := f.Service.Store.Events(t.Context(), cv.Staff(), 0, 100)
		for _, e := range events {
			if e.Kind == "ticket.bounced" {
				return true
			}
		}
		return err != nil
	})
}

type refusing struct{}

func (refusing) Send(context.Context, gateway.Mail) error { return gateway.Invalid("mail") }
