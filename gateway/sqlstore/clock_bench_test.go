package sqlstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// talks makes conversations that were promised something, each with so many messages of 200 bytes.
func talks(b *testing.B, s *Store, count, messages int) []gateway.ID {
	b.Helper()
	now := time.Now()
	id := func(prefix string) gateway.ID {
		v, err := s.newID(prefix, now)
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
	mb := id(gateway.PrefixMailbox)
	if _, _, err := s.SaveMailbox(b.Context(), gateway.Mailbox{ID: mb, Slug: "help", Name: "Help", Zone: "UTC"}, gateway.System(), now); err != nil {
		b.Fatal(err)
	}
	text := fmt.Sprintf("%200s", "x")
	var ids []gateway.ID
	for range count {
		c, _, err := s.StartConversation(b.Context(), gateway.Start{
			ID: id(gateway.PrefixConversation), Visitor: id(gateway.PrefixVisitor), Mailbox: mb, Missed: time.Hour, CommandID: string(id("")),
			First: &gateway.Message{ID: id(gateway.PrefixMessage), ClientID: "first", Text: text},
			Clock: &gateway.ClockStart{Promise: gateway.Promise{Targets: gateway.Targets{First: 15}}, LookAt: now.Add(time.Hour)},
		}, now)
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, c.ID)
		in := gateway.Append{
			Topic: string(c.ID), Conversation: c.ID, Actor: visitorOf(c), ClientID: "second", ID: id(gateway.PrefixEvent), At: now, Counts: true,
			Payload: gateway.MessageCreated{Message: gateway.Message{ID: id(gateway.PrefixMessage), ClientID: "second", Text: text}},
		}
		if _, err := s.Append(b.Context(), in); err != nil {
			b.Fatal(err)
		}
		in.ID, in.ClientID = id(gateway.PrefixEvent), ""
		if messages > 2 {
			if err := s.Preload(b.Context(), in, messages-2); err != nil {
				b.Fatal(err)
			}
		}
	}
	return ids
}

// What a list of a hundred conversations costs for its clocks, by how much was said in each.
func BenchmarkClocks(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *Store{"sqlite": openSQLite, "postgres": openPostgres} {
		for _, messages := range []int{10, 100} {
			b.Run(fmt.Sprintf("%s/100x%d", name, messages), func(b *testing.B) {
				s := open(b)
				ids := talks(b, s, 100, messages)
				b.ResetTimer()
				for range b.N {
					facts, err := s.Clocks(b.Context(), ids)
					if err != nil || len(facts) != 100 || len(facts[ids[0]].Said) != messages {
						b.Fatalf("%d facts, %d messages, %v", len(facts), len(facts[ids[0]].Said), err)
					}
				}
			})
		}
	}
}
