package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// mailedTo counts the mails to an address in the node's spool, and gives the last one.
func mailedTo(t *testing.T, c Config, to string) (n int, last string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.Data, "spool", "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "To: <"+to+">") {
			n, last = n+1, string(raw)
		}
	}
	return n, last
}

// An escalation's report goes by mail to the address that the mailbox names, once.
func TestEscalationMail(t *testing.T) {
	c := alone(t)
	n := startNode(t, c)
	admin := n.desk(t, "ada", gateway.RoleAdmin)
	n.promises(t, admin, map[string]any{"report_to": "engineering@shop.test"})
	box := admin.mailbox(n.box.ID)
	box["sla"].(map[string]any)["report_to"] = "nobody"
	admin.refused("invalid", "PUT", "/v1/mailboxes/"+string(n.box.ID), box)
	n.since(t, 70*time.Minute, "Nothing loads")
	waitFor(t, "the report", func() bool { got, _ := mailedTo(t, c, "engineering@shop.test"); return got > 0 })
	got, raw := mailedTo(t, c, "engineering@shop.test")
	if got != 1 || !strings.Contains(raw, "Nothing loads") || !strings.Contains(raw, "Vic") || !strings.Contains(raw, "senior support") {
		t.Errorf("%d mails: %s", got, raw)
	}
}

// A rating of two stars or fewer alerts supervisors, in the console and by mail; a better one does not.
func TestLowRatingAlerts(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		mia, boss := a.agent(t, 0), b.desk(t, "sol", gateway.RoleSupervisor).socket()
		mia.ok("availability.set", map[string]any{"value": "available"})
		vic := a.visitor(t)
		rated := func(stars int) gateway.ID {
			t.Helper()
			cv := gateway.ID(vic.ok("conversation.start", map[string]any{
				"command_id": string(id(t, "")), "client_id": string(id(t, "")), "text": "Hello?",
			})["conversation"].(map[string]any)["id"].(string))
			mia.ok("message.send", map[string]any{"conversation": cv, "client_id": "a1", "text": "Hello."})
			vic.ok("conversation.close", map[string]any{"conversation": cv})
			vic.ok("conversation.rate", map[string]any{"conversation": cv, "stars": stars, "text": "Well"})
			return cv
		}
		good, bad := rated(3), rated(2)
		if told := boss.hears("conversation.rated", bad); told["stars"] != 2.0 || told["text"] != "Well" {
			t.Errorf("told: %v", told)
		}
		for _, f := range boss.frames {
			d, _ := f["data"].(map[string]any)
			topic, _ := f["topic"].(string)
			if f["ev"] == "conversation.rated" && d["conversation"] == string(good) && strings.HasPrefix(topic, gateway.PrefixAgent) {
				t.Errorf("three stars alert: %v", f)
			}
		}
	})
}

// Types by rule and by hand; who is below is refused with a code at every door, and may not lower the type himself.
func TestTicketTypes(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		admin, sup := a.desk(t, "ada", gateway.RoleAdmin), b.desk(t, "sol", gateway.RoleSupervisor)
		mia := a.agent(t, 0)
		mia.ok("availability.set", map[string]any{"value": "available"})
		got := admin.ok("GET", "/v1/types", nil)
		types := got["types"].([]any)
		if len(types) != 6 || types[0].(map[string]any)["id"] != "tech" {
			t.Fatalf("the default list: %v", types)
		}
		own := []any{map[string]any{"id": "money", "name": "Money", "role": "senior"}, map[string]any{"id": "easy", "name": "Easy", "role": "trainee"}}
		sup.refused("forbidden", "PUT", "/v1/types", map[string]any{"types": own, "mark": got["mark"]})
		admin.refused("conflict", "PUT", "/v1/types", map[string]any{"types": own, "mark": "other"})
		mark := admin.ok("PUT", "/v1/types", map[string]any{"types": own, "mark": got["mark"]})["mark"]
		rules := admin.ok("GET", "/v1/rules", nil)["mark"]
		rule := map[string]any{"name": "Money", "words": []string{"refund"}, "type": "none"}
		admin.refused("invalid", "PUT", "/v1/rules", map[string]any{"rules": []any{rule}, "mark": rules})
		rule["type"] = "money"
		admin.ok("PUT", "/v1/rules", map[string]any{"rules": []any{rule}, "mark": rules})
		if fired := admin.ok("POST", "/v1/rules/test", map[string]any{"mailbox": a.box.ID, "channel": "chat", "text": "A refund, please"}); fired["type"] != "money" {
			t.Errorf("tested: %v", fired)
		}
		vic := a.visitor(t)
		start := func(words string) gateway.ID {
			t.Helper()
			return gateway.ID(vic.ok("conversation.start", map[string]any{
				"command_id": string(id(t, "")), "client_id": string(id(t, "")), "text": words,
			})["conversation"].(map[string]any)["id"].(string))
		}
		cv := start("I want a refund")
		row := func() map[string]any {
			t.Helper()
			return sup.ok("GET", "/v1/conversations/"+string(cv), nil)["conversation"].(map[string]any)
		}
		if r := row(); r["type"] != "money" || r["min_role"] != "senior" || r["origin"] != nil {
			t.Errorf("by rule: %v", r)
		}
		next := start("How do I sign up?") // the queue is served in order: once this one rings, the first one could have
		waitFor(t, "the offer of another one", func() bool {
			r := sup.ok("GET", "/v1/conversations/"+string(next), nil)["conversation"].(map[string]any)
			return r["offer"] != nil
		})
		if r := row(); r["offer"] != nil {
			t.Errorf("offered to somebody below: %v", r["offer"])
		}
		below := func(cmd string, args map[string]any) {
			t.Helper()
			e, _ := mia.do(cmd, args)["error"].(map[string]any)
			if e["code"] != "forbidden" || e["reason"] != "type.role" || e["params"].(map[string]any)["role"] != "senior" {
				t.Errorf("%s: %v", cmd, e)
			}
		}
		below("conversation.claim", map[string]any{"conversation": cv})
		below("message.send", map[string]any{"conversation": cv, "client_id": "a1", "text": "Hello"})
		below("conversation.assign", map[string]any{"conversation": cv, "agent": a.agents[0].ID})
		below("conversation.type", map[string]any{"conversation": cv, "type": "easy"})
		below("conversation.merge", map[string]any{"conversation": cv, "into": next})
		below("conversation.snooze", map[string]any{"conversation": cv, "until": time.Now().Add(time.Hour).UnixMilli()})
		below("message.forward", map[string]any{"conversation": cv, "client_id": "f", "message": "ms_x", "to": "depot@carrier.test", "text": "Hello"})
		vic.refused("forbidden", "conversation.type", map[string]any{"conversation": cv, "type": "easy"})
		boss := sup.socket()
		boss.refused("invalid", "conversation.type", map[string]any{"conversation": cv, "type": "none"})
		if r := row(); r["assignee"] != nil || r["type"] != "money" {
			t.Errorf("a refusal moved something: %v", r)
		}
		boss.ok("conversation.type", map[string]any{"conversation": cv, "type": "easy"})
		mia.ok("conversation.claim", map[string]any{"conversation": cv})
		// The list changes, and with it what goes on.
		own[1].(map[string]any)["role"] = "senior"
		admin.ok("PUT", "/v1/types", map[string]any{"types": own, "mark": mark})
		if r := row(); r["min_role"] != "senior" || r["assignee"] != string(a.agents[0].ID) {
			t.Errorf("after the change: %v", r)
		}
	})
}

// A mailbox in which somebody waits over a work day is alarmed once a day, whichever node looks; a holding reply begins
// his wait anew, and is said so.
func TestDailyAlarm(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		mia, sup := a.agent(t, 0), b.desk(t, "sol", gateway.RoleSupervisor)
		boss := sup.socket()
		old, held := a.since(t, 25*time.Hour, "Two days ago"), a.since(t, 26*time.Hour, "A day and more")
		a.since(t, time.Hour, "Just now")
		mia.ok("message.send", map[string]any{"conversation": held, "client_id": "h1", "text": "We look into it.", "holding": true})
		row := sup.ok("GET", "/v1/conversations/"+string(held), nil)["conversation"].(map[string]any)
		if row["status"] != "open" || row["holding_at"] == nil || row["last_author"] != "visitor" {
			t.Errorf("after a holding reply: %v", row)
		}
		if name, due := sup.clockOf(held); name != "resolve" || !due.Before(time.Now()) {
			t.Errorf("its clock: %s due %s", name, due)
		}
		day := time.Now().UTC().Format(time.DateOnly)
		for _, n := range []*node{a, b, a} {
			job := gateway.Job{
				ID: "alarm:" + string(n.box.ID) + ":" + string(id(t, "")), Kind: gateway.JobAlarm, Due: time.Now().Add(-time.Minute),
				Payload: []byte(`{"mailbox":"` + string(n.box.ID) + `","day":"` + day + `"}`),
			}
			if err := n.Service.Store.Enqueue(t.Context(), job); err != nil {
				t.Fatal(err)
			}
		}
		fits := func(f map[string]any) bool {
			topic, _ := f["topic"].(string)
			return f["ev"] == "mailbox.alarmed" && strings.HasPrefix(topic, gateway.PrefixAgent)
		}
		told := boss.until("the alarm", fits)["data"].(map[string]any)
		if ids := told["oldest"].([]any); told["over"] != 1.0 || len(ids) != 1 || ids[0] != string(old) || told["day"] != day {
			t.Errorf("told: %v", told)
		}
		waitFor(t, "the other jobs", func() bool {
			due, err := a.Service.Store.JobsDue(t.Context(), time.Now())
			return err == nil && due == 0
		})
		events, err := a.Service.Store.Events(t.Context(), string(a.box.ID), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for _, e := range events {
			if e.Kind == "mailbox.alarmed" {
				count++
			}
		}
		if count != 1 {
			t.Errorf("alarmed %d times", count)
		}
	})
}

// What is at risk has its list, until it is late or answered; the share of first answers in time is reported.
func TestRiskAndShare(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		mia, sup := a.agent(t, 0), b.desk(t, "sol", gateway.RoleSupervisor)
		risk := func() string {
			t.Helper()
			var out []string
			for _, r := range sup.ok("GET", "/v1/conversations?view=risk", nil)["conversations"].([]any) {
				out = append(out, r.(map[string]any)["subject"].(string))
			}
			return strings.Join(out, ", ")
		}
		late, soon := a.since(t, 20*time.Minute, "Late"), a.since(t, 12*time.Minute, "Soon")
		waitFor(t, "the list of what is at risk", func() bool { return risk() == "Soon" })
		counts := func() map[string]any {
			t.Helper()
			return sup.ok("GET", "/v1/acknowledged?days=1&mailbox="+string(a.box.ID), nil)
		}
		if c := counts()["counts"].(map[string]any); c["late"] != 1.0 || c["within"] != 0.0 || c["pending"] != 1.0 {
			t.Errorf("at first: %v", c)
		}
		for i, cv := range []gateway.ID{late, soon} {
			mia.ok("message.send", map[string]any{"conversation": cv, "client_id": string(rune('a' + i)), "text": "Here I am."})
		}
		if got := counts(); got["share"] != .5 || got["minutes"] != 15.0 {
			t.Errorf("answered: %v", got)
		}
		if risk() != "" {
			t.Errorf("answered, and at risk: %s", risk())
		}
		sup.refused("not_found", "GET", "/v1/acknowledged?mailbox=mb_none", nil)
		sup.refused("invalid", "GET", "/v1/acknowledged?days=400", nil)
	})
}

// A supervisor who is no member notes, takes over and lets somebody have no more offers, from the live view.
func TestSupervisorActs(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		mia, sup := a.agent(t, 0), b.desk(t, "sol", gateway.RoleSupervisor)
		mia.ok("availability.set", map[string]any{"value": "available"})
		vic := a.visitor(t)
		cv := gateway.ID(vic.ok("conversation.start", map[string]any{
			"command_id": string(id(t, "")), "client_id": string(id(t, "")), "text": "Hello?",
		})["conversation"].(map[string]any)["id"].(string))
		mia.ok("message.send", map[string]any{"conversation": cv, "client_id": "a1", "text": "Hello."})
		sup.ok("POST", "/v1/conversations/"+string(cv)+"/note", map[string]any{"text": "Be kind"})
		sup.refused("invalid", "POST", "/v1/conversations/"+string(cv)+"/note", map[string]any{"text": " "})
		sup.refused("not_found", "POST", "/v1/conversations/cv_none/note", map[string]any{"text": "Be kind"})
		me := sup.ok("GET", "/v1/me", nil)["agent"].(map[string]any)["id"]
		sup.ok("POST", "/v1/conversations/"+string(cv)+"/assign", map[string]any{"agent": me, "note": "I know them"})
		row := sup.ok("GET", "/v1/conversations/"+string(cv), nil)["conversation"].(map[string]any)
		if row["assignee"] != me {
			t.Errorf("taken over: %v", row["assignee"])
		}
		var notes []string
		for _, e := range sup.ok("GET", "/v1/conversations/"+string(cv)+"/events", nil)["staff"].([]any) {
			if f := e.(map[string]any); f["ev"] == "note.created" {
				notes = append(notes, f["data"].(map[string]any)["text"].(string))
			}
		}
		if strings.Join(notes, ", ") != "Be kind, I know them" {
			t.Errorf("notes: %q", notes)
		}
		path := "/v1/availability/" + string(a.agents[0].ID)
		sup.refused("invalid", "PUT", path, map[string]any{"mailbox": "", "value": "assign_only", "reason": ""})
		sup.ok("PUT", path, map[string]any{"mailbox": "", "value": "assign_only", "reason": "Lunch"})
		ms, err := a.Service.Store.Memberships(t.Context(), a.agents[0].ID, "")
		if err != nil || len(ms) != 1 || ms[0].Availability != gateway.AssignOnly || ms[0].Reason != "Lunch" || string(ms[0].By) != me {
			t.Errorf("forced: %+v, %v", ms, err)
		}
	})
}
