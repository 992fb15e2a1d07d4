package sqlstore

import (
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/verify"
)

// Whoever proves his account in a conversation is reached again at the address that he gave there (P75).
func TestAProofRevivesAnAddress(t *testing.T) {
	for name, s := range map[string]*Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) {
			w := gatewaytest.JoinWorld(t, s, "proof")
			c, other := w.Start("hi"), w.Start("hi")
			for cv, address := range map[gateway.ID]string{c.ID: "Vic@home.example", other.ID: "eve@home.example"} {
				if _, err := s.SetEmail(t.Context(), cv, address, w.Now()); err != nil {
					t.Fatal(err)
				}
			}
			for _, address := range []string{"vic@home.example", "eve@home.example"} {
				if _, err := s.write.ExecContext(t.Context(), qMarkDead, address, "5.1.1", 1); err != nil {
					t.Fatal(err)
				}
			}
			row := verify.Row{
				ID: "ch_proof", Conversation: string(c.ID), State: verify.Draft, Version: 1,
				Change: verify.Change{V: "1", Kind: "plan.change", Base: "*"}, ExpiresAt: ms(w.Now().Add(time.Hour)),
			}
			if err := s.Ledger().CreateDraft(t.Context(), verify.Step{Row: row, At: w.Now()}); err != nil {
				t.Fatal(err)
			}
			row.State, row.Version = verify.Proven, 2
			if _, err := s.change(t.Context(), "prove", w.Now(), func(x *tx) error {
				return x.saveChange(verify.Step{Row: row, From: verify.Draft, FromVersion: 1, At: w.Now()})
			}); err != nil {
				t.Fatal(err)
			}
			known := deaths{}
			for address, want := range map[string]bool{"VIC@home.example": false, "eve@home.example": true} {
				if dead, err := known.of(t.Context(), s, address); err != nil || dead != want {
					t.Errorf("%s takes no mail: %v, %v", address, dead, err)
				}
			}
		})
	}
}
