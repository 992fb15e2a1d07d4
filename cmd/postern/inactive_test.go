package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// An agent who does nothing is marked, told by mail, then disabled; his chat waits in the queue again and his ticket
// for anybody. Whoever announced an absence keeps everything.
func TestInactiveAgents(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		st, ctx := a.Service.Store, t.Context()
		ago := func(h int) time.Time { return time.Now().Add(-time.Duration(h) * time.Hour) }
		hire := func(name string, seen time.Time) gateway.Agent {
			t.Helper()
			p, _, err := st.SaveAgent(ctx, gateway.Agent{
				ID: id(t, gateway.PrefixAgent), Email: name + "@shop.test", Name: name, Role: gateway.RoleAgent, Capacity: 3,
			}, gateway.System(), seen)
			if err != nil {
				t.Fatal(err)
			}
			if err := st.Acted(ctx, []gateway.ID{p.ID}, seen); err != nil {
				t.Fatal(err)
			}
			return p
		}
		boss := b.desk(t, "boss", gateway.RoleAdmin)
		// A starting node looks too, and might before the absence is announced.
		boss.ok("PUT", "/v1/inactivity", map[string]any{"mark_hours": 0, "disable_hours": 0})
		gone, away := hire("gone", ago(50)), hire("away", ago(500))
		boss.ok("PUT", "/v1/availability/"+string(away.ID)+"/away", map[string]any{"from": ago(480).UnixMilli(), "until": ago(-24).UnixMilli()})
		boss.refused("invalid", "PUT", "/v1/availability/"+string(away.ID)+"/away", map[string]any{"from": 5, "until": 4})
		boss.refused("invalid", "PUT", "/v1/inactivity", map[string]any{"mark_hours": -1, "disable_hours": 1})
		look := func(name string) {
			t.Helper()
			if err := st.Enqueue(ctx, gateway.Job{ID: "inactive:" + name, Kind: gateway.JobInactive, Due: ago(1)}); err != nil {
				t.Fatal(err)
			}
		}
		agent := func(id gateway.ID) gateway.Agent {
			t.Helper()
			got, err := st.Agent(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		boss.ok("PUT", "/v1/inactivity", map[string]any{"mark_hours": 48, "disable_hours": 120})
		look("first")
		waitFor(t, "the mark", func() bool { return agent(gone.ID).PausedFor == "inactive" })

		boss.ok("PUT", "/v1/inactivity", map[string]any{"mark_hours": 48, "disable_hours": 0})
		look("never")
		talk := func() gateway.Conversation {
			t.Helper()
			cv, _, err := st.StartConversation(ctx, gateway.Start{
				ID: id(t, gateway.PrefixConversation), Visitor: id(t, gateway.PrefixVisitor), Mailbox: a.box.ID, Missed: time.Hour,
				CommandID: string(id(t, "")), First: &gateway.Message{ID: id(t, gateway.PrefixMessage), ClientID: "1", Text: "hi"},
			}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return cv
		}
		members := []gateway.ID{gone.ID, away.ID}
		for _, x := range a.agents {
			members = append(members, x.ID)
		}
		if _, err := st.SetMembers(ctx, a.box.ID, members, gateway.System(), time.Now()); err != nil {
			t.Fatal(err)
		}
		ticket := talk()
		if _, _, err := st.OpenTicket(ctx, ticket.ID, gateway.System(), "hi", "form", time.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := st.Claim(ctx, ticket.ID, gone.ID, "hand", time.Now()); err != nil {
			t.Fatal(err)
		}
		if agent(gone.ID).InactiveAt.IsZero() || !agent(gone.ID).DisabledAt.IsZero() {
			t.Fatalf("%+v", agent(gone.ID))
		}
		if _, err := st.Lapse(ctx, gone.ID, gateway.DefaultInactivity(), time.Now().Add(121*time.Hour)); err != nil {
			t.Fatal(err)
		}
		look("last")
		waitFor(t, "the ticket to wait for anybody", func() bool {
			cv, err := st.Conversation(ctx, ticket.ID)
			return err == nil && cv.Assignee == "" && cv.Number > 0
		})
		if got := agent(away.ID); !got.InactiveAt.IsZero() || !got.DisabledAt.IsZero() {
			t.Errorf("absent, and lapsed: %+v", got)
		}
	})
}

// A leader asks an agent whether he is still there: one letter a day, with the way to the console, where whatever he does
// is his answer (P48).
func TestCheckIn(t *testing.T) {
	eachDatabase(t, func(t *testing.T, c Config) {
		n := startNode(t, c)
		sup, senior := n.desk(t, "sol", gateway.RoleSupervisor), n.desk(t, "sam", gateway.RoleSenior)
		ask := "/v1/availability/" + string(n.agents[0].ID) + "/checkin"
		senior.refused("forbidden", "POST", ask, map[string]any{})
		sup.refused("not_found", "POST", "/v1/availability/ag_none/checkin", map[string]any{})
		for range 2 {
			sup.ok("POST", ask, map[string]any{})
		}
		var letters []string
		waitFor(t, "the letter", func() bool {
			var err error
			letters, err = filepath.Glob(filepath.Join(c.Data, "spool", "letter-checkin-*.eml"))
			return err == nil && len(letters) > 0
		})
		raw, err := os.ReadFile(letters[0])
		if err != nil || len(letters) != 1 || !strings.Contains(string(raw), "Are you still there?") || !strings.Contains(string(raw), "/console") {
			t.Errorf("%d letters: %s, %v", len(letters), raw, err)
		}
		asked, err := n.Service.Store.Agent(t.Context(), n.agents[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		rule, later := gateway.DefaultInactivity(), time.Now().Add(49*time.Hour)
		if !asked.Unseen(rule, later) {
			t.Error("the question alone keeps him active")
		}
	})
}
