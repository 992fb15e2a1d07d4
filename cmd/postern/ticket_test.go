package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// A ticket's answer can be taken back for five seconds. Until then the visitor has nothing of it, then the widget, the
// mail and the ticket's end come together; who may not is refused, and nothing moves.
func TestTicketUndo(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		mia, vic := a.agent(t, 0), a.visitor(t)
		cv := vic.asks("Where is my order?")
		send := func(id string, more map[string]any) map[string]any {
			args := map[string]any{"conversation": cv, "client_id": id, "text": "On its way: " + id}
			for k, v := range more {
				args[k] = v
			}
			return args
		}
		vic.refused("forbidden", "ticket.send", send("v", nil))
		a.desk(t, "outside", gateway.RoleAgent).socket().refused("not_found", "ticket.send", send("o", nil))
		mia.refused("invalid", "ticket.send", send("i", map[string]any{"close": true, "reason": "bored"}))
		mia.refused("invalid", "ticket.send", send("i", map[string]any{"snooze": 5}))

		kept := mia.ok("ticket.send", send("1", map[string]any{"close": true, "holding": true}))
		if left := kept["until"].(float64) - kept["at"].(float64); left != float64(gateway.UndoFor.Milliseconds()) || kept["state"] != "waiting" {
			t.Errorf("kept: %v", kept)
		}
		if same := mia.ok("ticket.send", send("1", map[string]any{"close": true, "holding": true})); same["id"] != kept["id"] {
			t.Errorf("sent again: %v, was %v", same, kept)
		}
		boss := b.desk(t, "sol", gateway.RoleSupervisor)
		if p := boss.conversation(cv)["partings"].([]any); len(p) != 1 || p[0].(map[string]any)["text"] != "On its way: 1" {
			t.Errorf("the staff sees %v", p)
		}
		boss.socket().refused("forbidden", "ticket.undo", map[string]any{"message": kept["id"]})
		vic.refused("forbidden", "ticket.undo", map[string]any{"message": kept["id"]})
		if back := mia.ok("ticket.undo", map[string]any{"message": kept["id"]}); back["text"] != "On its way: 1" || back["holding"] != true {
			t.Errorf("taken back: %v", back)
		}
		mia.refused("gone", "ticket.undo", map[string]any{"message": kept["id"]})
		mia.refused("not_found", "ticket.undo", map[string]any{"message": "ms_none"})
		if row := boss.conversation(cv)["conversation"].(map[string]any); row["status"] != "open" || row["seq"] != mia.heads(cv) {
			t.Errorf("after the undo: %v", row)
		}

		// A second answer does not wait for the first one's time: it pushes it out, so that their order stands.
		mia.ok("ticket.send", send("2", nil))
		kept = mia.ok("ticket.send", send("3", map[string]any{"close": true}))
		mia.refused("gone", "ticket.undo", map[string]any{"message": boss.sent(cv, "On its way: 2")})
		end := vic.event("conversation.closed", cv)["data"].(map[string]any)
		if end["outcome"] != "resolved" || end["reason"] != "resolved" {
			t.Errorf("it ended %v", end)
		}
		if got := vic.said(cv); got != "Where is my order? / On its way: 2 / On its way: 3" {
			t.Errorf("the visitor reads %s", got)
		}
		mia.refused("gone", "ticket.undo", map[string]any{"message": kept["id"]})
		mia.refused("conversation_closed", "ticket.send", send("4", nil))
		waitFor(t, "two mails", func() bool { return boss.mailed(cv) == 2 })
	})
}

// A ticket that sleeps stands in no list of what is open; the visitor's words wake it, and an answer can put it to sleep.
func TestSnooze(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		mia, vic := a.agent(t, 0), a.visitor(t)
		boss := b.desk(t, "sol", gateway.RoleSupervisor)
		cv := vic.asks("Next week, please")
		later := time.Now().Add(time.Hour).UnixMilli()
		snooze := func(until any) map[string]any { return map[string]any{"conversation": cv, "until": until} }
		vic.refused("forbidden", "conversation.snooze", snooze(later))
		mia.refused("invalid", "conversation.snooze", snooze(1))
		mia.refused("invalid", "conversation.snooze", snooze(time.Now().Add(400*24*time.Hour).UnixMilli()))
		lists := func(when string, want string) {
			t.Helper()
			waitFor(t, when, func() bool {
				return fmt.Sprint(boss.lists("unassigned", cv), boss.lists("waiting", cv), boss.lists("snoozed", cv)) == want
			})
		}
		lists("before", "true false false")
		mia.ok("conversation.snooze", snooze(later))
		lists("asleep", "false false true")
		mia.ok("conversation.snooze", snooze(0))
		lists("woken by hand", "true false false")
		mia.ok("ticket.send", map[string]any{"conversation": cv, "client_id": "1", "text": "See you then", "snooze": later})
		lists("asleep with an answer", "false false true")
		vic.ok("message.send", map[string]any{"conversation": cv, "client_id": "2", "text": "Can it be earlier?"})
		waitFor(t, "the visitor's words", func() bool { return boss.lists("missed", cv) && !boss.lists("snoozed", cv) })
		mia.ok("conversation.snooze", snooze(time.Now().Add(time.Second).UnixMilli()))
		waitFor(t, "its time", func() bool { return boss.lists("missed", cv) })
		for _, f := range vic.frames {
			if f["ev"] == "conversation.snoozed" || f["ev"] == "conversation.woken" {
				t.Errorf("the visitor reads %v", f)
			}
		}
	})
}

// asks leaves a message with an address: a ticket.
func (c *client) asks(text string) string {
	c.t.Helper()
	cv := c.ok("conversation.start", map[string]any{
		"command_id": string(id(c.t, "")), "client_id": string(id(c.t, "")), "text": text, "ticket": true, "email": "vic@home.test",
	})["conversation"]
	return cv.(map[string]any)["id"].(string)
}

// heads opens a topic and gives its head.
func (c *client) heads(cv string) any {
	c.t.Helper()
	return c.ok("resume", map[string]any{"topic": cv, "seq": 0})["head"]
}

// said is what the client has read in a conversation, in order.
func (c *client) said(cv string) (all string) {
	for _, f := range c.frames {
		if f["ev"] == "message.created" && f["topic"] == cv {
			if all != "" {
				all += " / "
			}
			all += f["data"].(map[string]any)["text"].(string)
		}
	}
	return all
}

// shows reads a conversation as the console does.
func (d desk) conversation(cv string) map[string]any {
	d.t.Helper()
	return d.ok("GET", "/v1/conversations/"+cv, nil)
}

// lists reports whether a view lists a conversation.
func (d desk) lists(view, cv string) bool {
	d.t.Helper()
	for _, r := range d.ok("GET", "/v1/conversations?view="+view, nil)["conversations"].([]any) {
		if r.(map[string]any)["id"] == cv {
			return true
		}
	}
	return false
}

// sent gives the id of a message that stands in a conversation.
func (d desk) sent(cv, text string) any {
	d.t.Helper()
	for _, e := range d.ok("GET", "/v1/conversations/"+cv+"/events", nil)["events"].([]any) {
		if m, _ := e.(map[string]any)["data"].(map[string]any); m["text"] == text {
			return m["id"]
		}
	}
	d.t.Fatalf("nobody has sent %q", text)
	return nil
}

// mailed counts the mails of a conversation that have left.
func (d desk) mailed(cv string) (sent int) {
	d.t.Helper()
	for _, e := range d.ok("GET", "/v1/conversations/"+cv+"/events", nil)["staff"].([]any) {
		if e.(map[string]any)["ev"] == "ticket.delivered" {
			sent++
		}
	}
	return sent
}
