package main

import (
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Whoever served a visitor is rung first when he comes back, although another has waited longer for an offer; a chat for
// which no seat is left moves once to the overflow mailbox, and rings there.
func TestStickyAndOverflow(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := startFixture(t, engine, options{clock: true})
			r := newRow(t, f)
			r.given()
			st, ctx := f.Service.Store, t.Context()
			mia, ben := r.as("ag1"), r.as("ag2")
			mia.ok("availability.set", map[string]any{"value": "available"})
			browser := newBrowser(t)
			vic := r.visit(browser)
			start := func(c *client, id, text string) gateway.ID {
				t.Helper()
				got := c.ok("conversation.start", map[string]any{"command_id": id, "client_id": id, "text": text})
				return gateway.ID(got["conversation"].(map[string]any)["id"].(string))
			}
			rings := func(cv gateway.ID, at string) {
				t.Helper()
				waitFor(t, "a ring at "+at, func() bool {
					row, err := st.Conversation(ctx, cv)
					return err == nil && row.Offer.Agent == f.staff[at].ID
				})
			}
			first := start(vic, "1", "Where is it?")
			rings(first, "ag1")
			mia.ok("conversation.claim", map[string]any{"conversation": first})
			ben.ok("availability.set", map[string]any{"value": "available"})
			rings(start(vic, "2", "And the other one?"), "ag1") // ben was never rung, and holds no seat

			small := f.staff["ag1"].Agent
			full, err := st.Agent(ctx, small.ID)
			if err != nil {
				t.Fatal(err)
			}
			full.Capacity = full.Active
			if _, _, err := st.SaveAgent(ctx, full, gateway.System(), f.clock.now()); err != nil {
				t.Fatal(err)
			}
			second := f.node.secondBox(t, "shop")
			if _, err := st.SetMembers(ctx, second.ID, []gateway.ID{f.staff["ag2"].ID}, gateway.System(), f.clock.now()); err != nil {
				t.Fatal(err)
			}
			if _, err := st.SetAvailability(ctx, f.staff["ag2"].ID, f.box.ID, gateway.AssignOnly, gateway.System(), "", f.clock.now()); err != nil {
				t.Fatal(err)
			}
			if _, err := st.SetAvailability(ctx, f.staff["ag2"].ID, second.ID, gateway.Available, gateway.System(), "", f.clock.now()); err != nil {
				t.Fatal(err)
			}
			box, err := st.Mailbox(ctx, f.box.ID)
			if err != nil {
				t.Fatal(err)
			}
			box.Overflow, box.OverflowAfter = second.ID, 30*time.Second
			if _, _, err := st.SaveMailbox(ctx, box, gateway.System(), f.clock.now()); err != nil {
				t.Fatal(err)
			}
			other := r.visit(newBrowser(t))
			moves := start(other, "3", "Nobody has a seat for me")
			before, err := st.Conversation(ctx, moves)
			if err != nil || before.Mailbox != f.box.ID {
				t.Fatalf("%+v, %v", before, err)
			}
			f.clock.set(t, 31*time.Second)
			rings(moves, "ag2")
			got, err := st.Conversation(ctx, moves)
			if err != nil || got.Mailbox != second.ID || !got.Moved || !got.QueuedAt.Equal(before.QueuedAt) || !got.MissedAt.Equal(before.MissedAt) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
