package verifytest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

const agentID = "ag_01KAH0000000000000000000AG"

// opens walks a change to applied with a window in a conversation of its own.
func (b *bench) opens(n int) verify.Window {
	b.Helper()
	cv := fmt.Sprintf("cv_01KAH00000000000000000W%03d", n)
	b.talk(cv, agentID, false)
	r := b.of(n, func(r *verify.Row) { r.Conversation = cv }, verify.Offered, verify.Challenged, verify.Matched, verify.Proven, verify.Released)
	s := b.to(r, verify.Applied)
	w := verify.Window{
		Change: r.ID, Conversation: cv, Host: "shop", Subject: "u-vic", Until: b.at.Add(10 * time.Minute).UnixMilli(), Sealed: "sealed" + r.ID,
	}
	s.Window = &w
	if err := b.st.Advance(b.Context(), s); err != nil {
		b.Fatalf("Advance to applied: %v", err)
	}
	return w
}

func (b *bench) talk(cv, assignee string, over bool) {
	b.st.PutConversation(verify.Conversation{ID: cv, Open: !over, Visitor: "vi_01KAH0000000000000000000WW", Assignee: assignee, Started: Noon()})
}

// reading is a look of an agent at a moment; two windows an hour are his budget.
func (b *bench) reading(cv, agent string, at time.Time) verify.Reading {
	return verify.Reading{
		Conversation: cv, By: verify.Actor{Role: verify.Agent, ID: agent}, Policy: "policy", At: at, Max: 2, Since: at.Add(-time.Hour),
	}
}

// looked asserts what a look gives, and how many leaves it leaves.
func (b *bench) looked(name string, r verify.Reading, want verify.Reason, leaves int64) verify.Window {
	b.Helper()
	before := b.size()
	w, err := b.st.ReadWindow(b.Context(), r)
	if verify.ReasonOf(err) != want || want == "" && err != nil {
		b.Errorf("%s: %v, want %q", name, err, want)
	}
	if n := b.size() - before; n != leaves {
		b.Errorf("%s: %d leaves, want %d", name, n, leaves)
	}
	return w
}

func windowsShown(_ *testing.T, b *bench) {
	w := b.opens(1)
	if got := b.looked("the assigned agent", b.reading(w.Conversation, agentID, b.at), "", 1); got != w {
		b.Errorf("the window is %+v, want %+v", got, w)
	}
	b.looked("the same agent again", b.reading(w.Conversation, agentID, b.at), "", 1)
	b.looked("another agent", b.reading(w.Conversation, "ag_2", b.at), verify.ContextLocked, 0)
	b.looked("nobody", b.reading(w.Conversation, "", b.at), verify.ContextLocked, 0)
	b.looked("another conversation", b.reading(cvID, agentID, b.at), verify.ContextLocked, 0)
	b.looked("a conversation that is none", b.reading("cv_none", agentID, b.at), verify.ContextLocked, 0)
	b.looked("at its last moment", b.reading(w.Conversation, agentID, time.UnixMilli(w.Until-1)), "", 1)
	b.looked("at its end", b.reading(w.Conversation, agentID, time.UnixMilli(w.Until)), verify.ContextLocked, 0)
	b.talk(w.Conversation, "ag_2", false)
	b.looked("the former agent", b.reading(w.Conversation, agentID, b.at.Add(10*time.Minute-time.Second)), verify.ContextLocked, 0)
	if got := b.looked("his successor", b.reading(w.Conversation, "ag_2", b.at.Add(10*time.Minute-time.Second)), "", 1); got.Until != w.Until {
		b.Errorf("handed on, the window ends at %d, and was to end at %d", got.Until, w.Until)
	}
	b.talk(w.Conversation, "ag_2", true)
	b.looked("once it is over", b.reading(w.Conversation, "ag_2", b.at.Add(10*time.Minute-time.Second)), verify.ContextLocked, 0)
	b.audited()
}

func windowsEnd(t *testing.T, b *bench) {
	w, frozen, late := b.opens(1), b.opens(2), b.opens(3)
	c := b.of(9, func(r *verify.Row) { r.Conversation = frozen.Conversation }, verify.Offered, verify.Challenged, verify.Matched)
	b.walk(c, verify.Disowned)
	b.looked("after Not me", b.reading(frozen.Conversation, agentID, b.at), verify.ContextLocked, 0)
	rows, err := b.st.Kill(t.Context(), b.kill("one"))
	if err != nil || !slices.ContainsFunc(rows, func(r verify.Row) bool { return r.ID == w.Change && r.State == verify.Applied }) {
		t.Errorf("the kill gives %v, %v: without the change of the window", rows, err)
	}
	b.looked("after a kill of the subject", b.reading(w.Conversation, agentID, b.at), verify.ContextLocked, 0)
	b.looked("in another conversation too", b.reading(late.Conversation, agentID, b.at), verify.ContextLocked, 0)
	over := b.opens(4)
	for _, c := range []struct {
		now  time.Time
		want []string
	}{
		{time.UnixMilli(over.Until - 1), nil},
		{time.UnixMilli(over.Until), []string{over.Conversation}},
		{time.UnixMilli(over.Until), nil},
	} {
		if got, err := b.st.ShutWindows(t.Context(), c.now); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("shut at %v: %v, %v, want %v", c.now, got, err, c.want)
		}
	}
	b.looked("once it was shut, whatever the clock says", b.reading(over.Conversation, agentID, b.at), verify.ContextLocked, 0)
	b.audited()
}

func readBudgets(t *testing.T, b *bench) {
	one, two, three := b.opens(1), b.opens(2), b.opens(3)
	b.looked("the first", b.reading(one.Conversation, agentID, b.at), "", 1)
	b.looked("the second", b.reading(two.Conversation, agentID, b.at), "", 1)
	b.looked("the first again", b.reading(one.Conversation, agentID, b.at), "", 1)
	b.looked("the third", b.reading(three.Conversation, agentID, b.at), verify.ReadBudget, 1)
	b.looked("the third again", b.reading(three.Conversation, agentID, b.at), verify.ReadBudget, 0)
	b.looked("the first, once it is spent", b.reading(one.Conversation, agentID, b.at), verify.ReadBudget, 0)
	spent, err := b.st.SpentReads(t.Context())
	if err != nil || len(spent) != 1 || spent[0].Agent != agentID || !spent[0].At.Equal(b.at) {
		t.Errorf("spent: %v, %v", spent, err)
	}
	free := verify.Freeing{Agent: "ag_2", By: verify.Actor{Role: verify.Supervisor, ID: "ag_3"}, At: b.at.Add(time.Second)}
	if err := b.st.FreeReads(t.Context(), free); verify.ReasonOf(err) != verify.NotFound {
		t.Errorf("freed without need: %v", err)
	}
	free.Agent = agentID
	before := b.size()
	if err := b.st.FreeReads(t.Context(), free); err != nil || b.size() != before+1 {
		t.Errorf("freed: %v, %d leaves", err, b.size()-before)
	}
	at := b.at.Add(2 * time.Second)
	b.looked("the third, freed", b.reading(three.Conversation, agentID, at), "", 1)
	if spent, err := b.st.SpentReads(t.Context()); err != nil || len(spent) != 0 {
		t.Errorf("still spent: %v, %v", spent, err)
	}
	b.audited()
}

// audited asserts that log and changes agree.
func (b *bench) audited() {
	b.Helper()
	if r, err := verify.Audit(b.Context(), b.st); err != nil || len(r.Bad) > 0 {
		b.Errorf("audit: %v, %v", r.Bad, err)
	}
}
