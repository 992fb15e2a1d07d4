package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// leaves makes a visitor leave a message and gives its ticket.
func (c *client) leaves(text string) gateway.ID {
	c.t.Helper()
	cv := c.ok("conversation.start", map[string]any{"command_id": string(id(c.t, "")), "client_id": string(id(c.t, "")), "text": text, "ticket": true})["conversation"]
	return gateway.ID(cv.(map[string]any)["id"].(string))
}

// tied reads what belongs to a conversation.
func (d desk) tied(cv gateway.ID) (kinds []string, parts []any, whole string) {
	d.t.Helper()
	out := d.ok("GET", "/v1/conversations/"+string(cv)+"/ties", nil)
	for _, t := range out["ties"].([]any) {
		tie := t.(map[string]any)
		kinds = append(kinds, tie["kind"].(string)+" "+tie["id"].(string))
	}
	raw, err := json.Marshal(out)
	if err != nil {
		d.t.Fatal(err)
	}
	return kinds, out["parts"].([]any), string(raw)
}

// Two tickets of one browser become one history for the staff, and two again; another browser's words never come in,
// and no visitor reads what the staff sees together (P76).
func TestMergeAndSplit(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		mia, sup := a.agent(t, 0), b.desk(t, "sol", gateway.RoleSupervisor)
		vic, eve := a.visitor(t), b.visitor(t)
		one, two, hers := vic.leaves("My first parcel"), vic.leaves("My second parcel"), eve.leaves("Tell me about the parcel")
		if kinds, _, _ := sup.tied(two); len(kinds) != 1 || kinds[0] != "alike "+string(one) {
			t.Errorf("perhaps the same: %v", kinds)
		}
		args := func(from, into gateway.ID) map[string]any { return map[string]any{"conversation": from, "into": into} }
		vic.refused("forbidden", "conversation.merge", args(one, two))
		mia.refused("forbidden", "conversation.merge", args(hers, two))
		mia.refused("invalid", "conversation.merge", args(one, one))
		a.desk(t, "outside", gateway.RoleAgent).socket().refused("not_found", "conversation.merge", args(one, two))
		mia.ok("conversation.merge", args(one, two))
		mia.refused("conflict", "conversation.merge", args(two, one))
		kinds, parts, whole := sup.tied(two)
		if len(kinds) != 1 || kinds[0] != "from "+string(one) || len(parts) != 1 || !strings.Contains(whole, "My first parcel") {
			t.Errorf("merged: %v %s", kinds, whole)
		}
		vic.refused("conversation_closed", "message.send", map[string]any{"conversation": one, "client_id": "x", "text": "Anybody?"})
		for _, c := range []*client{vic, eve} {
			for _, f := range c.frames {
				if ev, _ := f["ev"].(string); strings.Contains(ev, "merge") {
					t.Errorf("a visitor reads %v", f)
				}
			}
		}
		b.desk(t, "other", gateway.RoleAgent).refused("not_found", "GET", "/v1/conversations/"+string(two)+"/ties", nil)
		mia.ok("conversation.unmerge", map[string]any{"conversation": one})
		if kinds, parts, _ := sup.tied(one); len(parts) != 0 || len(kinds) != 1 || kinds[0] != "alike "+string(two) {
			t.Errorf("undone: %v, %d parts", kinds, len(parts))
		}
		seq := vic.ok("message.send", map[string]any{"conversation": one, "client_id": "y", "text": "And another matter"})["seq"]
		made := mia.ok("conversation.split", map[string]any{"conversation": one, "seq": seq, "subject": "The other matter"})["conversation"].(map[string]any)
		if made["subject"] != "The other matter" || made["first_words"] != "And another matter" || made["number"].(float64) < 4 {
			t.Errorf("split: %v", made)
		}
		mia.refused("conflict", "conversation.split", map[string]any{"conversation": one, "seq": seq})
		eve.refused("forbidden", "conversation.split", map[string]any{"conversation": one, "seq": seq})
		if kinds, _, _ := sup.tied(gateway.ID(made["id"].(string))); len(kinds) < 1 || kinds[0] != "of "+string(one) {
			t.Errorf("split off: %v", kinds)
		}
	})
}

// A chat that goes on in a ticket takes nothing of the gate along: its live change is revoked with the merge, and the
// ticket gains no proof.
func TestMergeRevokes(t *testing.T) {
	h := newSite(t)
	n := startNode(t, h.config(t, alone(t)))
	h.gate = n
	k := n.talk(t)
	k.offer(t)
	ticket := k.vic.leaves("I asked before")
	k.mia.ok("conversation.merge", map[string]any{"conversation": k.cv, "into": ticket})
	k.vic.event("change.revoked", k.cv)
	k.vic.event("conversation.closed", k.cv)
	if proven, err := n.Service.Store.Proven(t.Context(), ticket); err != nil || proven {
		t.Errorf("the ticket is proven: %v, %v", proven, err)
	}
	k.mia.refused("conversation_closed", "message.send", map[string]any{"conversation": k.cv, "client_id": "x", "text": "Still here?"})
}
