package gateway

import (
	"testing"
	"time"
)

func TestInactive(t *testing.T) {
	ago := func(h int) time.Time { return noon.Add(-time.Duration(h) * time.Hour) }
	rule := DefaultInactivity()
	for _, c := range []struct {
		name          string
		a             Agent
		unseen, lapse bool
	}{
		{"at work", Agent{Role: RoleAgent, ActiveAt: ago(1), HeldSince: ago(900)}, false, false},
		{"two days", Agent{Role: RoleAgent, ActiveAt: ago(48), HeldSince: ago(900)}, true, false},
		{"not quite", Agent{Role: RoleAgent, ActiveAt: ago(47), HeldSince: ago(900)}, false, false},
		{"never signed in", Agent{Role: RoleAgent, HeldSince: ago(49)}, true, false},
		{"just made, or opened again", Agent{Role: RoleAgent, ActiveAt: ago(900), HeldSince: ago(2)}, false, false},
		{"an absence runs", Agent{Role: RoleAgent, ActiveAt: ago(90), AwayFrom: ago(80), AwayUntil: ago(-5)}, false, false},
		{"an absence ended yesterday", Agent{Role: RoleAgent, ActiveAt: ago(900), AwayFrom: ago(800), AwayUntil: ago(24)}, false, false},
		{"an absence ended long ago", Agent{Role: RoleAgent, ActiveAt: ago(900), AwayFrom: ago(800), AwayUntil: ago(60)}, true, false},
		{"an absence lies ahead", Agent{Role: RoleAgent, ActiveAt: ago(90), AwayFrom: ago(-5), AwayUntil: ago(-50)}, true, false},
		{"marked", Agent{Role: RoleAgent, ActiveAt: ago(168), InactiveAt: ago(119)}, false, false},
		{"marked five days ago", Agent{Role: RoleAgent, ActiveAt: ago(168), InactiveAt: ago(120)}, false, true},
		{"marked, then absent", Agent{Role: RoleAgent, ActiveAt: ago(168), InactiveAt: ago(120), AwayFrom: ago(20), AwayUntil: ago(-20)}, false, false},
		{"marked, then something typed", Agent{Role: RoleAgent, ActiveAt: ago(3), InactiveAt: ago(120)}, false, false},
		{"disabled", Agent{Role: RoleAgent, ActiveAt: ago(900), InactiveAt: ago(800), DisabledAt: ago(600)}, false, false},
		{"an admin", Agent{Role: RoleAdmin, ActiveAt: ago(900)}, false, false},
		{"an editor answers nobody", Agent{Role: RoleEditor, ActiveAt: ago(900)}, false, false},
		{"a supervisor", Agent{Role: RoleSupervisor, ActiveAt: ago(900)}, true, false},
	} {
		if got := c.a.Unseen(rule, noon); got != c.unseen {
			t.Errorf("%s: unseen %v", c.name, got)
		}
		if got := c.a.Lapsed(rule, noon); got != c.lapse {
			t.Errorf("%s: lapsed %v", c.name, got)
		}
		if c.a.Unseen(Inactivity{}, noon) || c.a.Lapsed(Inactivity{}, noon) {
			t.Errorf("%s: the rule is off", c.name)
		}
	}
}
