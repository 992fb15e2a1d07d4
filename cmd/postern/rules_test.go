package main

import (
	"path/filepath"
	"strings"
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

// Rules sort mail too: where its ticket waits, in which class and of which type. Who is below the type's role cannot take
// it; the customer's answers join it there; what no rule fits stays where it came in, medium and without a type (P46, P80,
// P89).
func TestRulesSortMail(t *testing.T) {
	eachDatabase(t, func(t *testing.T, c Config) {
		c.Mail.LMTP = "unix:" + filepath.Join(t.TempDir(), "lmtp")
		n := startNode(t, c)
		second, st, ctx := n.secondBox(t, ""), n.Service.Store, t.Context()
		if _, err := st.SetMembers(ctx, second.ID, []gateway.ID{n.agents[0].ID}, gateway.System(), time.Now()); err != nil {
			t.Fatal(err)
		}
		admin, mia := n.desk(t, "ada", gateway.RoleAdmin), n.agent(t, 0)
		types := []any{map[string]any{"id": "money", "name": "Money", "role": "senior"}}
		admin.ok("PUT", "/v1/types", map[string]any{"types": types, "mark": admin.ok("GET", "/v1/types", nil)["mark"]})
		admin.ok("PUT", "/v1/rules", map[string]any{"mark": "", "rules": []any{
			map[string]any{"name": "chats", "channel": []string{"chat"}, "words": []string{"refund"}, "priority": 3},
			map[string]any{
				"name": "money", "channel": []string{"email"}, "email": []string{"@example-mail.com"}, "words": []string{"refund"},
				"mailbox": second.ID, "priority": 1, "type": "money",
			},
		}})
		l := lmtpClient{t, n.lmtp}
		mail := func(to, id, from, subject string) string {
			return "From: Vic <" + from + ">\nTo: " + to + "\nSubject: " + subject + "\nMessage-ID: <" + id + "@example-mail.com>\n\nPlease.\n"
		}
		hands := func(to, raw string) {
			t.Helper()
			if got := l.hands(to, raw); got != 250 {
				t.Fatal(got)
			}
		}
		hands("support@shop.test", mail("support@shop.test", "1", "vic@example-mail.com", "My refund"))
		hands("support@shop.test", mail("support@shop.test", "2", "vic@other.test", "My refund"))
		hands("support@shop.test", mail("support@shop.test", "3", "vic@example-mail.com", "Hello"))
		in := func(box gateway.ID) []gateway.Conversation {
			t.Helper()
			list, err := st.Conversations(ctx, gateway.ConversationFilter{Mailboxes: []gateway.ID{box}})
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		for _, cv := range in(n.box.ID) {
			if cv.Priority != gateway.Medium || cv.Type != "" || cv.MinRole != "" {
				t.Errorf("no rule fits %+v", cv)
			}
		}
		moved := in(second.ID)
		if len(in(n.box.ID)) != 2 || len(moved) != 1 || moved[0].Priority != gateway.High || moved[0].Type != "money" || moved[0].MinRole != gateway.RoleSenior {
			t.Fatalf("%d stayed; moved: %+v", len(in(n.box.ID)), moved)
		}
		cv := moved[0].ID
		e, _ := mia.do("conversation.claim", map[string]any{"conversation": cv})["error"].(map[string]any)
		if e["code"] != "forbidden" || e["reason"] != "type.role" {
			t.Errorf("an agent takes it: %v", e)
		}
		there := *n
		there.box = second
		to := strings.Trim(header(t, there.answers(t, cv, "Which order?").Raw, "Reply-To"), "<>")
		if !strings.HasPrefix(to, "second+t.") {
			t.Fatalf("answers go to %s", to)
		}
		hands(to, mail(to, "4", "vic@example-mail.com", "The last one"))
		if said := n.said(t, cv); len(said) != 3 || len(in(second.ID)) != 1 {
			t.Errorf("his answer: %+v", said)
		}
	})
}

// What kind of account it is chooses mailbox, priority and promise only as the host signed it: what a visitor types or
// signs himself never does (P46, P90).
func TestRulesByAccount(t *testing.T) {
	eachDatabase(t, func(t *testing.T, c Config) {
		h := newSite(t)
		n := startNode(t, h.config(t, c))
		st, ctx := n.Service.Store, t.Context()
		sla := gateway.DefaultSLA(8 * time.Hour)
		fast := gateway.Targets{First: 2}
		sla.Classes = []gateway.ClassTargets{{Account: gateway.Account{Status: "past due"}, Targets: [3]gateway.Targets{fast, fast, fast}}}
		n.box.Host, n.box.SLA = "shop", &sla
		var err error
		if n.box, _, err = st.SaveMailbox(ctx, n.box, gateway.System(), time.Now()); err != nil {
			t.Fatal(err)
		}
		second := n.secondBox(t, "shop")
		admin := n.desk(t, "ada", gateway.RoleAdmin)
		admin.ok("PUT", "/v1/rules", map[string]any{"mark": "", "rules": []any{
			map[string]any{"name": "paying late", "class": []string{"plus"}, "status": []string{"past due"}, "priority": 1},
			map[string]any{"name": "leaving", "status": []string{"ending"}, "mailbox": second.ID},
		}})
		got := admin.ok("POST", "/v1/rules/test", map[string]any{"mailbox": n.box.ID, "channel": "chat", "class": "basic", "status": "ending", "text": "x"})
		if got["rule"] != 1.0 || got["mailbox"] != string(second.ID) {
			t.Errorf("fires: %v", got)
		}
		for _, v := range []struct {
			name     string
			says     map[string]any // nil = no token
			box      gateway.ID
			priority gateway.Priority
			first    int // minutes
		}{
			{"past due", map[string]any{"class": "plus", "status": "past due"}, n.box.ID, gateway.High, 2},
			{"past due, another class", map[string]any{"class": "basic", "status": "past due"}, n.box.ID, gateway.Medium, 2},
			{"ending", map[string]any{"class": "plus", "status": "ending"}, second.ID, gateway.Medium, 15},
			{"status not told", map[string]any{"class": "plus"}, n.box.ID, gateway.Medium, 15},
			{"nobody signed", nil, n.box.ID, gateway.Medium, 15},
		} {
			vic := n.visitor(t)
			if v.says != nil {
				vic.ok("identify", map[string]any{"token": h.sessionOf(t, "u-vic", v.says)})
			} else { // his own key
				mine := newSite(t)
				mine.audience = h.audience
				vic.refused("unauthenticated", "identify", map[string]any{"token": mine.sessionOf(t, "u-vic", map[string]any{"status": "past due"})})
			}
			got := vic.ok("conversation.start", map[string]any{
				"command_id": "s", "client_id": "m", "text": "class: plus, status: past due", "ticket": true, "name": "past due", "email": "plus@shop.test",
			})
			cv := gateway.ID(got["conversation"].(map[string]any)["id"].(string))
			is, err := st.Conversation(ctx, cv)
			if err != nil {
				t.Fatal(err)
			}
			clocks, err := st.Clocks(ctx, []gateway.ID{cv})
			if err != nil {
				t.Fatal(err)
			}
			if is.Mailbox != v.box || is.Priority != v.priority || clocks[cv].Promise.First != v.first {
				t.Errorf("%s: %s, priority %d, first answer %d min", v.name, is.Mailbox, is.Priority, clocks[cv].Promise.First)
			}
		}
		vic := n.visitor(t)
		for _, bad := range []any{7, strings.Repeat("x", 65), "a\x00b"} {
			vic.refused("unauthenticated", "identify", map[string]any{"token": h.sessionOf(t, "u-vic", map[string]any{"status": bad})})
		}
	})
}
