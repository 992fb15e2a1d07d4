package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// What somebody is available for is known on every node within a second, is stored with who said so and why, and is still
// so after a restart (P32).
func TestAvailabilityIsKept(t *testing.T) {
	eachDatabase(t, func(t *testing.T, c Config) {
		one := startNode(t, c)
		other := one
		if c.DatabaseURL != "" {
			other = openNode(t, c)
			other.box, other.agents = one.box, one.agents
		}
		vic, mia, boss := one.visitor(t), one.agent(t, 0), other.desk(t, "sol", gateway.RoleSupervisor)
		hears := func(available bool) {
			t.Helper()
			begun := time.Now()
			vic.until("who is there", func(f map[string]any) bool {
				d, _ := f["data"].(map[string]any)
				return f["sig"] == "presence" && d["available"] == available
			})
			if took := time.Since(begun); took > time.Second {
				t.Errorf("known after %s", took)
			}
		}
		mia.ok("availability.set", map[string]any{"value": "available"})
		hears(true)
		agent := one.agents[0].ID
		boss.ok("PUT", "/v1/availability/"+string(agent), map[string]any{"mailbox": one.box.ID, "value": "assign_only", "reason": "Training"})
		hears(false)
		by := gateway.ID(boss.id())
		one.logged(t, gateway.AvailabilityChanged{Agent: agent, Mailbox: one.box.ID, Availability: gateway.AssignOnly, Reason: "Training"}, by)
		other.stop()
		one.stop()
		again := openNode(t, c)
		ms, err := again.Service.Store.Memberships(t.Context(), agent, "")
		if err != nil || len(ms) != 1 || ms[0].Availability != gateway.AssignOnly || ms[0].Reason != "Training" || ms[0].By != by {
			t.Errorf("after a restart: %+v, %v", ms, err)
		}
	})
}

// logged fails unless somebody's change of an availability stands in the mailbox's events, once.
func (n *node) logged(t *testing.T, want gateway.AvailabilityChanged, by gateway.ID) {
	t.Helper()
	events, err := n.Service.Store.Events(t.Context(), string(n.box.ID), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	times := 0
	for _, e := range events {
		got := gateway.AvailabilityChanged{}
		if e.Kind == got.Kind() && json.Unmarshal(e.Payload, &got) == nil && got == want && e.Actor.ID == by && !e.At.IsZero() {
			times++
		}
	}
	if times != 1 {
		t.Errorf("logged %d times: %+v", times, events)
	}
}
