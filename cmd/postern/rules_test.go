package main

import (
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// secondBox makes a mailbox beside a node's own, with an agent of its own who is available there.
func (n *node) secondBox(t *testing.T, host string) gateway.Mailbox {
	t.Helper()
	mb, _, err := n.Service.Store.SaveMailbox(t.Context(), gateway.Mailbox{
		ID: id(t, gateway.PrefixMailbox), Slug: "second", Name: "Second", Address: "second@shop.test", Zone: "UTC", Host: host,
		Ring: 20 * time.Second, Missed: 2 * time.Minute,
	}, gateway.System(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return mb
}

// Rules are read, tried and stored by an admin; a stale mark and nonsense change nothing; the other node follows at once.
func TestRules(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		second := a.secondBox(t, "")
		d := a.desk(t, "ruler", gateway.RoleAdmin)
		if got := d.ok("GET", "/v1/rules", nil); len(got["rules"].([]any)) != 0 || got["mark"] != "" {
			t.Fatalf("%v", got)
		}
		rule := map[string]any{"name": "refunds", "words": []string{"refund"}, "mailbox": second.ID, "priority": 1}
		mark := d.ok("PUT", "/v1/rules", map[string]any{"rules": []any{rule}, "mark": ""})["mark"]
		d.refused("conflict", "PUT", "/v1/rules", map[string]any{"rules": []any{}, "mark": ""})
		d.refused("conflict", "PUT", "/v1/rules", map[string]any{"rules": []any{}, "mark": "0123456789abcdef"})
		d.refused("invalid", "PUT", "/v1/rules", map[string]any{"rules": []any{map[string]any{"name": "x", "mailbox": "mb_none"}}, "mark": mark})
		d.refused("not_found", "POST", "/v1/rules/test", map[string]any{"mailbox": "mb_none", "text": "a refund"})
		other := b.desk(t, "other", gateway.RoleAdmin)
		got := other.ok("POST", "/v1/rules/test", map[string]any{"mailbox": a.box.ID, "channel": "chat", "text": "a refund, please"})
		if got["rule"] != 0.0 || got["mailbox"] != string(second.ID) || got["priority"] != 1.0 {
			t.Errorf("fires: %v", got)
		}
		got = other.ok("POST", "/v1/rules/test", map[string]any{"mailbox": a.box.ID, "channel": "chat", "text": "hello"})
		if _, fired := got["rule"]; fired || got["mailbox"] != string(a.box.ID) || got["priority"] != 2.0 {
			t.Errorf("fires: %v", got)
		}
	})
}
