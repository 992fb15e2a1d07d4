package verifytest

import (
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// coolsOn: a change that cools keeps its second approval, is due at its end, and goes on after the conversation's.
func coolsOn(t *testing.T, b *bench) {
	r := b.walk(b.draft(1), verify.Offered, verify.Challenged, verify.Matched, verify.Proven)
	s := b.to(r, verify.Cooling)
	s.Row.ExpiresAt = b.at.Add(72 * time.Hour).UnixMilli()
	s.Row.Cool = &verify.Cool{Receipt: verify.Minted{ID: "rc_1", JWS: "a.b.c", Exp: 7}, At: b.at.UnixMilli(), Until: b.at.Add(24 * time.Hour).UnixMilli()}
	if err := b.st.Advance(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	b.st.PutConversation(verify.Conversation{ID: cvID, Visitor: "vi_01KAH0000000000000000000VV", Assignee: "ag_01KAH0000000000000000000AG", Started: Noon()})
	r = s.Row
	s = b.to(r, verify.Cooling)
	s.Row.Cool = &verify.Cool{Receipt: r.Cool.Receipt, At: r.Cool.At, Until: r.Cool.Until, Second: verify.Actor{Role: verify.Supervisor, ID: "su1"}, SecondAt: b.at.UnixMilli()}
	s.Actor, s.Burns = s.Row.Cool.Second, []verify.Burn{{Use: verify.BurnSecond, Key: r.ID, Value: "su1"}}
	if err := b.st.Advance(t.Context(), s); err != nil {
		t.Fatalf("the second approval: %v", err)
	}
	got, err := b.st.Change(t.Context(), r.ID)
	if err != nil || got.State != verify.Cooling || got.Cool == nil || *got.Cool != *s.Row.Cool {
		t.Errorf("kept %+v, %v", got.Cool, err)
	}
	twice := b.to(s.Row, verify.Cooling)
	twice.Burns = s.Burns
	b.refused(b.st.Advance(t.Context(), twice), verify.ChangeState, s.Row, b.size())
	due, err := b.st.Due(t.Context(), b.at.Add(71*time.Hour), 10)
	wantIDs(t, "Due before its end", due, err)
	due, err = b.st.Due(t.Context(), b.at.Add(72*time.Hour), 10)
	wantIDs(t, "Due", due, err, r.ID)
	b.walk(s.Row, verify.Released)
}
