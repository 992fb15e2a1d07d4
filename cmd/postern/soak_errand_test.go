package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
)

// errands are what goes on without anybody waiting for it: chats that nobody takes, whose deadline makes them tickets
// (a timer), and the answers to them (mails). They have a mailbox of their own, with one clerk who is there and declines
// everything before it is a ticket.
type errands struct {
	*soak
	box   gateway.Mailbox
	clerk *soakAgent
	ripe  chan string // conversations that have become tickets
	begun []string    // all conversations; mu of soak

	answered atomic.Int64
}

// letters seats the clerk. Call it before the seats run.
func (s *soak) letters() *errands {
	e := &errands{soak: s, ripe: make(chan string, 1000)}
	now, by := time.Now(), gateway.System()
	var err error
	if e.box, _, err = s.f.Service.Store.SaveMailbox(s.ctx, gateway.Mailbox{
		ID: id(s.T, gateway.PrefixMailbox), Slug: "later", Name: "Later", Address: "later@shop.test", Zone: "UTC",
		Ring: 2 * time.Second, Missed: 4 * time.Second, Origins: []string{"https://shop.test"},
	}, by, now); err != nil {
		s.Fatal(err)
	}
	a, cookie := s.staff("clerk")
	if _, err := s.f.Service.Store.SetMembers(s.ctx, e.box.ID, []gateway.ID{a}, by, now); err != nil {
		s.Fatal(err)
	}
	e.clerk = s.agent(string(a), cookie, string(e.box.ID))
	e.clerk.heard = func(f soakFrame, d soakData) {
		switch {
		case f.Ev == "availability.changed" && f.Topic == string(a) && d.Paused:
			go e.clerk.back()
		case f.Ev == "conversation.missed" && f.Topic == string(e.box.ID):
			e.ripe <- d.Conversation
		case f.Ev == "conversation.offered" && f.Topic == string(a): // who lets rings pass is paused
			go func() {
				_, _ = e.clerk.call(s.ctx, "conversation.decline", map[string]any{"conversation": d.Conversation, "ring": d.Ring}) // or it rings out
			}()
		}
	}
	return e
}

// run begins one after the other until the run is over, and answers what has become a ticket.
func (e *errands) run(ctx context.Context, live *sync.WaitGroup) {
	e.clerk.ready(ctx)
	answering, stop := context.WithCancel(ctx)
	var answers sync.WaitGroup
	answers.Go(func() {
		for {
			select {
			case cv := <-e.ripe:
				e.clerk.say(ctx, e.clerk.note(cv, false))
				e.answered.Add(1)
			case <-answering.Done():
				return
			}
		}
	})
	var visits sync.WaitGroup
	for n := 0; !e.over() && ctx.Err() == nil; n++ {
		visits.Go(func() { e.visit(ctx, n, live) })
		_ = pause(ctx, 700*time.Millisecond)
	}
	visits.Wait()
	for end := time.Now().Add(6 * patience); e.answered.Load() < int64(len(e.begun)) && time.Now().Before(end); {
		_ = pause(ctx, 20*time.Millisecond) // the clerk may hear of a ticket after its visitor
	}
	stop()
	answers.Wait()
}

// visit is one visitor who asks, waits until nobody came, and goes.
func (e *errands) visit(ctx context.Context, n int, live *sync.WaitGroup) {
	tok, err := token.New(rand.Reader)
	if err != nil {
		e.Error(err)
		return
	}
	v := &soakVisitor{form: map[string]any{"email": fmt.Sprintf("visitor%d@example-mail.com", n)}}
	gone := make(chan struct{})
	v.seat = e.seat(fmt.Sprint("errand ", n), &seat{token: tok, box: e.box.Slug, heard: func(f soakFrame, _ soakData) {
		if f.Ev == "ticket.opened" {
			close(gone)
		}
	}})
	here, leave := context.WithCancel(ctx)
	defer leave()
	live.Go(func() { v.seat.run(here) })
	cv := v.begin(ctx)
	if cv == "" {
		return
	}
	e.soak.mu.Lock()
	e.begun = append(e.begun, cv)
	e.errandists = append(e.errandists, v)
	e.soak.mu.Unlock()
	select {
	case <-gone:
	case <-ctx.Done():
	case <-time.After(6 * patience):
		e.Errorf("%s: nobody came and it is no ticket", cv)
	}
	v.seat.goes()
}

// goes ends a seat's reading: it has what it has.
func (k *seat) goes() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, t := range k.topics {
		t.done, t.Until = true, t.last
	}
}

// check asserts one missed event and one ticket for each, and of each answer of the clerk's one mail that has left.
func (e *errands) check() {
	db := e.f.sql(e.T)
	// A job whose node was killed is another node's after its lease of three minutes: let them be over.
	if _, err := db.ExecContext(e.ctx, `UPDATE jobs SET due = 1, lease_until = 0 WHERE done_at IS NULL AND kind = 'mail'`); err != nil {
		e.Fatal(err)
	}
	count := func(query string, args ...any) (n int) {
		if err := db.QueryRowContext(e.ctx, query, args...).Scan(&n); err != nil {
			e.Fatal(err)
		}
		return n
	}
	answered := 0
	for _, m := range e.clerk.sent {
		if len(m.Acks) > 0 {
			answered++
		}
	}
	const left = `SELECT COUNT(*) FROM events WHERE kind = 'ticket.delivered'`
	for end := time.Now().Add(6 * patience); count(left) < answered && time.Now().Before(end); {
		_ = pause(e.ctx, 50*time.Millisecond)
	}
	for _, cv := range e.begun {
		for _, kind := range []string{"conversation.missed", "ticket.opened"} {
			if n := count(`SELECT COUNT(*) FROM events WHERE topic = $1 AND kind = $2`, cv, kind); n != 1 {
				e.Errorf("%s: %d times %s, want once", cv, n, kind)
			}
		}
	}
	files, err := os.ReadDir(filepath.Join(e.f.config.Data, "spool"))
	if err != nil && answered > 0 {
		e.Fatal(err)
	}
	mails := 0
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".eml") {
			mails++
		}
	}
	sent, delivered := count(`SELECT COUNT(*) FROM outbox WHERE state = 'sent'`), count(left)
	if answered == 0 || answered != len(e.begun) || sent != answered || delivered != answered || mails != answered || count(`SELECT COUNT(*) FROM outbox`) != answered {
		e.Errorf("%d chats missed, %d answers, %d mails sent, told %d times, %d files", len(e.begun), answered, sent, delivered, mails)
	}
	e.Logf("%d chats became tickets at their deadline, once each; %d answers left as mail, once each", len(e.begun), answered)
}
