package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// An agent who is alone in a mailbox and declines is left in peace for a while, however often the queue is looked
// at; then he is asked once more. The visitor waits on and becomes a ticket at his time.
func TestDeclineAlone(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := startFixture(t, engine, options{clock: true})
			r := newRow(t, f)
			r.given()
			mia := r.as("ag1")
			mia.ok("availability.set", map[string]any{"value": "available"})
			vic := r.visit(newBrowser(t))
			cv := vic.ok("conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "Anybody there?"})["conversation"].(map[string]any)["id"].(string)
			service := *f.Service
			another := gateway.NewRunner(&service, "another node")
			agent := string(f.staff["ag1"].ID)
			for ring := 1; ring <= 3; ring++ {
				mia.until(fmt.Sprint("ring ", ring), func(f map[string]any) bool {
					data, _ := f["data"].(map[string]any)
					return f["ev"] == "conversation.offered" && f["topic"] == agent && data["ring"] == float64(ring)
				})
				mia.ok("conversation.decline", map[string]any{"conversation": cv, "ring": ring})
				for range 5 {
					if err := another.Round(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				row, err := f.Service.Store.Conversation(t.Context(), gateway.ID(cv))
				if err != nil || row.Offer.Agent != "" || row.Offer.Ring != ring || row.Status != gateway.Queued {
					t.Fatalf("after %d times no: %+v, %v; want it waiting and nobody rung", ring, row.Offer, err)
				}
				f.clock.set(t, time.Duration(ring)*(gateway.RingAgainAfter+time.Second))
			}
			f.clock.set(t, 2*time.Minute+time.Second)
			vic.event("ticket.opened", cv)
		})
	}
}
