package main

import "testing"

// A visitor who only looks learns that the last agent went, however he went, and that one is there again.
func TestWalkNobodyThere(t *testing.T) {
	t.Run("SQLite, one node", func(t *testing.T) {
		n := startNode(t, alone(t))
		walkNobodyThere(t, n, n)
	})
	t.Run("PostgreSQL and Redis, two nodes", func(t *testing.T) {
		c := shared(t)
		one := startNode(t, c)
		two := openNode(t, c)
		two.box, two.agents = one.box, one.agents
		walkNobodyThere(t, one, two)
	})
}

// walkNobodyThere is the walk with the visitor on one node and the agents on another.
func walkNobodyThere(t *testing.T, n, staff *node) {
	vic := n.dial(t, nil)
	ok, _ := newBrowser(t).hello(t, vic, nil)["ok"].(map[string]any)
	if box, _ := ok["mailbox"].(map[string]any); box["available"] != false || box["open"] != true {
		t.Fatalf("hello: %v", ok)
	}
	hears := func(what string, available bool) {
		t.Helper()
		vic.until(what, func(f map[string]any) bool {
			d, _ := f["data"].(map[string]any)
			return f["sig"] == "presence" && d["available"] == available && d["open"] == true
		})
	}
	mia, ben := staff.agent(t, 0), staff.agent(t, 1)
	mia.ok("availability.set", map[string]any{"value": "available"})
	hears("Mia is there", true)
	ben.ok("availability.set", map[string]any{"value": "available"})
	mia.ok("availability.set", map[string]any{"value": "assign_only"})
	ben.ok("availability.set", map[string]any{"value": "unavailable"})
	hears("Ben, the last, is away", false)
	ben.ok("availability.set", map[string]any{"value": "available"})
	hears("Ben is back", true)
	_ = ben.ws.CloseNow()
	hears("Ben's page is closed", false)
	staff.agent(t, 1)
	hears("Ben has opened it again", true)
	told := 0
	for _, f := range vic.frames {
		if f["sig"] == "presence" {
			told++
		}
	}
	if told != 5 {
		t.Errorf("told %d times, want 5: what did not change is not told", told)
	}
}
