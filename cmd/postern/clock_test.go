package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// socket opens the desk's console.
func (d desk) socket() *client {
	d.t.Helper()
	c := d.n.dial(d.t, http.Header{"Cookie": {d.cookie.Name + "=" + d.cookie.Value}})
	c.ok("hello", map[string]any{"as": "agent", "topics": map[string]int{}})
	return c
}

// since starts a ticket whose sender has waited for so long.
func (n *node) since(t *testing.T, ago time.Duration, words string) gateway.ID {
	t.Helper()
	st, then := n.Service.Store, time.Now().Add(-ago)
	mb, err := st.Mailbox(t.Context(), n.box.ID)
	if err != nil {
		t.Fatal(err)
	}
	cv, _, err := st.StartConversation(t.Context(), gateway.Start{
		ID: id(t, gateway.PrefixConversation), Mailbox: n.box.ID, CommandID: string(id(t, "")),
		Ticket: true, Subject: words, Claimed: gateway.Claimed{Name: "Vic"}, Clock: mb.ClocksFrom(gateway.High, gateway.Account{}, then), Priority: gateway.High,
		First: &gateway.Message{ID: id(t, gateway.PrefixMessage), ClientID: "1", Text: words},
	}, then)
	if err != nil {
		t.Fatal(err)
	}
	return cv.ID
}

// clockOf reads the clock that the console shows.
func (d desk) clockOf(cv gateway.ID) (name string, due time.Time) {
	d.t.Helper()
	row := d.ok("GET", "/v1/conversations/"+string(cv), nil)["conversation"].(map[string]any)
	c := row["clock"].(map[string]any)
	name, _ = c["name"].(string)
	ms, _ := c["due"].(float64)
	all := d.ok("GET", "/v1/clocks?c=cv_none,"+string(cv), nil)["clocks"].(map[string]any)
	if same, _ := all[string(cv)].(map[string]any); len(all) != 1 || same["name"] != c["name"] || same["due"] != c["due"] {
		d.t.Errorf("clocks: %v, the row has %v", all, c)
	}
	return name, time.UnixMilli(int64(ms))
}

// late lists the subjects of what is late.
func (d desk) late() string {
	d.t.Helper()
	var out []string
	for _, r := range d.ok("GET", "/v1/conversations?view=late", nil)["conversations"].([]any) {
		out = append(out, r.(map[string]any)["subject"].(string))
	}
	return strings.Join(out, ", ")
}

// hears waits for an event about a conversation in the client's own topics.
func (c *client) hears(kind string, cv gateway.ID) map[string]any {
	c.t.Helper()
	fits := func(f map[string]any) bool {
		d, _ := f["data"].(map[string]any)
		topic, _ := f["topic"].(string)
		return f["ev"] == kind && d["conversation"] == string(cv) && strings.HasPrefix(topic, gateway.PrefixAgent)
	}
	for _, f := range c.frames {
		if fits(f) {
			return f["data"].(map[string]any)
		}
	}
	return c.until(kind, fits)["data"].(map[string]any)
}

// A new conversation is promised what the mailbox promises then; what is late is told to the supervisor, listed, and
// neither late nor running once somebody has answered.
func TestClocks(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		mia := a.agent(t, 0)
		mia.ok("availability.set", map[string]any{"value": "available"})
		sup, admin := b.desk(t, "sol", gateway.RoleSupervisor), b.desk(t, "ada", gateway.RoleAdmin)
		boss := sup.socket()
		vic := a.visitor(t)
		start := func() gateway.ID {
			t.Helper()
			cv := vic.ok("conversation.start", map[string]any{"command_id": string(id(t, "")), "client_id": string(id(t, "")), "text": "Hello?"})["conversation"]
			return gateway.ID(cv.(map[string]any)["id"].(string))
		}
		old := start()
		if name, due := sup.clockOf(old); name != "first" || time.Until(due) > 15*time.Minute || time.Until(due) < 13*time.Minute {
			t.Errorf("%s due at %s", name, due)
		}
		a.promises(t, admin, map[string]any{"off": true})
		if name, _ := sup.clockOf(start()); name != "" {
			t.Errorf("nothing is promised, and %s runs", name)
		}
		if name, _ := sup.clockOf(old); name != "first" {
			t.Errorf("a promise was taken back: %q", name)
		}
		a.promises(t, admin, nil)
		late := a.since(t, 20*time.Minute, "Where is my order")
		if told := boss.hears("clock.broken", late); told["clock"] != "first" {
			t.Errorf("told: %v", told)
		}
		waitFor(t, "the list of what is late", func() bool { return sup.late() == "Where is my order" })
		if name, due := sup.clockOf(late); name != "first" || !due.Before(time.Now()) {
			t.Errorf("%s due at %s", name, due)
		}
		mia.ok("message.send", map[string]any{"conversation": late, "client_id": "a1", "text": "On its way."})
		if name, _ := sup.clockOf(late); name != "" || sup.late() != "" {
			t.Errorf("answered, and %q runs; late: %s", name, sup.late())
		}
		for _, f := range vic.frames {
			if ev, _ := f["ev"].(string); strings.HasPrefix(ev, "clock.") || ev == "conversation.escalated" {
				t.Errorf("the visitor reads %v", f)
			}
		}
		sup.refused("invalid", "GET", "/v1/conversations?view=soon", nil)
		sup.refused("too_large", "GET", "/v1/clocks?c="+strings.Repeat("cv_x,", 50), nil)
	})
}

// promises sets what the node's mailbox promises, as the admin's page does.
func (n *node) promises(t *testing.T, d desk, sla map[string]any) {
	t.Helper()
	for _, raw := range d.ok("GET", "/v1/mailboxes", nil)["mailboxes"].([]any) {
		box := raw.(map[string]any)
		if box["id"] != string(n.box.ID) {
			continue
		}
		box["address"], box["sla"] = "help@shop.test", nil
		if sla != nil {
			whole := box["sla"]
			b, err := json.Marshal(gateway.DefaultSLA(time.Hour))
			if err != nil || json.Unmarshal(b, &whole) != nil {
				t.Fatal(err)
			}
			for k, v := range sla {
				whole.(map[string]any)[k] = v
			}
			box["sla"] = whole
		}
		d.ok("PUT", "/v1/mailboxes/"+string(n.box.ID), box)
		box["version"] = d.mailbox(n.box.ID)["version"]
		box["sla"] = map[string]any{"targets": []any{map[string]any{"first": -1}}}
		d.refused("invalid", "PUT", "/v1/mailboxes/"+string(n.box.ID), box)
	}
}

func (d desk) mailbox(id gateway.ID) map[string]any {
	d.t.Helper()
	for _, raw := range d.ok("GET", "/v1/mailboxes", nil)["mailboxes"].([]any) {
		if box := raw.(map[string]any); box["id"] == string(id) {
			return box
		}
	}
	d.t.Fatal("no mailbox ", id)
	return nil
}

// What has waited for an hour is escalated by time, with the report filled in; the next level by hand, with a reason
// and the report as it was edited, once. Who may not read a conversation escalates nothing.
func TestEscalation(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		mia, sup, admin := a.agent(t, 0), b.desk(t, "sol", gateway.RoleSupervisor), b.desk(t, "ada", gateway.RoleAdmin)
		boss, head := sup.socket(), admin.socket()
		cv := a.since(t, 70*time.Minute, "Nothing loads")
		got := boss.hears("conversation.escalated", cv)
		report := got["report"].(map[string]any)
		if got["level"] != 1.0 || got["reason"] != nil || report["customer"] != "Vic" || report["issue"] != "Nothing loads" || report["urgency"] != 1.0 || report["status"] != "open" {
			t.Errorf("by time: %v", got)
		}
		if spent := report["spent_ms"].(float64); spent < 70*60_000 || spent > 80*60_000 {
			t.Errorf("spent %v", spent)
		}
		mia.ok("message.send", map[string]any{"conversation": cv, "client_id": "a1", "text": "Please reload the page."})
		draft := sup.ok("GET", "/v1/conversations/"+string(cv)+"/escalation", nil)
		levels := draft["levels"].([]any)
		if levels[0].(map[string]any)["told"] != true || levels[1].(map[string]any)["told"] != false || len(levels) != 3 {
			t.Errorf("levels: %v", levels)
		}
		edited := draft["report"].(map[string]any)
		if tried := edited["tried"].([]any); len(tried) != 1 || tried[0] != "Please reload the page." {
			t.Errorf("tried: %v", tried)
		}
		edited["impact"] = "The shop is down"
		args := func(level int, reason string) map[string]any {
			return map[string]any{"conversation": cv, "level": level, "reason": reason, "report": edited}
		}
		mia.refused("conflict", "conversation.escalate", args(1, "Again"))
		mia.refused("invalid", "conversation.escalate", args(3, " "))
		mia.refused("invalid", "conversation.escalate", args(4, "Further up"))
		a.visitor(t).refused("forbidden", "conversation.escalate", args(3, "Let me talk to your boss"))
		a.desk(t, "outside", gateway.RoleAgent).socket().refused("not_found", "conversation.escalate", args(3, "I am curious"))
		mia.ok("conversation.escalate", args(3, "They want to cancel"))
		mia.refused("conflict", "conversation.escalate", args(3, "They want to cancel"))
		for _, c := range []*client{boss, head} {
			got := c.untilEscalated(cv, 3)
			if got["reason"] != "They want to cancel" || got["report"].(map[string]any)["impact"] != "The shop is down" {
				t.Errorf("by hand: %v", got)
			}
		}
		staff := sup.ok("GET", "/v1/conversations/"+string(cv)+"/events", nil)
		count := 0
		for _, e := range staff["staff"].([]any) {
			if e.(map[string]any)["ev"] == "conversation.escalated" {
				count++
			}
		}
		both, err := json.Marshal(staff["events"])
		if count != 2 || err != nil || strings.Contains(string(both), "escalated") {
			t.Errorf("%d escalations among the notes; what the visitor reads: %s", count, both)
		}
	})
}

// Words of leaving or of law reach management at once and once, in a chat's first words, in a later message and in a
// customer's mail. A mailbox has its own words, or none (P93).
func TestEscalationAtOnce(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		sup, admin := b.desk(t, "sol", gateway.RoleSupervisor), b.desk(t, "ada", gateway.RoleAdmin)
		boss, head := sup.socket(), admin.socket()
		mia := a.agent(t, 0)
		mia.ok("availability.set", map[string]any{"value": "available"})
		begins := func(text string) (*client, gateway.ID) {
			vic := a.visitor(t)
			got := vic.ok("conversation.start", map[string]any{"command_id": string(id(t, "")), "client_id": string(id(t, "")), "text": text})
			return vic, gateway.ID(got["conversation"].(map[string]any)["id"].(string))
		}
		says := func(vic *client, cv gateway.ID, text string) {
			vic.ok("message.send", map[string]any{"conversation": cv, "client_id": string(id(t, "")), "text": text})
		}
		escalations := func(cv gateway.ID) (n int) {
			events, err := a.Service.Store.Events(t.Context(), cv.Staff(), 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e.Kind == (gateway.ConversationEscalated{}).Kind() {
					n++
				}
			}
			return n
		}
		_, first := begins("You hear from my lawyer tomorrow")
		vic, later := begins("My order is late")
		says(vic, later, "Where is it? I want to cancel my order.")
		says(vic, later, "Then cancel my subscription!")
		for cv, word := range map[gateway.ID]string{first: "lawyer", later: "cancel my subscription"} {
			for _, c := range []*client{boss, head} {
				if got := c.untilEscalated(cv, 3); got["reason"] != word {
					t.Errorf("told: %v", got)
				}
			}
		}
		says(vic, later, "And you hear from my lawyer.")
		for _, f := range vic.frames {
			if f["ev"] == "conversation.escalated" {
				t.Errorf("the visitor reads %v", f)
			}
		}
		a.promises(t, admin, map[string]any{"at_once": []string{"manager"}})
		_, none := begins("My lawyer writes to you")
		waitFor(t, "an own word counts", func() bool { // each node has read it within seconds
			_, cv := begins("I want your MANAGER, now")
			time.Sleep(300 * time.Millisecond)
			return escalations(cv) == 1
		})
		a.promises(t, admin, map[string]any{"at_once": []string{}})
		_, off := begins("I want your manager. My lawyer too")
		jobs := func() (n int) {
			n, err := a.Service.Store.JobsDue(t.Context(), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		waitFor(t, "everything is judged", func() bool { return jobs() == 0 })
		for cv, want := range map[gateway.ID]int{first: 1, later: 1, none: 0, off: 0} {
			if got := escalations(cv); got != want {
				t.Errorf("%d escalations, want %d", got, want)
			}
		}
	})
}

func (c *client) untilEscalated(cv gateway.ID, level float64) map[string]any {
	c.t.Helper()
	fits := func(f map[string]any) bool {
		d, _ := f["data"].(map[string]any)
		topic, _ := f["topic"].(string)
		return f["ev"] == "conversation.escalated" && d["conversation"] == string(cv) && d["level"] == level && strings.HasPrefix(topic, gateway.PrefixAgent)
	}
	for _, f := range c.frames {
		if fits(f) {
			return f["data"].(map[string]any)
		}
	}
	return c.until("the escalation", fits)["data"].(map[string]any)
}

// Gateways are killed while they tell of what is late, again and again. Everything is told, and each thing once.
func TestKillClocks(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f, list := processes(t, engine, nil, 1)
			newRow(t, f).given()
			list[0].kill(t)
			const talks, each = 12, 6 // first, next and resolve are over, and each level is reached
			for range talks {
				f.since(t, 25*time.Hour, "Is anybody there?")
			}
			db := f.sql(t)
			count := func(query string, args ...any) (n int) {
				if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			told := func() int { return count("SELECT COUNT(*) FROM clock_marks") }
			for before := 0; before < talks*each; before = told() {
				// What a dead gateway held is free after three minutes. They pass.
				if _, err := db.ExecContext(t.Context(), "UPDATE jobs SET lease_until = 1 WHERE done_at IS NULL"); err != nil {
					t.Fatal(err)
				}
				list[0].start(t)
				waitUntil(t, "nothing is told", func() bool { return told() > before })
				list[0].kill(t)
			}
			if _, err := db.ExecContext(t.Context(), "UPDATE jobs SET lease_until = 1 WHERE done_at IS NULL"); err != nil {
				t.Fatal(err)
			}
			list[0].start(t)
			waitUntil(t, "something due stays undone", func() bool {
				return count("SELECT COUNT(*) FROM jobs WHERE done_at IS NULL AND due <= $1", time.Now().UnixMilli()) == 0
			})
			if n := count("SELECT COUNT(*) FROM clock_marks"); n != talks*each {
				t.Errorf("%d marks, want %d", n, talks*each)
			}
			for kind, want := range map[string]int{"clock.broken": 3, "conversation.escalated": gateway.Levels, "clock.warned": 0} {
				if n := count("SELECT COUNT(*) FROM events WHERE kind = $1 AND topic LIKE '%/staff'", kind); n != want*talks {
					t.Errorf("%s was told %d times, want %d", kind, n, want*talks)
				}
			}
			if n := count("SELECT COUNT(*) FROM jobs WHERE failed = TRUE"); n != 0 {
				t.Errorf("%d jobs failed", n)
			}
		})
	}
}
