package sqlstore

import (
	"fmt"
	"sync"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// BenchmarkRacedClaims races sixteen claims a round and fails when a round takes more seats than there are;
// -benchtime 625x is 10,000 claims (product.md P39).
func BenchmarkRacedClaims(b *testing.B) {
	onEach(b, racedClaims)
}

func racedClaims(b *testing.B, s *Store) {
	ctx, by := b.Context(), gateway.System()
	now, err := s.Now(ctx)
	check := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	check(err)
	_, _, err = s.SaveMailbox(ctx, gateway.Mailbox{ID: "mb_1", Slug: "help"}, by, now)
	check(err)
	agents := []gateway.ID{"ag_1", "ag_2"}
	for _, id := range agents {
		_, _, err := s.SaveAgent(ctx, gateway.Agent{ID: id, Email: string(id), Name: string(id), Role: gateway.RoleAgent, Capacity: 3}, by, now)
		check(err)
	}
	_, err = s.SetMembers(ctx, "mb_1", agents, by, now)
	check(err)
	for i := range 8 {
		_, _, err := s.StartConversation(ctx, gateway.Start{ID: gateway.ID(fmt.Sprint("cv_", i)), Visitor: "vi_1", Mailbox: "mb_1"}, now)
		check(err)
	}
	for b.Loop() {
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() { _, _ = s.Claim(ctx, gateway.ID(fmt.Sprint("cv_", i/2)), agents[i%2], "hand", now) })
		}
		wg.Wait()
		active, err := s.Conversations(ctx, gateway.ConversationFilter{Statuses: []gateway.Status{gateway.Active}})
		check(err)
		wrong, err := s.Recount(ctx)
		check(err)
		if len(active) != 6 || wrong != 0 {
			b.Fatalf("%d chats for 6 seats, %d agents counted wrong", len(active), wrong)
		}
		for _, c := range active {
			_, err := s.Requeue(ctx, c.ID, c.Assignee, "released", 0, now)
			check(err)
		}
	}
}
