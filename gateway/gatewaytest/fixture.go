package gatewaytest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Noon is when the suites' clock starts.
func Noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// World is a store with one mailbox, its clock, and shorthands that fail the test.
type World struct {
	*testing.T
	Store   gateway.Store
	Mailbox gateway.ID

	mu  sync.Mutex
	now time.Time
}

// NewWorld makes the mailbox "help" in an empty store.
func NewWorld(t *testing.T, st gateway.Store) *World {
	t.Helper()
	return JoinWorld(t, st, "help")
}

// JoinWorld makes a mailbox in a store that others use too.
func JoinWorld(t *testing.T, st gateway.Store, slug string) *World {
	t.Helper()
	w := &World{T: t, Store: st, now: Noon()}
	w.Mailbox = w.NewMailbox(slug)
	return w
}

// Now is the world's time.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Pass lets time go by.
func (w *World) Pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// ID makes a new id.
func (w *World) ID(prefix string) gateway.ID {
	w.Helper()
	id, err := gateway.NewID(prefix, w.Now(), rand.Reader)
	w.ok(err)
	return id
}

func (w *World) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused fails unless err has the code.
func (w *World) refused(err error, code string) {
	w.Helper()
	if got := gateway.CodeOf(err); got != code {
		w.Fatalf("error %q (%v), want %q", got, err, code)
	}
}

// NewMailbox makes a mailbox.
func (w *World) NewMailbox(slug string) gateway.ID {
	w.Helper()
	m, _, err := w.Store.SaveMailbox(w.Context(), gateway.Mailbox{
		ID: w.ID(gateway.PrefixMailbox), Slug: slug, Name: "Help " + slug, Ring: gateway.DefaultRing,
		Missed: gateway.DefaultMissed, Zone: "UTC", Origins: []string{"https://shop.example"},
	}, gateway.System(), w.Now())
	w.ok(err)
	return m.ID
}

// NewAgent makes an available member of the mailbox.
func (w *World) NewAgent(name string, capacity int) gateway.ID {
	w.Helper()
	a, _, err := w.Store.SaveAgent(w.Context(), gateway.Agent{
		ID: w.ID(gateway.PrefixAgent), Email: strings.ToLower(name) + "@shop.example", Name: name,
		Role: gateway.RoleAgent, Capacity: capacity, Locale: "en",
	}, gateway.System(), w.Now())
	w.ok(err)
	members, err := w.Store.Memberships(w.Context(), "", w.Mailbox)
	w.ok(err)
	ids := []gateway.ID{a.ID}
	for _, m := range members {
		ids = append(ids, m.Agent)
	}
	_, err = w.Store.SetMembers(w.Context(), w.Mailbox, ids, gateway.System(), w.Now())
	w.ok(err)
	_, err = w.Store.SetAvailability(w.Context(), a.ID, w.Mailbox, gateway.Available, agent(a.ID), "", w.Now())
	w.ok(err)
	return a.ID
}

func agent(id gateway.ID) gateway.Actor { return gateway.Actor{Role: gateway.RoleAgent, ID: id} }

// Start makes a queued conversation of a new visitor; text "" = nothing written yet.
func (w *World) Start(text string) gateway.Conversation {
	w.Helper()
	in := gateway.Start{
		ID: w.ID(gateway.PrefixConversation), Visitor: w.ID(gateway.PrefixVisitor), Mailbox: w.Mailbox,
		Page: "https://shop.example/plans", Browser: "Firefox on Linux", Locale: "de", Missed: gateway.DefaultMissed,
		Claimed: gateway.Claimed{Email: "anna@home.example"}, CommandID: fmt.Sprint(w.ID("")),
	}
	if text != "" {
		in.First = &gateway.Message{ID: w.ID(gateway.PrefixMessage), ClientID: "first", Text: text}
	}
	c, _, err := w.Store.StartConversation(w.Context(), in, w.Now())
	w.ok(err)
	return c
}

// Conversation reads a row.
func (w *World) Conversation(id gateway.ID) gateway.Conversation {
	w.Helper()
	c, err := w.Store.Conversation(w.Context(), id)
	w.ok(err)
	return c
}

// Seats reads how many seats an agent holds.
func (w *World) Seats(id gateway.ID) int {
	w.Helper()
	a, err := w.Store.Agent(w.Context(), id)
	w.ok(err)
	return a.Active
}

// wantSeats fails unless the agent holds n seats and a recount agrees.
func (w *World) wantSeats(id gateway.ID, n int) {
	w.Helper()
	if got := w.Seats(id); got != n {
		w.Errorf("%d seats taken, want %d", got, n)
	}
	if wrong, err := w.Store.Recount(w.Context()); err != nil || wrong != 0 {
		w.Errorf("recount: %d agents wrong, %v", wrong, err)
	}
}

// Message is an append of the visitor's words.
func (w *World) Message(c gateway.Conversation, clientID, text string) gateway.Append {
	w.Helper()
	return gateway.Append{
		Topic: string(c.ID), Conversation: c.ID, Actor: gateway.Actor{Role: gateway.RoleVisitor, ID: c.Visitor},
		ClientID: clientID, ID: w.ID(gateway.PrefixEvent), At: w.Now(), Counts: true, MustVisitor: c.Visitor,
		Payload: gateway.MessageCreated{Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), ClientID: clientID, Text: text}},
	}
}

// Answer is an append of an agent's words.
func (w *World) Answer(c gateway.Conversation, by gateway.ID, clientID string) gateway.Append {
	w.Helper()
	a := w.Message(c, clientID, "hello")
	a.Actor, a.MustVisitor, a.MustAgent = agent(by), "", by
	return a
}

// kinds reads a topic, checks that its numbers have no gap, and gives its kinds in one line.
func (w *World) kinds(topic gateway.ID) string {
	w.Helper()
	events, err := w.Store.Events(w.Context(), string(topic), 0, 1000)
	w.ok(err)
	var out []string
	for i, e := range events {
		if e.Seq != uint64(i+1) {
			w.Fatalf("event %d of %s has number %d", i+1, topic, e.Seq)
		}
		out = append(out, string(e.Kind))
	}
	return strings.Join(out, " ")
}

// dump is what the store's reads show of the world: equal dumps mean that nothing moved.
func (w *World) dump(ids ...gateway.ID) string {
	w.Helper()
	ctx := context.WithoutCancel(w.Context())
	conversations, err := w.Store.Conversations(ctx, gateway.ConversationFilter{})
	w.ok(err)
	agents, err := w.Store.Agents(ctx)
	w.ok(err)
	members, err := w.Store.Memberships(ctx, "", "")
	w.ok(err)
	outbox, err := w.Store.Outbox(ctx)
	w.ok(err)
	topics := []string{"settings", string(w.Mailbox)}
	for _, c := range conversations {
		topics = append(topics, string(c.ID), c.ID.Staff())
	}
	for _, a := range agents {
		topics = append(topics, string(a.ID))
	}
	heads, err := w.Store.Heads(ctx, topics)
	w.ok(err)
	out, err := json.MarshalIndent([]any{conversations, agents, members, outbox, heads}, "", " ")
	w.ok(err)
	return string(out)
}

// unmoved runs a call that must be refused with code and checks that nothing else happened.
func (w *World) unmoved(code string, call func() error) {
	w.Helper()
	before := w.dump()
	w.refused(call(), code)
	if after := w.dump(); after != before {
		w.Errorf("a refused call moved something:\n%s\nbefore:\n%s", after, before)
	}
}
