package sqlstore

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/verifytest"
)

// ledgerUnderTest adds the switches of the suite to the ledger.
type ledgerUnderTest struct {
	*Ledger
	t *testing.T
}

func (l *ledgerUnderTest) SetClock(now func() time.Time) { l.now = now }

func (l *ledgerUnderTest) PutConversation(c verify.Conversation) {
	l.t.Helper()
	for _, q := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO mailboxes (id, slug, name, data, version) VALUES ('mb_1','help','Help','{}',1) ON CONFLICT DO NOTHING`, nil},
		{strings.Replace(qInsertConvo, "ON CONFLICT (visitor, command_id) WHERE command_id <> ''", "ON CONFLICT", 1), []any{
			c.ID, "mb_1", c.Visitor, "chat", "active", "", "", 0, "", "ag_1", "", 0, 0, 1, 1, false, ms(c.Started), 0, 0, 0, 0, 0,
			"", "", 0, "", c.Browser, "", "{}", 0, "", 0, 2, "", false, "", "", 0, 0, 0, c.ID, "",
		}},
		{`UPDATE conversations SET status = $2, assignee = $3, frozen = $4 WHERE id = $1`, []any{c.ID, status(c), c.Assignee, c.Frozen}},
	} {
		if _, err := l.s.write.ExecContext(context.Background(), q.text, q.args...); err != nil {
			l.t.Fatal(err)
		}
	}
}

func status(c verify.Conversation) string {
	switch {
	case !c.Open:
		return "closed"
	case c.Assignee == "":
		return "queued"
	}
	return "active"
}

func TestLedgerSQLite(t *testing.T) {
	verifytest.Ledger(t, func(t *testing.T) verifytest.Store { return &ledgerUnderTest{openSQLite(t).Ledger(), t} })
}

func TestLedgerPostgres(t *testing.T) {
	verifytest.Ledger(t, func(t *testing.T) verifytest.Store { return &ledgerUnderTest{openPostgres(t).Ledger(), t} })
}

func TestTheEndOfAConversationRevokesItsChanges(t *testing.T) {
	for name, s := range map[string]*Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		for end, do := range map[string]func(w *gatewaytest.World, id gateway.ID) error{
			"closed": func(w *gatewaytest.World, id gateway.ID) error {
				_, err := s.CloseConversation(w.Context(), id, gateway.System(), gateway.Resolved, "", w.Now())
				return err
			},
			"ticket": func(w *gatewaytest.World, id gateway.ID) error {
				_, _, err := s.OpenTicket(w.Context(), id, gateway.System(), "s", "agent", w.Now())
				return err
			},
			"missed": func(w *gatewaytest.World, id gateway.ID) error {
				_, err := s.Miss(w.Context(), id, 1, "deadline", "s", w.Now())
				return err
			},
		} {
			t.Run(name+" "+end, func(t *testing.T) { revokes(t, s, end, do) })
		}
	}
}

func revokes(t *testing.T, s *Store, end string, do func(w *gatewaytest.World, id gateway.ID) error) {
	w := gatewaytest.JoinWorld(t, s, end)
	c := w.Start("hi")
	row := verify.Row{
		ID: "ch_" + end, Conversation: string(c.ID), State: verify.Draft, Version: 1,
		Change: verify.Change{V: "1", Kind: "plan.change", Base: "*"}, ExpiresAt: ms(w.Now().Add(time.Hour)),
	}
	if err := s.Ledger().CreateDraft(t.Context(), verify.Step{Row: row, At: w.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := do(w, c.ID); err != nil {
		t.Fatal(err)
	}
	got, err := s.Ledger().Change(t.Context(), row.ID)
	if err != nil || got.State != verify.Revoked || got.Leaf < 1 {
		t.Errorf("change %s, leaf %d, %v", got.State, got.Leaf, err)
	}
}
