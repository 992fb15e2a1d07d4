package gateway

import (
	"strings"
	"testing"
)

// Columns: trainee agent senior supervisor editor admin auditor.
const rights = `
read                   x x x x - x -
reply                  x x x x - x -
note                   x x x x - x -
escalate               x x x x - x -
availability           x x x x - x -
force                  - - - x - x -
change.draft           - x x x - - -
change.offer           - x x x - - -
change.offer_sensitive - - x x - - -
message.release        - - - x - - -
reads.free             - - - x - - -
passkeys               - - x x - x -
articles               - - - - x x -
replies                - x x x - x -
settings               - - - - - x -
settings.read          x x x x x x x
audit                  - - - x - x x
changes                - - - x - x x
audit.export           - - - - - - x
`

func TestAllowedCellByCell(t *testing.T) {
	roles := StaffRoles()
	seen := map[Verb]bool{}
	for line := range strings.Lines(strings.TrimSpace(rights)) {
		f := strings.Fields(line)
		verb := Verb(f[0])
		seen[verb] = true
		if len(f) != len(roles)+1 {
			t.Fatalf("%s: %d cells for %d roles", verb, len(f)-1, len(roles))
		}
		for i, r := range roles {
			if got, want := Allowed(r, verb), f[i+1] == "x"; got != want {
				t.Errorf("%s may %s: %v, want %v", r, verb, got, want)
			}
		}
	}
	for _, v := range Verbs() {
		if !seen[v] {
			t.Errorf("%s is not in the table", v)
		}
	}
	if len(seen) != len(Verbs()) {
		t.Errorf("%d verbs in the table, %d in the code", len(seen), len(Verbs()))
	}
}

func TestWhoAndWhatIsUnknownIsRefused(t *testing.T) {
	for _, v := range Verbs() {
		for _, r := range []Role{"", "owner", "Admin", RoleVisitor, RoleHost, RoleSystem} {
			if Allowed(r, v) {
				t.Errorf("%q may %s", r, v)
			}
		}
	}
	for _, v := range []Verb{"", "change.open", "change.finish", "change.apply", "Settings"} {
		for _, r := range StaffRoles() {
			if Allowed(r, v) {
				t.Errorf("%s may %q", r, v)
			}
		}
	}
}

func TestOnlyStaffAsksTheTable(t *testing.T) {
	agent := Caller{Actor: Actor{Role: RoleAgent, ID: "ag_01ARZ3NDEKTSV4RRFFQ69G5FAV"}}
	visitor := Caller{Actor: Actor{Role: RoleAgent, ID: "vi_01ARZ3NDEKTSV4RRFFQ69G5FAV"}}
	if err := agent.may(VerbReply); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{
		"a visitor with an agent's role": visitor.may(VerbReply),
		"an agent in the settings":       agent.may(VerbSettings),
		"nobody":                         Caller{}.may(VerbRead),
	} {
		if CodeOf(err) != "forbidden" {
			t.Errorf("%s: %v", what, err)
		}
	}
}
