package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/mail"
)

// deathStep is a point at which a gateway is killed.
type deathStep struct {
	name string
	on   string // in a transaction, before this is done to a row; "" = outside of one: the gateway itself knows
	when string // to such a row
	kept bool   // what was being done is stored
}

// toTicket are the steps of a missed chat's way to its ticket, in order.
func toTicket() []deathStep {
	return []deathStep{
		{name: "before the ticket's transaction"},
		{name: "the ring ends", on: "INSERT ON rings"},
		{name: "the seat is free", on: "UPDATE ON agents", when: "NEW.active < OLD.active"},
		{name: "its number", on: "INSERT ON numbers", when: "NEW.name = 'ticket'"},
		{name: "its row", on: "UPDATE ON conversations", when: "NEW.channel <> OLD.channel"},
		{name: "its reason", on: "UPDATE ON conversations", when: "NEW.missed_why <> OLD.missed_why"},
		{name: "the topic's number", on: "INSERT ON topics", when: "NEW.topic LIKE 'cv%'"},
		{name: "the event: missed", on: "INSERT ON events", when: "NEW.kind = 'conversation.missed'"},
		{name: "the event: ticket", on: "INSERT ON events", when: "NEW.kind = 'ticket.opened'"},
		{name: "committed, nobody told", kept: true},
		{name: "this node told, not the others", kept: true},
		{name: "all told", kept: true},
	}
}

// ofJob are the steps of a job of this kind. What it does lies between the second and the third.
func ofJob(kind string) []deathStep {
	return []deathStep{
		{name: "its lease: " + kind, on: "UPDATE ON jobs", when: "NEW.kind = '" + kind + "' AND NEW.lease_owner <> '' AND NEW.done_at IS NULL"},
		{name: "leased: " + kind},
		{name: "before its end: " + kind},
		{name: "its end: " + kind, on: "UPDATE ON jobs", when: "NEW.kind = '" + kind + "' AND NEW.done_at IS NOT NULL"},
		{name: "done: " + kind},
	}
}

// ofAnswer are the steps of an answer that goes by mail.
func ofAnswer() []deathStep {
	return []deathStep{
		{name: "the event: message", on: "INSERT ON events", when: "NEW.kind = 'message.created'"},
		{name: "its mail", on: "INSERT ON outbox"},
		{name: "the mail's job", on: "INSERT ON jobs", when: "NEW.kind = 'mail'"},
		{name: "answered, not acknowledged"},
	}
}

// ofMail are the steps of a mail inside its job.
func ofMail() []deathStep {
	return []deathStep{
		{name: "before the mail leaves"},
		{name: "the mail has left"},
		{name: "its mail: sent", on: "UPDATE ON outbox", when: "NEW.state = 'sent'"},
		{name: "the event: delivered", on: "INSERT ON events", when: "NEW.kind = 'ticket.delivered'"},
		{name: "noted as delivered"},
	}
}

// A gateway is killed at every step from a missed chat to its ticket, and from there to the mail of the answer: before
// each row that a transaction writes, between its commit and what is told of it, and around each job. Each chat is one
// ticket in the end, under a number of its own and without a gap, each answer one message and one mail, and until then
// a chat either waits as before or is the whole ticket (product.md P40).
func TestKillEachStep(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f, list := processes(t, engine, nil, 1)
			d := &deaths{fixture: f, T: t, node: list[0], db: f.sql(t), agent: f.staff["ag1"].ID}
			f.Service.Composer = mail.Composer{Tokens: mail.Tokens{Key: []byte(rand.Text())}, Domain: "chat.shop.test"}
			d.rests() // the jobs of a first start
			list[0].kill(t)
			d.ready()
			cv := d.misses()
			for _, s := range ofJob("missed") {
				d.waits()
				d.dies(s, nil)
			}
			d.answersTo(cv)
			for _, s := range append(ofJob("mail"), ofMail()...) {
				d.answers(t, cv, s.name)
				d.mails++
				d.dies(s, nil)
			}
			d.end(cv)
		})
	}
}

// deaths is a database whose gateway dies again and again.
type deaths struct {
	*fixture
	*testing.T
	node  *process
	db    *sql.DB
	agent gateway.ID
	talks []gateway.ID
	mails int
	said  []string // client ids of the answers that were typed
}

func (d *deaths) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *deaths) runs(query string, args ...any) {
	d.Helper()
	_, err := d.db.ExecContext(d.Context(), query, args...)
	d.must(err)
}

func (d *deaths) count(query string, args ...any) (n int) {
	d.Helper()
	d.must(d.db.QueryRowContext(d.Context(), query, args...).Scan(&n))
	return n
}

// rests waits until nothing is due.
func (d *deaths) rests() {
	d.Helper()
	waitUntil(d.T, "something due stays undone", func() bool {
		return d.count("SELECT COUNT(*) FROM jobs WHERE done_at IS NULL AND due <= $1", time.Now().UnixMilli()) == 0
	})
}

// ready makes the agent available, and what a trigger of PostgreSQL calls: it waits for a lock that this test holds.
func (d *deaths) ready() {
	d.Helper()
	_, err := d.Service.Store.SetAvailability(d.Context(), d.agent, d.box.ID, gateway.Available, gateway.System(), "", time.Now())
	d.must(err)
	if d.engine == "PostgreSQL" {
		d.runs(`CREATE FUNCTION dies_here() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(77); RETURN NEW; END'`)
	}
}

// waits is a new chat whose time is over while it rings.
func (d *deaths) waits() gateway.ID {
	d.Helper()
	st, now := d.Service.Store, time.Now()
	cv, _, err := st.StartConversation(d.Context(), gateway.Start{
		ID: id(d.T, gateway.PrefixConversation), Mailbox: d.box.ID, CommandID: rand.Text(), Claimed: gateway.Claimed{Email: vicsMail},
		First: &gateway.Message{ID: id(d.T, gateway.PrefixMessage), Text: "Is anybody there?"}, Missed: time.Millisecond,
	}, now)
	d.must(err)
	_, err = st.Offer(d.Context(), cv.ID, d.agent, cv.Version, now.Add(time.Millisecond), now)
	d.must(err)
	d.talks = append(d.talks, cv.ID)
	return cv.ID
}

// misses kills at the steps to the ticket. It gives the first ticket.
func (d *deaths) misses() (first gateway.ID) {
	d.Helper()
	cv := gateway.ID("")
	for _, s := range toTicket() {
		if cv == "" {
			cv = d.waits()
		}
		d.dies(s, nil)
		d.whole(cv, s.name, s.kept)
		if !s.kept {
			continue
		}
		if first == "" {
			first = cv
		}
		cv = ""
	}
	return first
}

// whole asserts that a chat is one whole ticket, or waits and rings as if nobody had touched it.
func (d *deaths) whole(id gateway.ID, step string, ticket bool) {
	d.Helper()
	cv, err := d.Service.Store.Conversation(d.Context(), id)
	d.must(err)
	of := func(kind string) int {
		return d.count("SELECT COUNT(*) FROM events WHERE topic = $1 AND kind = $2", string(id), kind)
	}
	want := 0
	if ticket {
		want = 1
	}
	missed, opened := of("conversation.missed"), of("ticket.opened")
	if missed != want || opened != want || (cv.Number > 0) != ticket || (cv.Channel == gateway.ByEmail) != ticket ||
		(cv.Status == gateway.Queued) == ticket || (cv.Offer.Agent == "") != ticket {
		d.Errorf("%s: missed %d times, opened %d times: %+v", step, missed, opened, cv)
	}
}

// answersTo kills a gateway that an agent types an answer into, at each step.
func (d *deaths) answersTo(cv gateway.ID) {
	d.Helper()
	_, err := d.Service.Store.Claim(d.Context(), cv, d.agent, "hand", time.Now())
	d.must(err)
	for _, s := range ofAnswer() {
		d.said = append(d.said, s.name)
		d.mails++
		d.dies(s, func(ctx context.Context, k *tab) error {
			_, err := k.push(ctx, "message.send", map[string]any{"conversation": cv, "client_id": s.name, "text": "Answer: " + s.name})
			return err
		})
	}
}

// console is the agent's, at the gateway that runs now.
func (d *deaths) console(ctx context.Context) *tab {
	d.Helper()
	k, err := d.on(d.node).tab(ctx, d.staff["ag1"].cookie)
	d.must(err)
	_, err = k.do(ctx, "hello", map[string]any{"as": "agent", "topics": map[string]int{}})
	d.must(err)
	return k
}

// dies starts a gateway, lets the agent type into it, and sees it die of the step and of nothing else.
func (d *deaths) dies(s deathStep, types func(ctx context.Context, k *tab) error) {
	d.Helper()
	self, err := os.Executable()
	d.must(err)
	spring := d.trap(s)
	d.node.launch(d.T, self, dying+"="+s.name)
	if types != nil {
		d.node.comesUp(d.T)
		d.must(types(d.Context(), d.console(d.Context())))
	}
	spring()
	select {
	case <-d.node.ended:
	case <-time.After(6 * patience):
		d.Fatalf("%s: nothing came to it\n%s", s.name, d.log)
	}
	if status, ok := d.node.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		d.Fatalf("%s: %s\n%s", s.name, d.node.cmd.ProcessState, d.log)
	}
	if s.on != "" {
		of := ""
		if d.engine == "PostgreSQL" {
			_, of, _ = strings.Cut(s.on, " ")
		}
		d.runs("DROP TRIGGER dies " + of)
	}
	// What a dead gateway held is free after three minutes. They pass.
	d.runs("UPDATE jobs SET lease_until = 1 WHERE done_at IS NULL")
}

// trap arms a step inside a transaction. On SQLite the gateway kills itself there; on PostgreSQL it waits there for a
// lock, and spring kills it.
func (d *deaths) trap(s deathStep) (spring func()) {
	d.Helper()
	if s.on == "" {
		return func() {}
	}
	when := s.when
	if when == "" {
		when = "1 = 1"
	}
	if d.engine == "SQLite" {
		d.runs("CREATE TRIGGER dies BEFORE " + s.on + " FOR EACH ROW WHEN " + when + " BEGIN SELECT dies_here(); END")
		return func() {}
	}
	lock, err := d.db.Conn(d.Context())
	d.must(err)
	_, err = lock.ExecContext(d.Context(), "SELECT pg_advisory_lock(77)")
	d.must(err)
	d.runs("CREATE TRIGGER dies BEFORE " + s.on + " FOR EACH ROW WHEN (" + when + ") EXECUTE FUNCTION dies_here()")
	return func() {
		d.Helper()
		waitUntil(d.T, s.name+": nothing came to it", func() bool {
			return d.count("SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())") > 0
		})
		d.node.kill(d.T)
		_, err := lock.ExecContext(d.Context(), "SELECT pg_advisory_unlock(77)")
		d.must(errors.Join(err, lock.Close()))
	}
}

// end lets a gateway live, and counts.
func (d *deaths) end(answered gateway.ID) {
	d.Helper()
	d.node.start(d.T)
	k := d.console(d.Context())
	for _, s := range d.said { // as a console does that was not answered
		_, err := k.do(d.Context(), "message.send", map[string]any{"conversation": answered, "client_id": s, "text": "Answer: " + s})
		d.must(err)
		if n := d.count("SELECT COUNT(*) FROM events WHERE topic = $1 AND client_id = $2", string(answered), s); n != 1 {
			d.Errorf("%s: the answer is there %d times", s, n)
		}
	}
	waitUntil(d.T, "a chat waits for ever", func() bool { return d.count("SELECT COUNT(*) FROM conversations WHERE status = 'queued'") == 0 })
	d.rests()
	for _, cv := range d.talks {
		d.whole(cv, "the end", true)
	}
	all := len(d.talks)
	for query, want := range map[string]int{
		"SELECT COUNT(*) FROM conversations":                          all,
		"SELECT COUNT(DISTINCT number) FROM conversations":            all,
		"SELECT MAX(number) FROM conversations":                       all, // no number is lost
		"SELECT COUNT(*) FROM outbox":                                 d.mails,
		"SELECT COUNT(*) FROM outbox WHERE state = 'sent'":            d.mails,
		"SELECT COUNT(*) FROM events WHERE kind = 'ticket.delivered'": d.mails,
		"SELECT COUNT(*) FROM jobs WHERE failed = TRUE":               0,
		"SELECT COUNT(*) FROM agents WHERE active <> 0":               0,
	} {
		if n := d.count(query); n != want {
			d.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	names, err := filepath.Glob(filepath.Join(d.config.Data, "spool", "*.eml"))
	if err != nil || len(names) != d.mails {
		d.Errorf("%d mails left, want %d: %v", len(names), d.mails, err)
	}
	d.node.kill(d.T)
}
