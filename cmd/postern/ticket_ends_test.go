package main

import (
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// answeredAgo makes a ticket that an agent answered so long ago, and that its visitor has been silent in since.
func (n *node) answeredAgo(t *testing.T, ago time.Duration, words string, verified bool, by gateway.ID) gateway.ID {
	t.Helper()
	st, then := n.Service.Store, time.Now().Add(-ago)
	m := gateway.Message{ID: id(t, gateway.PrefixMessage), Text: words, Via: "email", Unproven: !verified}
	in := gateway.Incoming{Key: words, Raw: []byte(words), Message: m, Start: &gateway.Start{
		ID: id(t, gateway.PrefixConversation), Mailbox: n.box.ID, CommandID: words, Ticket: true, Subject: words, First: &m,
		Claimed: gateway.Claimed{Name: "Vic", Email: "vic@home.test"},
	}}
	cv, _, err := st.StoreIncoming(t.Context(), in, then)
	if err != nil {
		t.Fatal(err)
	}
	_, err = st.Append(t.Context(), gateway.Append{
		Topic: string(cv.ID), Conversation: cv.ID, Actor: gateway.Actor{Role: gateway.RoleAgent, ID: by}, ClientID: "a",
		ID: id(t, gateway.PrefixEvent), At: then, Counts: true, MustAgent: by,
		Payload: gateway.MessageCreated{Message: gateway.Message{ID: id(t, gateway.PrefixMessage), ClientID: "a", Text: "Here you are"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cv.ID
}

// warnedInTime makes a silent conversation one whose visitor was warned when it was time.
func (n *node) warnedInTime(t *testing.T, cv gateway.ID) {
	t.Helper()
	waitFor(t, "the warning", func() bool {
		now := time.Now()
		rows, err := n.Service.Store.IdleRows(t.Context(), now, now, gateway.IdleRow{}, 50)
		for _, r := range rows {
			if r.ID != cv || err != nil {
				continue
			}
			r.Since = time.Time{}
			_, err = n.Service.Store.WarnIdle(t.Context(), r, now, nil, now)
			if code := gateway.CodeOf(err); code != "" && code != "conflict" { // the gateway may be just as far
				t.Fatal(err)
			}
			return err == nil
		}
		return false
	})
}

// looks makes the gateway look for what is silent now.
func (n *node) looks(t *testing.T, name string) {
	t.Helper()
	if err := n.Service.Store.Enqueue(t.Context(), gateway.Job{ID: "idle:" + name, Kind: gateway.JobIdle, Due: time.Now().Add(-time.Minute)}); err != nil {
		t.Fatal(err)
	}
}

// A silent ticket is reminded, by mail only where its address has written proven; it is closed a day after an answer,
// as resolved, but never in the look that reminds, while it sleeps, or while it waits for us.
func TestIdleTickets(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		boss := b.desk(t, "sol", gateway.RoleSupervisor)
		mia := a.agents[0].ID
		proven := a.answeredAgo(t, 13*time.Hour, "Proven", true, mia)
		typed := a.answeredAgo(t, 50*time.Hour, "Typed", false, mia)
		asleep := a.answeredAgo(t, 50*time.Hour, "Asleep", true, mia)
		if _, err := a.Service.Store.Snooze(t.Context(), asleep, gateway.System(), time.Now().Add(time.Hour), time.Now()); err != nil {
			t.Fatal(err)
		}
		ours := a.since(t, 50*time.Hour, "Our turn")
		a.looks(t, "one")
		waitFor(t, "the reminders", func() bool {
			return boss.happened(proven, "conversation.idling") == 1 && boss.happened(typed, "conversation.idling") == 1
		})
		waitFor(t, "the mail", func() bool { return boss.mailed(string(proven)) == 1 })
		if n := boss.mailed(string(typed)); n != 0 {
			t.Errorf("%d automatic mails to an address that somebody typed", n)
		}
		a.looks(t, "two")
		// As if the reminder had been sent in time: its silence ends now.
		a.warnedInTime(t, typed)
		a.looks(t, "three")
		waitFor(t, "the end", func() bool { return boss.status(typed) == "closed" })
		if row := boss.conversation(string(typed))["conversation"].(map[string]any); row["outcome"] != "resolved" || row["reason"] != "resolved" {
			t.Errorf("it ended %v", row)
		}
		for _, cv := range []gateway.ID{asleep, ours} {
			if n := boss.happened(cv, "conversation.idling"); n != 0 || boss.status(cv) == "closed" {
				t.Errorf("%s: warned %d times, %s", cv, n, boss.status(cv))
			}
		}
		if n := boss.happened(proven, "conversation.idling"); n != 1 || boss.status(proven) != "waiting" {
			t.Errorf("reminded %d times, %s", n, boss.status(proven))
		}
	})
}

// A visitor who is warned stays by a word of his or by saying so; agents cannot say it for him.
func TestStay(t *testing.T) {
	n := startNode(t, alone(t))
	mia, vic := n.agent(t, 0), n.visitor(t)
	cv := vic.asks("Still here")
	mia.refused("forbidden", "conversation.stay", map[string]any{"conversation": cv})
	vic.refused("not_found", "conversation.stay", map[string]any{"conversation": "cv_none"})
	vic.ok("conversation.stay", map[string]any{"conversation": cv})
	vic.event("conversation.stayed", cv)
}

// Whoever does not follow a conversation hears of it no more; who is mentioned follows again.
func TestFollow(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		mia, vic := a.agent(t, 0), a.visitor(t)
		sup := b.desk(t, "sol", gateway.RoleSupervisor)
		boss := sup.socket()
		cv := vic.asks("Where is it?")
		follow := func(wanted bool) map[string]any { return map[string]any{"conversation": cv, "wanted": wanted} }
		vic.refused("forbidden", "conversation.follow", follow(true))
		a.desk(t, "outside", gateway.RoleAgent).socket().refused("not_found", "conversation.follow", follow(true))
		boss.ok("conversation.follow", follow(true))
		if told := boss.hears("follow.changed", gateway.ID(cv)); told["wanted"] != true || told["why"] != "hand" {
			t.Errorf("told %v", told)
		}
		if list := sup.ok("GET", "/v1/follows", nil)["follows"].(map[string]any); list[cv] != true {
			t.Errorf("follows: %v", list)
		}
		boss.ok("conversation.follow", follow(false))
		if list := sup.ok("GET", "/v1/follows", nil)["follows"].(map[string]any); list[cv] != false {
			t.Errorf("follows: %v", list)
		}
		mia.ok("note.send", map[string]any{"conversation": cv, "client_id": "n", "text": "@sol", "mentions": []any{sup.id(), "ag_nobody", "settings"}})
		waitFor(t, "the mention", func() bool { return sup.ok("GET", "/v1/follows", nil)["follows"].(map[string]any)[cv] == true })
	})
}

// A duplicate names the first one; a deleted ticket is gone for everybody, with what was written in it.
func TestDuplicateAndDelete(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		mia, vic := a.agent(t, 0), a.visitor(t)
		sup := b.desk(t, "sol", gateway.RoleSupervisor)
		first, second := vic.asks("Where is it?"), vic.asks("Where is it??")
		dup := func(of string) map[string]any {
			return map[string]any{"conversation": second, "reason": "duplicate", "of": of}
		}
		mia.refused("not_found", "conversation.close", dup("cv_none"))
		mia.refused("invalid", "conversation.close", dup(second))
		mia.refused("invalid", "conversation.close", map[string]any{"conversation": second, "reason": "idle", "of": first})
		mia.refused("invalid", "conversation.close", map[string]any{"conversation": second})
		mia.ok("conversation.close", dup(first))
		if row := sup.conversation(second)["conversation"].(map[string]any); row["reason"] != "duplicate" || row["outcome"] != "idle" {
			t.Errorf("closed: %v", row)
		}
		for _, cv := range []string{first, second} {
			if n := sup.happened(gateway.ID(cv), "conversation.duplicate"); n != 1 {
				t.Errorf("%s is told of it %d times", cv, n)
			}
		}
		if list := sup.ok("GET", "/v1/endings?days=7", nil)["endings"].([]any); len(list) != 1 || list[0].(map[string]any)["reason"] != "duplicate" || list[0].(map[string]any)["n"] != 1.0 {
			t.Errorf("endings: %v", list)
		}
		sup.refused("invalid", "GET", "/v1/endings?days=0", nil)
		if status, _ := a.desk(t, "agnes", gateway.RoleAgent).call("DELETE", "/v1/conversations/"+second, nil); status != 403 {
			t.Errorf("an agent deletes: %d", status)
		}
		sup.ok("DELETE", "/v1/conversations/"+second, nil)
		sup.refused("not_found", "GET", "/v1/conversations/"+second, nil)
		sup.refused("not_found", "DELETE", "/v1/conversations/"+second, nil)
		vic.refused("not_found", "message.send", map[string]any{"conversation": second, "client_id": "x", "text": "Hello?"})
		if sup.lists("closed", second) {
			t.Error("it is still listed")
		}
		if sup.status(gateway.ID(first)) != "open" {
			t.Error("the other one went too")
		}
	})
}

// happened counts events of a kind in a conversation, on both sides.
func (d desk) happened(cv gateway.ID, kind string) (n int) {
	d.t.Helper()
	all := d.ok("GET", "/v1/conversations/"+string(cv)+"/events", nil)
	for _, side := range []string{"events", "staff"} {
		for _, e := range all[side].([]any) {
			if e.(map[string]any)["ev"] == kind {
				n++
			}
		}
	}
	return n
}

func (d desk) status(cv gateway.ID) any {
	d.t.Helper()
	return d.conversation(string(cv))["conversation"].(map[string]any)["status"]
}

// id reads whose desk it is.
func (d desk) id() string {
	d.t.Helper()
	me := d.ok("GET", "/v1/me", nil)["agent"].(map[string]any)["id"].(string)
	if !strings.HasPrefix(me, gateway.PrefixAgent) {
		d.t.Fatal(me)
	}
	return me
}
